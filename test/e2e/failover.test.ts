/**
 * What a client behind a Service sees of a deletion, a crash and a pause, with the failover profiles on
 * real servers. How long it takes is measured by `scripts/bench failover`.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { podOrdinal } from "../../src/lab/pod.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { signalProcess } from "../../src/system/proc.js";
import { type Service, startService } from "../service/service.js";
import { type Cluster, createCluster, until } from "./cluster.js";
import { deletePod } from "./pod-deletion.js";
import { type SteadyClient, startSteadyClient } from "./steady-client.js";

const all = [0, 1, 2];
const block = 86;
const host = `127.0.${block}.100`;
const env = { GALERA_AGENT_KEY: "a key that the members share" };
let cluster: Cluster;
let service: Service;
let client: SteadyClient;

beforeAll(async () => {
  const shared = { GALERA_REPLICAS: "3", GALERA_FAILOVER: "fast", ...env };
  cluster = await createCluster({ block, env: shared, sidecars: true });
  await cluster.found(all);
  service = await startService({
    ...{ host, port: 0, memberPort: 3306, agentPort: 4569, periodMs: 1000, clock },
    members: () => all.map(cluster.address),
  });
  await allReady();
  client = startSteadyClient({
    ...{ host, port: service.port },
    acknowledged: (id) => cluster.acknowledged.add(id),
  });
});
afterAll(async () => {
  await client?.end();
  await service?.close();
  await cluster?.close();
});

async function allReady(): Promise<void> {
  const what = () => `all members ready; there are ${service.ready()}\n${cluster.tails()}`;
  await until(() => service.ready().length === all.length, what, 30_000);
}

/** The member that the client is connected to, once it writes again. */
async function itsMember(): Promise<number> {
  return until(
    () => podOrdinal(client.member() ?? ""),
    () => "the client to be connected",
    30_000,
  );
}

/** Waits for writes that begin from now on. */
async function writesOn(): Promise<void> {
  const before = cluster.acknowledged.size;
  const what = () => `the client to write\n${cluster.tails()}`;
  await until(() => cluster.acknowledged.size > before + 5, what, 60_000);
}

function others(member: number): number[] {
  return all.filter((i) => i !== member);
}

/** What Galera counts changes of the membership by. */
async function changes(i: number): Promise<number> {
  const [row] = await cluster.sql(i, "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_conf_id'");
  return Number(row.Value);
}

test("the profile is what the servers run with", async () => {
  for (const i of all) {
    const [row] = await cluster.sql(i, "SHOW GLOBAL VARIABLES LIKE 'wsrep_provider_options'");
    expect(row.Value).toMatch(/evs\.suspect_timeout = PT2S;/);
    expect(row.Value).toMatch(/evs\.keepalive_period = PT0\.2S;/);
  }
});

test("the client's member is deleted: with one retry, no write fails", async () => {
  await writesOn();
  client.look();
  const deleted = await itsMember();
  await deletePod(cluster, deleted, { block, env: { ...env, GALERA_DRAIN_DELAY: "3s" } });
  await cluster.allSynced(others(deleted));
  await writesOn();
  const { failed, retried } = client.look();
  expect(failed).toEqual([]);
  expect(retried).toBeGreaterThan(0); // it was the client's
  expect(await itsMember()).not.toBe(deleted);
  cluster.start(deleted);
  await cluster.allSynced(all);
  await allReady();
});

test("the client's member is killed: the others go on without it", async () => {
  const killed = await itsMember();
  await cluster.kill(killed);
  await cluster.allSynced(others(killed));
  await writesOn();
  expect(await itsMember()).not.toBe(killed);
  cluster.start(killed);
  await cluster.allSynced(all);
  await allReady();
});

test("with all processors busy, a member that stands still for a second is not given up", async () => {
  const busy = Array.from({ length: availableParallelism() }, () =>
    spawn("sh", ["-c", "while :; do :; done"]),
  );
  try {
    // This process stands still too, now and then: a pause that became longer shows nothing.
    for (let isLong = true; isLong; ) {
      const before = await Promise.all(all.map(changes));
      const pausedMs: number[] = [];
      for (const i of all) pausedMs.push(await pause(i, 1000));
      await writesOn();
      await cluster.allSynced(all);
      isLong = Math.max(...pausedMs) > 1400;
      if (!isLong) expect(await Promise.all(all.map(changes))).toEqual(before);
    }
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
});

test("nothing is lost that the client was told is written", async () => {
  await client.end();
  expect((await cluster.verify(all)).rows).toBeGreaterThan(50);
});

/**
 * A server's process stands still for so long, as in a live migration of its machine.
 *
 * @returns for how long it did
 */
async function pause(i: number, ms: number): Promise<number> {
  const pid = cluster.pid(i);
  if (pid === undefined) throw new Error(`galera-${i} is not up`);
  const sinceMs = clock.now();
  signalProcess(pid, "SIGSTOP");
  await clock.sleep(ms);
  signalProcess(pid, "SIGCONT");
  const pausedMs = clock.now() - sinceMs;
  await clock.sleep(500); // all have heard it again
  return pausedMs;
}
