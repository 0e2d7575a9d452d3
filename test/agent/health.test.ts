import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Health, healthOf, isStarting, type Vitals } from "../../src/agent/health.js";
import { probes } from "../../src/agent/probes.js";
import type { ServerSight } from "../../src/agent/sql/server-watch.js";
import type { Phase } from "../../src/bootstrap/member.js";
import type { WsrepStatus } from "../../src/galera/wsrep-status.js";
import { synced } from "./members.js";

const seconds = (count: number) => count * 1000;
const minutes = (count: number) => count * 60_000;
const hours = (count: number) => count * 3_600_000;
/** The clock's point in time from which the tests count back. */
const nowMs = hours(1000);
const ago = (ms: number) => nowMs - ms;

const unseen: ServerSight = { answer: undefined, answeredMs: undefined, paused: undefined };
const says = (status: Partial<WsrepStatus> = {}, forMs = 0): ServerSight => ({
  ...unseen,
  answer: { kind: "status", status: { ...synced, ...status } },
  answeredMs: ago(forMs),
});
const refuses: ServerSight = {
  ...unseen,
  answer: { kind: "refuses", why: "Access denied" },
  answeredMs: nowMs,
};
const silent = (answeredMs: number | undefined): ServerSight => ({
  ...unseen,
  answer: { kind: "silent", why: "no such file" },
  answeredMs,
});

const running = (primary: boolean, status: string): Phase => ({
  ...{ kind: "running", primary, status, seqno: undefined },
  view: { number: 1, members: ["galera-0"] },
});
const idle: Phase = { kind: "idle" };
const waiting: Phase = { kind: "waiting" };
const founding: Phase = { kind: "founding" };
const joining: Phase = { kind: "joining" };

function vitals(phase: Phase, rest: Partial<Vitals> = {}): Vitals {
  return {
    ...{ nowMs, phase, phaseSinceMs: ago(hours(24)), askedMs: undefined, awaited: undefined },
    toEnd: undefined,
    ...{ changedMs: undefined, server: unseen, sendsBackup: false, draining: false },
    ...rest,
  };
}

const says1 = (ok: boolean) => (why: string) => ({ ok, why });
const yes = says1(true);
const no = says1(false);

