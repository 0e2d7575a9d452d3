/** A few rounds of the chaos campaign, and that its checks see what is wrong with real servers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { containerMark, markOf, podName, podPaths } from "../../src/lab/pod.js";
import { awaitWhole, endEra, fillEra, type RunningEra, startEra } from "../chaos/era.js";
import { findSplit } from "../chaos/judge.js";
import type { RoundPlan, Step } from "../chaos/plan.js";
import { playRound } from "../chaos/round.js";
import { constantSum } from "../chaos/schema.js";
import { withSession } from "../chaos/session.js";

let parent: string;
let era: RunningEra;

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "chaos-"));
  chmodSync(parent, 0o755);
  const how = { policy: "Parallel", failover: "fast" } as const;
  era = await startEra({ parent, number: 1, ...how, oldWay: false });
  expect(await awaitWhole(era, 60_000)).toBeDefined();
  await fillEra(era);
  era.uuid = era.watcher.latest()?.views[0]?.uuid;
});

afterAll(async () => {
  if (era !== undefined) await endEra(era);
  rmSync(parent, { recursive: true });
});

const now = { kind: "after", ms: 0 } as const;

async function play(kind: string, limitMs = 60_000, ...steps: readonly Step[]) {
  const plan: RoundPlan = {
    ...{ seed: 1, round: 2, kinds: [kind], policy: era.policy, failover: era.failover },
    ...{ newCluster: false, outage: true, dns: false, steps },
  };
  return playRound(era, plan, limitMs);
}

test("an outage whose founder is killed: all that was acknowledged is there, on everybody", async () => {
  const result = await play(
    "outage, founder killed",
    60_000,
    { when: now, act: { kind: "outage" } },
    {
      when: { kind: "role", role: "founder", thenMs: 100, withinMs: 40_000 },
      act: { kind: "kill-role", container: "mariadb" },
    },
  );
  expect(result.findings).toEqual([]);
  expect(result.timeline.join("\n")).toMatch(/ galera-\d SIGKILL to mariadb$/m);
  expect(result.allDown).toBe(true);
  expect(result.counts.acknowledged).toBeGreaterThan(20);
  expect(result.counts.compared).toBeGreaterThan(5);
  expect(result.recoveryMs).toBeGreaterThan(0);
});

test("a lost disk: its joiner is killed in the SST", async () => {
  const result = await play(
    "joiner killed",
    60_000,
    { when: now, act: { kind: "disk-loss", members: [1] } },
    {
      when: { kind: "role", role: "joiner", thenMs: 100, withinMs: 40_000 },
      act: { kind: "kill-role", container: "all" },
    },
  );
  expect(result.findings).toEqual([]);
  expect(result.timeline.join("\n")).toMatch(/ galera-1 SIGKILL to agent and mariadb$/m);
  expect(result.allDown).toBe(false);
});

test("one that stood still meets one whose component went on without it, and then lost quorum", async () => {
  const { findings, recoveryMs } = await play(
    "pause, kill",
    60_000,
    { when: now, act: { kind: "pause", members: [0] } },
    {
      when: { kind: "after", ms: 5600 },
      act: { kind: "kill", members: [1], container: "mariadb", signal: "SIGKILL" },
    },
    { when: { kind: "after", ms: 6900 }, act: { kind: "resume", members: [0] } },
  );
  expect(findings).toEqual([]);
  expect(recoveryMs).toBeLessThan(60_000);
});

test("two that have lost each other and the third know each other when they meet again", async () => {
  const { findings, recoveryMs } = await play(
    "partition, kill",
    60_000,
    { when: now, act: { kind: "partition", sides: [[0], [1], [2]], node: false } },
    { when: now, act: { kind: "kill", members: [1], container: "all", signal: "SIGKILL" } },
    { when: { kind: "after", ms: 9000 }, act: { kind: "heal" } },
  );
  expect(findings).toEqual([]);
  expect(recoveryMs).toBeLessThan(60_000);
  const log = readFileSync(podPaths(era.place, podName(0)).log, "utf8");
  expect(log).toMatch(/^\t\d: \S+, unspecified$/m); // Galera has not told who it is
});

async function ask(ordinal: number, ...statements: readonly string[]): Promise<void> {
  const { socket } = podPaths(era.place, podName(ordinal));
  await withSession({ path: socket }, 10_000, async (session) => {
    for (const statement of statements) await session.query(statement);
  });
}

/** Without telling the others. */
const alone = (ordinal: number, statement: string) =>
  ask(ordinal, "SET SESSION wsrep_on = OFF", statement);

