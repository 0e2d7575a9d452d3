/** The sidecar's own life beside real servers: it is killed, comes back, and reads its key again. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askReport } from "../../src/agent/http/ask.js";
import { podName } from "../../src/lab/pod.js";
import { commandLine } from "../../src/system/proc.js";
import { type Cluster, createCluster, never, quick, until } from "./cluster.js";

const all = [0, 1];
const first = "the first key of the members";
const second = "the second key of the members";
const well = { state: { phase: { kind: "running", primary: true } }, readiness: { ok: true } };
const { signal } = new AbortController();

const directory = mkdtempSync(join(tmpdir(), "galera-peers-key-"));
const keyFile = join(directory, "key");
let cluster: Cluster;

beforeAll(async () => {
  chmodSync(directory, 0o755); // the agents give root up
  writeFileSync(keyFile, `${first}\n`);
  const env = { GALERA_AGENT_KEY_FILE: keyFile, GALERA_REPLICAS: "2" };
  cluster = await createCluster({ block: 78, provider: quick, sidecars: true, env });
  await cluster.found(all);
});

afterAll(async () => {
  await cluster.close();
  rmSync(directory, { recursive: true });
});

/** What a member's agent tells to whom has this key: its report, or why that cannot be had. */
async function told(i: number, key = first) {
  const place = { name: podName(i), address: cluster.address(i), port: 4569 };
  const answer = await askReport({ ...place, key, nonce: `${Math.random()}`.slice(2), signal });
  return answer.kind === "told" ? answer.told : answer.what;
}

const isWell = (i: number, key?: string) =>
  expect.poll(() => told(i, key), { timeout: 15_000 }).toMatchObject(well);
const says = (i: number, what: string) =>
  expect.poll(() => told(i), { timeout: 15_000 }).toBe(what);

test("a kill -9 of the agent does not disturb its server, and it goes on from its ledger", async () => {
  await isWell(1);
  const server = cluster.pid(1);
  const clients = cluster.keepWriting(all);
  await cluster.killAgent(1);
  await never(() => expect(cluster.pid(1)).toBe(server), 2000);
  expect(await cluster.status(1)).toMatchObject({ state: "Synced", size: 2, primary: true });
  expect(await told(1)).toBe("its agent: connection refused");
  cluster.startAgent(1);
  await isWell(1);
  expect(await told(1)).toMatchObject({
    state: { ledger: { view: { members: ["galera-0", "galera-1"] } } },
  });
  await clients.end();
  expect(cluster.pid(1)).toBe(server);
  await cluster.verify(all);
});

test("SIGHUP: another key is taken over, one that cannot be one is not", async () => {
  const agent = cluster.agentPid(0);
  writeFileSync(keyFile, `${second}\n`);
  process.kill(agent as number, "SIGHUP");
  await says(0, "its agent has another GALERA_AGENT_KEY than I");
  await isWell(0, second);
  writeFileSync(keyFile, "short\n");
  process.kill(agent as number, "SIGHUP");
  const refused =
    /SIGHUP: everything stays as it was: GALERA_AGENT_KEY_FILE: a key has at least 16/;
  await until(
    () => refused.test(cluster.log(0)),
    () => cluster.log(0),
    5000,
  );
  await isWell(0, second);
  expect(cluster.agentPid(0)).toBe(agent);
  writeFileSync(keyFile, `${first}\n`);
  process.kill(agent as number, "SIGHUP");
  await isWell(0);
  for (const i of all) expect(cluster.log(i)).not.toMatch(new RegExp(`${first}|${second}|short`));
});

test("SIGTERM ends it within a second; the server goes on", async () => {
  const server = cluster.pid(0);
  const pid = cluster.agentPid(0) as number;
  process.kill(pid, "SIGTERM");
  await until(
    () => !commandLine(pid).includes("agent"),
    () => "the agent's end",
    1000,
  );
  expect(await told(0)).toBe("its agent: connection refused");
  expect(cluster.pid(0)).toBe(server);
  expect(await cluster.status(0)).toMatchObject({ state: "Synced", primary: true });
});