describe("liveness", () => {
  const stuck = "nothing in the datadir has changed for 1800 s";
  const rows: readonly [string, Phase, Partial<Vitals>, Health][] = [
    [
      "waits for hours for a human, and asks",
      waiting,
      { askedMs: ago(200), awaited: { what: "galera-1", sinceMs: ago(hours(20)), held: false } },
      yes("waiting for galera-1"),
    ],
    [
      "is held",
      waiting,
      { askedMs: ago(200), awaited: { what: "diverged", sinceMs: ago(200), held: true } },
      yes("held: diverged"),
    ],
    [
      "waits, and knows not yet for whom",
      waiting,
      { askedMs: ago(0) },
      yes("waiting for the first look at DNS and the other members"),
    ],
    [
      "has asked 30 s ago, on a slow machine",
      waiting,
      { askedMs: ago(30_000) },
      yes("waiting for the first look at DNS and the other members"),
    ],
    [
      "does not ask any more",
      waiting,
      { askedMs: ago(30_001) },
      no("the start waits no longer: it has not asked for 30 s"),
    ],
    [
      "an SST of many hours",
      joining,
      { changedMs: ago(seconds(4)), askedMs: ago(hours(9)) },
      yes("joining the cluster"),
    ],
    [
      "an SST in a pause of half an hour",
      joining,
      { changedMs: ago(minutes(30)) },
      yes("joining the cluster"),
    ],
    [
      "an SST that has come to a halt",
      joining,
      { changedMs: ago(minutes(30) + 1) },
      no(`joining the cluster: ${stuck}`),
    ],
    [
      "has just begun to join, nothing has changed yet",
      joining,
      { phaseSinceMs: ago(seconds(1)) },
      yes("joining the cluster"),
    ],
    [
      "does not join, and has never changed a file",
      joining,
      { phaseSinceMs: ago(minutes(31)) },
      no(`joining the cluster: ${stuck}`),
    ],
    [
      "joins, and its server answers, files or not",
      joining,
      { changedMs: ago(hours(2)), server: says({ primary: false, ready: false }) },
      yes("joining the cluster"),
    ],
    [
      "founds: the scripts of its first start load data for hours",
      founding,
      { changedMs: ago(seconds(2)) },
      yes("founding the cluster"),
    ],
    [
      "founds, and comes to a halt",
      founding,
      { changedMs: ago(hours(1)) },
      no(`founding the cluster: ${stuck}`),
    ],
    [
      "crash recovery of hours, before the start asks",
      idle,
      { askedMs: ago(hours(3)), changedMs: ago(seconds(3)) },
      yes("no server is in the cluster"),
    ],
    [
      "a start that has begun just now, long after the server's end",
      idle,
      { askedMs: ago(seconds(1)) },
      yes("no server is in the cluster"),
    ],
    [
      "an agent that has just started again beside a running server",
      idle,
      { phaseSinceMs: ago(100) },
      yes("no server is in the cluster"),
    ],
    ["nothing is started at all", idle, {}, no(`no server is in the cluster: ${stuck}`)],
    ["synced, by SQL", running(true, "synced"), { server: says() }, yes("the server answers")],
    [
      "synced, no account: it refuses",
      running(true, "synced"),
      { server: refuses },
      yes("the server answers"),
    ],
    [
      "no socket is shared with the agent: judged by nothing",
      running(true, "synced"),
      { server: silent(undefined) },
      yes("the server has told of itself, and cannot be asked"),
    ],
    [
      "joined, no socket, an idle cluster: no file changes for days",
      running(true, "joined"),
      { server: silent(undefined), changedMs: ago(hours(20)) },
      yes("the server has told of itself, and cannot be asked"),
    ],
    [
      "outside the primary component for days, without an account",
      running(false, "connected"),
      { server: silent(undefined) },
      yes("the server has told of itself, and cannot be asked"),
    ],
    [
      "outside the primary component for days",
      running(false, "connected"),
      { server: says({ primary: false, ready: false, state: 0, comment: "Initialized" }) },
      yes("the server answers"),
    ],
    [
      "a donor that is blocked",
      running(true, "donor"),
      { server: says({ state: 2, comment: "Donor/Desynced" }) },
      yes("the server answers"),
    ],
    [
      "has been silent for two minutes",
      running(true, "synced"),
      { server: silent(ago(minutes(2))) },
      yes("the server answered before"),
    ],
    [
      "has been silent for longer",
      running(true, "synced"),
      { server: silent(ago(minutes(2) + 1)) },
      no("the server has not answered for 120 s"),
    ],
    [
      "has been silent for longer, outside the primary component",
      running(false, "connected"),
      { server: silent(ago(minutes(3))) },
      no("the server has not answered for 120 s"),
    ],
    [
      "an agent that could not ask for longer",
      running(true, "synced"),
      { server: says({}, minutes(3)) },
      no("the server has not answered for 120 s"),
    ],
    [
      "is to end, and takes no statement: in an SST whose donor is gone",
      joining,
      { toEnd: "so that another one can found", changedMs: nowMs },
      no("the server is to end, so that another one can found"),
    ],
    [
      "drains for as long as it likes",
      running(true, "synced"),
      { server: says(), draining: true },
      yes("the server answers"),
    ],
  ];

  test.each(rows)("%s", (_, phase, rest, expected) => {
    expect(healthOf("liveness", vitals(phase, rest))).toEqual(expected);
  });

  const begun = rows.filter(
    ([, { kind }, rest]) => kind !== "idle" || Object.keys(rest).length > 0,
  );
  test.each(begun.filter(([what]) => !what.startsWith("an agent that has just")))(
    "and startup: %s",
    (_, phase, rest, expected) => {
      expect(healthOf("startup", vitals(phase, rest))).toEqual(expected);
    },
  );
});