test("a round tells all that is wrong after it", async () => {
  const { uuid } = era;
  expect([...era.records.rows].length).toBeGreaterThan(10);
  expect([...era.records.transfers].length).toBeGreaterThan(10);
  const row = Math.min(...era.records.rows);
  await alone(2, `DELETE FROM chaos.written WHERE id = ${row}`);
  await ask(0, "UPDATE chaos.accounts SET balance = balance + 1 WHERE id = 1");
  era.records.acknowledged("transfer", 1_000_000);
  era.uuid = "6a6ea9ba-0000-11f0-8000-000000000001";
  const mark = markOf(era.place, podName(0), "mariadb");
  const env = { PATH: process.env.PATH, [containerMark]: mark };
  const child = spawn("sleep", ["60"], { env, stdio: "ignore", detached: true });
  try {
    const { findings, lost, recoveryMs } = await play("nothing");
    const texts = findings.map(({ kind, text }) => `${kind}: ${text}`);
    for (const what of [
      /^two clusters: .*, and the cluster was 6a6ea9ba-0000-11f0/,
      new RegExp(`^lost row: galera-2 lacks 1 of \\d+ acknowledged rows: ${row}$`),
      /^lost row: galera-1 lacks 1 of \d+ acknowledged transfers: 1000000$/,
      new RegExp(`^sum: the accounts of galera-0 have ${constantSum + 1}, not ${constantSum}$`),
      /^sum: on galera-0 the transfers do not explain the accounts 1$/,
      /^members differ: chaos.written has checksums /,
      new RegExp(`^read-back: the accounts have ${constantSum + 1}, not ${constantSum}$`),
      /^process left: galera-0\/mariadb: sleep 60$/,
    ]) {
      expect(texts).toContainEqual(expect.stringMatching(what));
    }
    expect(lost).toBe(2);
    expect(recoveryMs).not.toBe(null);
  } finally {
    era.uuid = uuid;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

test("a member that does not come back needs a human; clients that write nothing are told", async () => {
  await era.lab.perform({ kind: "stop", members: [2] });
  const { findings, recoveryMs } = await play("nothing", 1000);
  expect(findings.map(({ kind }) => kind)).toContain("human needed");
  expect(recoveryMs).toBe(null);
  await era.lab.perform({ kind: "start", members: [2] });
  expect(await awaitWhole(era, 60_000)).toBeDefined();
  await ask(0, "RENAME TABLE chaos.written TO chaos.w, chaos.transfers TO chaos.t");
  expect((await play("nothing")).findings.map(({ kind }) => kind)).toContain("no write");
});

test("two components that can both commit are found", async () => {
  era.watcher.take();
  await era.lab.perform({ kind: "partition", sides: [[0], [1], [2]], node: false });
  const isAlone = () => era.watcher.latest()?.views.every(({ primary }) => !primary) ?? false;
  await expect.poll(isAlone, { timeout: 20_000 }).toBe(true);
  expect(findSplit(era.watcher.take())).toEqual([]);
  for (const ordinal of [0, 1]) {
    await ask(ordinal, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'");
  }
  await expect
    .poll(() => findSplit(era.watcher.take()), { timeout: 10_000, interval: 2000 })
    .toMatchObject([{ kind: "two clusters", text: expect.stringContaining("of galera-0, and") }]);
});
