/** How members leave, with real servers: `galera-peers drain`, then the runtime's SIGTERM. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podProcess } from "../../src/lab/pod.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { runCli, startCli } from "./cli.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";

const all = [0, 1, 2];
const block = 75;
/** What all members' containers have: with a key, agents may ask their servers over SQL. */
const env = { GALERA_REPLICAS: "3", GALERA_AGENT_KEY: "a key that the members share" };
let cluster: Cluster;

/** What a preStop hook of this member has as its environment. */
function podEnv(i: number, limits: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { dir, dns } = cluster;
  const lab = { name: "proof", dir };
  const template = { lab, block, dns: `${dns.host}:${dns.port}`, args: [], env: process.env };
  const pod = podProcess(template, i).env;
  return { ...pod, ...env, POD_IP: cluster.address(i), GALERA_DRAIN_DELAY: "0", ...limits };
}

/** `galera-peers drain` of a member, to its end. */
async function drain(i: number, limits: Readonly<Record<string, string>> = {}) {
  const startedMs = clock.now();
  const { exitCode, stderr } = await runCli("galera-peers", ["drain"], { env: podEnv(i, limits) });
  return { exitCode, stderr, ms: clock.now() - startedMs };
}

/** What kubelet does to a pod that is deleted. */
async function leave(i: number, limits?: Readonly<Record<string, string>>) {
  const drained = await drain(i, limits);
  const stoppedMs = clock.now();
  await cluster.stop(i);
  return { ...drained, stoppedMs };
}

/**
 * A client that writes to one member, and once more to another one where that fails; it goes to whom
 * it has not found gone.
 */
function writing(members: readonly number[]) {
  const failed: string[] = [];
  let going = true;
  let written = 0;
  let alive = [...members];
  const write = async (i: number, id: number): Promise<unknown> => {
    try {
      await cluster.sql(i, `INSERT IGNORE INTO proof.written VALUES (${id}, ${i}, 'x')`);
      return undefined;
    } catch (error) {
      alive = alive.filter((one) => one !== i);
      return error;
    }
  };
  const loop = async () => {
    for (let id = 1_000_000 + Math.floor(clock.now()) * 1000; going && alive.length > 0; id += 1) {
      const [one = 0, other = one] = alive;
      const error = (await write(one, id)) && (await write(other, id));
      if (error !== undefined) failed.push(`${id}: ${error}`);
      else {
        cluster.acknowledged.add(id);
        written += 1;
      }
      alive.push(...alive.splice(0, 1)); // in turn
    }
  };
  const ended = loop();
  return {
    failed,
    written: () => written,
    end: async () => {
      going = false;
      await ended;
    },
  };
}

/** Whether a member is ever in a component that is not primary. */
function watching(i: number) {
  let isLost = false;
  let going = true;
  const loop = async () => {
    while (going) {
      isLost ||= (await cluster.status(i))?.primary === false;
      await clock.sleep(50);
    }
  };
  const ended = loop();
  return {
    end: async () => {
      going = false;
      await ended;
      return isLost;
    },
  };
}

function grastate(i: number): string {
  return readFileSync(join(cluster.paths(i).datadir, "grastate.dat"), "utf8");
}

describe.each([
  ["quick", quick],
  ["default", ""],
])("Galera's time-outs: %s", (_, provider) => {
  beforeAll(async () => {
    cluster = await createCluster({ block, env, provider, sidecars: true });
    await cluster.found(all);
  });
  afterAll(() => cluster.close());

  test("all at once, under a client that writes: in turn, and the next start needs no recovery", async () => {
    const { epoch } = await cluster.verify();
    const client = writing(all);
    const left: number[] = [];
    const results = await Promise.all(
      all.map(async (i) => {
        const drained = await drain(i, { GALERA_DRAIN_DELAY: "2s" }); // by then all have begun
        left.push(i);
        const before = (await cluster.status(i))?.primary;
        if (i === 0) await client.end();
        await cluster.stop(i);
        return { before, ...drained };
      }),
    );
    expect(left).toEqual([2, 1, 0]);
    for (const { exitCode, before, stderr } of results) {
      expect({ exitCode, before, stderr }).toEqual({
        exitCode: 0,
        before: true,
        stderr: expect.not.stringContaining("[warn]"),
      });
    }
    expect(client.failed).toEqual([]);
    expect(client.written()).toBeGreaterThan(0);
    expect(grastate(0)).toMatch(/safe_to_bootstrap: 1/);
    for (const i of all) expect(grastate(i)).not.toMatch(/seqno: *-1/);
    for (const i of all) cluster.start(i);
    expect(await cluster.verify()).toMatchObject({ epoch: epoch + 1 });
    expect(all.filter(cluster.founded)).toEqual([0]);
    expect(all.filter((i) => /--wsrep-recover/.test(cluster.log(i)))).toEqual([]);
  });

  test("one is killed, and another one leaves at once: the third stays primary", async () => {
    await cluster.heal(all);
    await cluster.killServer(2);
    const third = watching(0);
    const { exitCode, stderr } = await leave(1);
    await clock.sleep(1000);
    expect(await third.end()).toBe(false);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/waiting for the cluster to notice that galera-2 /);
    expect(await cluster.status(0)).toMatchObject({ primary: true, size: 1, state: "Synced" });
    for (const i of [1, 2]) cluster.start(i);
    await cluster.verify();
  });
});

