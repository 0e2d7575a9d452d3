/** All that can be done to a lab, in this process, as experiments and campaigns do it: real servers. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultLab, type RunningLab, startLab } from "../../src/lab/lab.js";
import { createLabDirectory } from "../../src/lab/leftovers.js";
import { podName, podPaths } from "../../src/lab/pod.js";
import { processesOf, readProcesses } from "../../src/lab/processes.js";
import type { MemberStatus } from "../../src/lab/status.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { until } from "./cli.js";

const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));
const all = [0, 1, 2];
let parent: string;
let place: { readonly name: string; readonly dir: string };
let lab: RunningLab;

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "lab-"));
  chmodSync(parent, 0o755);
  place = { name: "faults", dir: join(parent, "lab") };
  createLabDirectory(place, 0);
  lab = await startLab(
    place,
    {
      ...{ ...defaultLab, policy: "Parallel", network: "namespaces" },
      settings: { GALERA_FAILOVER: "fast" },
    },
    { clock, uid: 0, program, env: process.env, log: () => {} },
  );
  await whole();
});

afterAll(async () => {
  await lab?.abandon();
  rmSync(parent, { recursive: true });
});

function member(ordinal: number): MemberStatus {
  const found = lab.status().members[ordinal];
  if (found === undefined) throw new Error(`no ${podName(ordinal)}`);
  return found;
}

/** Waits until clients reach these members, and they are one cluster without others. */
async function whole(ordinals: readonly number[] = all) {
  const names = ordinals.map(podName);
  const isWhole = () => {
    const { ready } = lab.status();
    const sizes = ordinals.map((ordinal) => member(ordinal).clusterSize);
    return String(ready) === String(names) && sizes.every((size) => size === names.length);
  };
  const what = () => `${names} ready; there is ${JSON.stringify(lab.status().members)}`;
  await until(isWhole, what(), 50_000);
}

async function query(ordinal: number, sql: string) {
  const { socket } = podPaths(place, podName(ordinal));
  const connection = await createConnection({ socketPath: socket, user: "root" });
  try {
    return await connection.query(sql);
  } finally {
    connection.destroy();
  }
}

/** The member that the clients' endpoint leads to. */
async function reached(): Promise<string> {
  const [host = "", port] = lab.status().clients.split(":");
  const connection = await createConnection({
    ...{ host, port: Number(port), user: "root", connectTimeout: 2000 },
  });
  const [row] = await connection.query("SELECT @@wsrep_node_name AS name");
  connection.destroy();
  return row.name;
}

const happened = (name: string, kind: string) =>
  lab.events().filter((event) => event.member === name && event.kind === kind).length;

test("begun all at once: one cluster, with the sidecars up before the servers", async () => {
  for (const name of all.map(podName)) {
    const started = lab
      .events()
      .filter((event) => event.member === name && event.kind === "started")
      .map(({ data }) => data?.container);
    expect(started).toEqual(["agent", "mariadb"]);
  }
  await query(0, "CREATE DATABASE d");
  await query(0, "CREATE TABLE d.t (a INT PRIMARY KEY)");
});

test("paused: the others go on without it; resumed, it is there again by itself", async () => {
  const before = member(1).pid;
  await lab.perform({ kind: "pause", members: [1] });
  expect(member(1).phase).toBe("Paused");
  await whole([0, 2]);
  await query(0, "INSERT INTO d.t VALUES (1)");
  await lab.perform({ kind: "resume", members: [1] });
  await whole();
  expect(member(1)).toMatchObject({ pid: before, phase: "Running" });
});

test("cut off: it is not primary, the others are, and the lab still reaches it", async () => {
  await lab.perform({ kind: "partition", sides: [[0]], node: false });
  await until(() => member(0).wsrepComponent === "non-Primary", "galera-0 without a majority");
  await whole([1, 2]);
  expect(member(0).why).toContain("not primary");
  await expect(query(0, "INSERT INTO d.t VALUES (2)")).rejects.toThrow("WSREP");
  await query(1, "INSERT INTO d.t VALUES (2)");
  expect(["galera-1", "galera-2"]).toContain(await reached());
});

test("its node cut off: DNS does not answer it either, until the network is whole", async () => {
  const before = await failedLookups(0);
  await lab.perform({ kind: "partition", sides: [[0]], node: true });
  await until(async () => (await failedLookups(0)) > before, "a look-up that failed");
  await lab.perform({ kind: "heal" });
  await whole();
});

async function failedLookups(ordinal: number): Promise<number> {
  const reply = await fetch(`http://${member(ordinal).address}:4569/metrics`);
  const count = /^galera_peers_dns_lookups_total\{outcome="failed"\} (\d+)$/m;
  return Number(count.exec(await reply.text())?.[1]);
}

test("a disk is lost: a new pod at another address gets everything", async () => {
  const { address, incarnation } = member(2);
  await lab.perform({ kind: "disk-loss", members: [2] });
  await until(() => member(2).incarnation > incarnation, "another pod");
  await whole();
  expect(member(2).address).not.toBe(address);
  expect(await query(2, "SELECT COUNT(*) AS n FROM d.t")).toEqual([{ n: 2n }]);
});

test("stopped, and scaled to less: they stay away, and come back", async () => {
  await lab.perform({ kind: "stop", members: [1] });
  await lab.perform({ kind: "scale", replicas: 2 });
  await whole([0]);
  await until(() => member(1).phase === "Pending", "galera-1 without a pod");
  await until(() => lab.status().members.length === 2, "no galera-2");
  await lab.perform({ kind: "start", members: [1] });
  await lab.perform({ kind: "scale", replicas: 3 });
  await whole();
});

test("an outage: all are killed at once, and come back without a human", async () => {
  const before = all.map((ordinal) => member(ordinal).incarnation);
  await lab.perform({ kind: "outage" });
  await until(() => lab.status().ready.length === 0, "nobody ready");
  await whole();
  expect(all.map((ordinal) => member(ordinal).incarnation)).toEqual(before);
  expect(all.map(podName).map((name) => happened(name, "signal"))).toEqual([1, 1, 1]);
  expect(await query(1, "SELECT COUNT(*) AS n FROM d.t")).toEqual([{ n: 2n }]);
});

test("down: nothing is left, not even the network, also of what was paused", async () => {
  const [, block] = /^198\.18\.(\d+)\./.exec(lab.status().clients) ?? [];
  const links = () => execFileSync("ip", ["-o", "link"], { encoding: "utf8" });
  const own = new RegExp(`\\bgplab${block}\\b`);
  expect(links()).toMatch(own);
  await lab.perform({ kind: "pause", members: [0] });
  await lab.down();
  await lab.over;
  const gone = lab.events().filter(({ kind }) => kind === "removed");
  expect(gone.slice(-3).map(({ member }) => member)).toEqual(all.map(podName).toReversed());
  expect(processesOf([place.dir], readProcesses())).toEqual([]);
  await until(() => !own.test(links()), "no link of the lab");
});
