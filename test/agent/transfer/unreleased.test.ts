import { expect, test } from "vitest";
import type { Neighbour } from "../../../src/agent/drain/leave-turn.js";
import type { Transfer } from "../../../src/agent/transfer/transfer.js";
import { createUnreleased } from "../../../src/agent/transfer/unreleased.js";
import type { Phase } from "../../../src/bootstrap/member.js";
import { localState, type WsrepStatus } from "../../../src/galera/wsrep-status.js";
import { testClock } from "../../system/test-clock.js";
import { synced } from "../members.js";
import { running, syncedReport, syncedState } from "../reports.js";

const joined: Phase = { ...running, status: "joined" };
const receiving: Transfer = {
  ...{ role: "joiner", stage: "receiving", donor: "galera-0", bytes: 7 },
  ...{ totalBytes: 9, bytesPerSecond: 1 },
};

/** galera-0's server, whose agent looks every two seconds. */
function server() {
  const clock = testClock();
  const it = {
    phase: joined as Phase,
    status: { state: localState.donor } as Partial<WsrepStatus> | undefined,
    others: new Map<string, Neighbour>([
      ["galera-1", { kind: "answers", report: syncedReport() }],
      ["galera-2", { kind: "gone" }],
    ]),
  };
  const asked: (readonly string[])[] = [];
  const isUnreleased = createUnreleased("galera-0", {
    phase: () => it.phase,
    server: () => ({
      answer:
        it.status === undefined
          ? { kind: "silent", why: "no answer" }
          : { kind: "status", status: { ...synced, ...it.status } },
      ...{ answeredMs: 0, paused: 0 },
    }),
    ask: async (names) => {
      asked.push(names);
      return it.others;
    },
    clock,
  });
  /** At how many looks it was one. */
  const lasts = async (ms: number) => {
    let looks = 0;
    for (let passed = 0; passed < ms; passed += 2000) {
      if (await isUnreleased()) looks += 1;
      await clock.advance(2000);
    }
    return looks;
  };
  return { it, asked, lasts };
}

test("a donor that was told to be joined is none after 40 s, once two looks at the others agree", async () => {
  const { it, asked, lasts } = server();
  expect(await lasts(30_000)).toBe(0);
  expect(asked).toEqual([]);
  expect(await lasts(10_000)).toBe(0);
  expect(asked).toEqual([["galera-1", "galera-2"]]);
  expect(await lasts(10_000)).toBe(5);
  expect(asked).toHaveLength(2);
  it.status = { state: localState.joined };
  expect(await lasts(20_000)).toBe(0);
});

const outside: Phase = { ...running, primary: false, status: "joined" };
const donor = { state: localState.donor };

test.each<[string, Phase, Partial<WsrepStatus> | undefined]>([
  ["a donor as it was told", { ...running, status: "donor" }, donor],
  ["synced, and locked by a backup", running, donor],
  ["outside a primary component", outside, donor],
  ["outside one, as it says itself", joined, { ...donor, primary: false }],
  ["desynced by hand", joined, { ...donor, desync: true }],
  ["catching up", joined, { state: localState.joined }],
  ["silent", joined, undefined],
])("no such donor: %s", async (_, phase, status) => {
  const { it, asked, lasts } = server();
  Object.assign(it, { phase, status });
  expect(await lasts(300_000)).toBe(0);
  expect(asked).toEqual([]);
});

test("joined indeed, and then locked by a backup: not until it has lost its component", async () => {
  const { it, lasts } = server();
  it.status = { state: localState.joined };
  await lasts(2000);
  it.status = { state: localState.donor };
  expect(await lasts(300_000)).toBe(0);
  it.phase = { ...outside, status: "connected" };
  await lasts(2000);
  it.phase = joined;
  expect(await lasts(40_000)).toBe(0);
  expect(await lasts(2000)).toBe(1);
});

test("one that is silent is not known to be a donor still, however long it was one", async () => {
  const { it, lasts } = server();
  await lasts(2000);
  it.status = undefined;
  expect(await lasts(300_000)).toBe(0);
  it.status = { state: localState.donor };
  expect(await lasts(10_000)).toBe(0);
  expect(await lasts(2000)).toBe(1);
});

const answers = (rest: Parameters<typeof syncedReport>[0]): Neighbour => ({
  ...{ kind: "answers", report: syncedReport(rest) },
});
const inPhase = (phase: Phase) => answers({ state: { ...syncedState, phase } });

test("who waits for data waits for this very donor", async () => {
  const { it, lasts } = server();
  const waiting: Transfer = { ...receiving, stage: "waiting", bytes: 0 };
  const joiner: Phase = { kind: "joining" };
  it.others = new Map([
    ["galera-1", answers({ transfer: waiting, state: { ...syncedState, phase: joiner } })],
  ]);
  expect(await lasts(40_000)).toBe(0);
  expect(await lasts(2000)).toBe(1);
});

test.each<[string, Neighbour]>([
  ["one still receives", answers({ transfer: receiving })],
  ["one may still receive: its agent is mute", { kind: "mute", looks: 9 }],
  ["one may: its agent knows of no server", inPhase({ kind: "idle" })],
  ["one may: its server is outside a primary component", inPhase(outside)],
])("not as long as %s", async (_, other) => {
  const { it, lasts } = server();
  const well = it.others;
  it.others = new Map([["galera-1", other]]);
  expect(await lasts(300_000)).toBe(0);
  it.others = well;
  expect(await lasts(10_000)).toBe(0);
  expect(await lasts(12_000)).toBeGreaterThan(0);
});

test("one look at which nobody receives is not enough", async () => {
  const { it, lasts } = server();
  const well = it.others;
  await lasts(32_000);
  it.others = new Map([["galera-1", answers({ transfer: receiving })]]);
  expect(await lasts(10_000)).toBe(0);
  it.others = well;
  expect(await lasts(10_000)).toBe(0);
});