describe("what keeps a member from leaving", () => {
  beforeAll(async () => {
    // A state transfer takes some seconds.
    const rsyncMiBps = 24;
    cluster = await createCluster({ block, env, provider: quick, sidecars: true, rsyncMiBps });
    await cluster.found(all);
  });
  afterAll(() => cluster.close());

  test("a state transfer that it gives is finished first", async () => {
    await cluster.heal(all);
    await cluster.writeBulk(0, 64);
    await cluster.stop(2);
    cluster.wipe(2);
    cluster.start(2);
    const donor = await until(
      async () => {
        for (const i of [0, 1]) {
          if ((await cluster.status(i))?.state === "Donor/Desynced") return { i };
        }
        return undefined;
      },
      () => "a donor",
      30_000,
    );
    const { exitCode, stderr } = await leave(donor.i);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/waiting for the state transfer that my server gives/);
    expect(cluster.restarts(2)).toBe(0);
    cluster.start(donor.i);
    await cluster.verify();
  });

  test("one that never leaves holds up the others until their time is up", async () => {
    await cluster.heal(all);
    expect(await drain(2)).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr, ms } = await leave(1, { GALERA_DRAIN_TIMEOUT: "3s" });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/\[info\] .* waiting for galera-2 to leave first/);
    expect(stderr).toMatch(/\[warn\] .* the time is up, without waiting for galera-2 to leave/);
    expect(ms).toBeGreaterThan(2900);
    expect(ms).toBeLessThan(5000);
    cluster.start(1);
    await cluster.stop(2);
    cluster.start(2);
    await cluster.verify();
    // Another server has begun: nothing is left of the drain.
    expect(await leave(1)).toMatchObject({
      exitCode: 0,
      stderr: expect.not.stringMatching(/warn/),
    });
    cluster.start(1);
    await cluster.verify();
  });

  test("a member whose agent is gone holds nobody up", async () => {
    await cluster.heal(all);
    await cluster.killAgent(2);
    const { exitCode, stderr, ms } = await leave(1);
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/warn/);
    expect(ms).toBeLessThan(3000);
    cluster.startAgent(2);
    cluster.start(1);
    await cluster.verify();
  });

  test("without its own agent: 69 in one line", async () => {
    await cluster.heal(all);
    await cluster.killAgent(1);
    const { exitCode, stderr } = await drain(1);
    expect(exitCode).toBe(69);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/waiting for the agent, which does not answer/),
      expect.stringMatching(/^galera-peers: no agent on 127.0.75.2:4569 \(connection refused\): /),
    ]);
    cluster.startAgent(1);
    await cluster.verify();
  });

  test("its agent is killed meanwhile: the next one goes on", async () => {
    await cluster.heal(all);
    const startedMs = clock.now();
    const leaving = leave(1, { GALERA_DRAIN_DELAY: "4s" });
    await cluster.says(1, /draining: waiting for clients to go/);
    await clock.sleep(1500);
    await cluster.killAgent(1);
    await clock.sleep(500);
    cluster.startAgent(1);
    const { exitCode, stderr, stoppedMs } = await leaving;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/the server may be ended: it is my turn/);
    expect(stoppedMs - startedMs).toBeGreaterThan(3900);
    expect(stoppedMs - startedMs).toBeLessThan(6500);
    cluster.start(1);
    await cluster.verify();
  });

  test("SIGTERM ends the command with 143 within a second, and the member goes on draining", async () => {
    await cluster.heal(all);
    const env = podEnv(1, { GALERA_DRAIN_DELAY: "3s" });
    const { child, ended } = startCli("galera-peers", ["drain"], env);
    await cluster.says(1, /draining: waiting for clients to go/);
    const startedMs = clock.now();
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 143 });
    expect(clock.now() - startedMs).toBeLessThan(1000);
    await cluster.says(1, /drained: it is my turn/);
    await cluster.stop(1);
    cluster.start(1);
    await cluster.verify();
  });
});