describe("startup", () => {
  test("is not over before anything has begun", () => {
    const none = no("no server has been started");
    expect(healthOf("startup", vitals(idle))).toEqual(none);
    expect(healthOf("startup", vitals(idle, { phaseSinceMs: nowMs }))).toEqual(none);
  });

  test("has begun as soon as `run` speaks, or a file changes", () => {
    for (const sign of [{ askedMs: nowMs }, { changedMs: nowMs }]) {
      expect(healthOf("startup", vitals(idle, sign))).toEqual(yes("no server is in the cluster"));
    }
  });
});

describe("readiness", () => {
  const donor = { state: 2, comment: "Donor/Desynced" };
  test.each<[string, Phase, Partial<Vitals>, Health]>([
    ["no server", idle, {}, no("no server is in the cluster")],
    ["a start that waits", waiting, {}, no("the start waits")],
    ["a founder", founding, { server: says() }, no("founding the cluster")],
    ["a joiner", joining, { server: says() }, no("joining the cluster")],
    ["synced", running(true, "synced"), { server: says() }, yes("synced")],
    [
      "synced, while the notification is still on its way",
      running(true, "joined"),
      { server: says() },
      yes("synced"),
    ],
    ["draining", running(true, "synced"), { server: says(), draining: true }, no("draining")],
    [
      "outside the primary component, by SQL",
      running(true, "synced"),
      { server: says({ primary: false }) },
      no("the server's component is not primary"),
    ],
    [
      "closed to clients",
      running(true, "synced"),
      { server: says({ rejects: true }) },
      no("the server rejects queries (wsrep_reject_queries)"),
    ],
    [
      "desynced by hand, which looks like a donor",
      running(true, "synced"),
      { server: says({ ...donor, desync: true }), sendsBackup: true },
      no("the server is desynced (wsrep_desync)"),
    ],
    [
      "a donor by rsync, though it could serve mariabackup",
      running(true, "donor"),
      { server: says({ ...donor, backup: true }) },
      no("the server is a donor, and SST by anything but mariabackup blocks it"),
    ],
    [
      "a donor by mariabackup",
      running(true, "donor"),
      { server: says(donor), sendsBackup: true },
      yes("a donor that is not blocked"),
    ],
    [
      "locked by FLUSH TABLES WITH READ LOCK, which looks like a donor that is not blocked",
      running(true, "synced"),
      { server: says(donor) },
      no("the server is locked by a backup"),
    ],
    [
      "a donor of nobody's, since it lost its component in an SST",
      running(true, "joined"),
      { server: says(donor) },
      no("the server is not synced (Donor/Desynced)"),
    ],
    [
      "joining",
      running(true, "joined"),
      { server: says({ state: 1, comment: "Joining: receiving State Transfer" }) },
      no("the server is not synced (Joining)"),
    ],
    [
      "joined",
      running(true, "joined"),
      { server: says({ state: 3, comment: "Joined" }) },
      no("the server is not synced (Joined)"),
    ],
    [
      "not ready, for whatever reason",
      running(true, "synced"),
      { server: says({ ready: false }) },
      no("the server takes no queries (wsrep_ready)"),
    ],
    [
      "an answer of 3 s ago",
      running(true, "synced"),
      { server: says({}, seconds(3)) },
      yes("synced"),
    ],
    [
      "an older answer",
      running(true, "synced"),
      { server: says({}, 3001) },
      no("the server has not answered yet"),
    ],
    ["no answer yet", running(true, "synced"), {}, no("the server has not answered yet")],
    [
      "silence, whatever it told before",
      running(true, "synced"),
      { server: silent(ago(500)) },
      no("the server does not answer: no such file"),
    ],
    [
      "no account: by what it told",
      running(true, "synced"),
      { server: refuses },
      yes("synced, as the server told"),
    ],
    [
      "no account, a donor of nobody knows which method",
      running(true, "donor"),
      { server: refuses },
      no("the server is not synced (donor)"),
    ],
    [
      "no account, not primary",
      running(false, "synced"),
      { server: refuses },
      no("the server's component is not primary"),
    ],
  ])("%s", (_, phase, rest, expected) => {
    expect(healthOf("readiness", vitals(phase, rest))).toEqual(expected);
  });
});

describe("laws", () => {
  const time = fc.integer({ min: 0, max: nowMs });
  const phase = fc.oneof(
    fc.constantFrom(idle, waiting, founding, joining),
    fc
      .tuple(fc.boolean(), fc.constantFrom("synced", "donor", "joined", "connected"))
      .map(([primary, status]) => running(primary, status)),
  );
  const status = fc
    .record({
      ...{ primary: fc.boolean(), rejects: fc.boolean(), desync: fc.boolean() },
      ...{ ready: fc.boolean(), state: fc.integer({ min: 0, max: 6 }) },
    })
    .map((some): WsrepStatus => ({ ...synced, ...some }));
  const answer = fc.oneof(
    status.map((said) => ({ kind: "status" as const, status: said })),
    fc.constant({ kind: "refuses" as const, why: "Access denied" }),
    fc.constant({ kind: "silent" as const, why: "no such file" }),
    fc.constant(undefined),
  );
  const any = fc.record({
    ...{ nowMs: fc.constant(nowMs), phase, phaseSinceMs: time, askedMs: fc.option(time) },
    ...{ awaited: fc.constant(undefined), changedMs: fc.option(time), draining: fc.boolean() },
    ...{ sendsBackup: fc.boolean(), toEnd: fc.constant(undefined) },
    server: fc.record({ answer, answeredMs: fc.option(time), paused: fc.constant(undefined) }),
  });
  const plain = ({
    askedMs,
    changedMs,
    server,
    ...rest
  }: typeof any extends fc.Arbitrary<infer T> ? T : never): Vitals => ({
    ...rest,
    ...{ askedMs: askedMs ?? undefined, changedMs: changedMs ?? undefined },
    server: { ...server, answeredMs: server.answeredMs ?? undefined },
  });

  test("who is ready is primary, synced or a donor by mariabackup, takes queries, and stays", () => {
    fc.assert(
      fc.property(any, (some) => {
        const those = plain(some);
        if (!healthOf("readiness", those).ok) return;
        expect(those).toMatchObject({ draining: false, phase: { kind: "running" } });
        const said = those.server.answer;
        if (said?.kind === "status") {
          const { primary, ready, rejects, desync, state } = said.status;
          expect({ primary, ready, rejects, desync }).toEqual({
            ...{ primary: true, ready: true, rejects: false, desync: false },
          });
          expect(those.sendsBackup ? [2, 4] : [4]).toContain(state);
        } else expect(those.phase).toMatchObject({ primary: true, status: "synced" });
      }),
      { numRuns: 2000 },
    );
  });

  test("a server that never answered is alive as long as it is in the cluster", () => {
    fc.assert(
      fc.property(any, (some) => {
        const those = plain(some);
        if (those.phase.kind !== "running") return;
        const server = { ...those.server, answeredMs: undefined };
        expect(healthOf("liveness", { ...those, server }).ok).toBe(true);
      }),
    );
  });

  test("whatever has just happened in any phase, it is alive; a sign of life never ends it", () => {
    fc.assert(
      fc.property(any, fc.constantFrom("askedMs", "changedMs"), (some, sign) => {
        const those = plain(some);
        if (isStarting(those.phase)) {
          expect(healthOf("liveness", { ...those, [sign]: nowMs }).ok).toBe(true);
        }
        const server = { ...those.server, answeredMs: nowMs };
        const later = { ...those, server };
        if (healthOf("liveness", those).ok) expect(healthOf("liveness", later).ok).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("words are printable, and say nothing of the time", () => {
    fc.assert(
      fc.property(any, fc.constantFrom(...probes), (some, probe) => {
        const those = plain(some);
        const first = healthOf(probe, those);
        expect(first.why).toMatch(/^[\x20-\x7e]+$/);
        const later = healthOf(probe, { ...those, nowMs: nowMs + hours(1) });
        if (probe !== "readiness" && !first.ok) expect(later).toEqual(first);
      }),
      { numRuns: 1000 },
    );
  });
});
