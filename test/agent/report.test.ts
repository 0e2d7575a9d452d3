import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Report, readReport } from "../../src/agent/report.js";
import type { Transfer } from "../../src/agent/transfer/transfer.js";
import { FormatError, fromJson, toJson } from "../../src/bootstrap/format.js";
import type { MemberState, Phase } from "../../src/bootstrap/member.js";
import type { WsrepStatus } from "../../src/galera/wsrep-status.js";
import { report } from "../status/sightings.js";
import { stateOf, synced } from "./members.js";

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}-\d{1,2}$/);
const id = fc.stringMatching(/^[\w-]{1,64}$/);
const uuid = fc.uuid();
const seqno = fc.bigInt({ min: -1n, max: 2n ** 62n });
const count = fc.nat();
const text = fc.string({ maxLength: 64 });
const line = fc.string({ unit: "grapheme", maxLength: 200 }).filter((one) => !/\p{Cc}/u.test(one));
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0);
const share = fc.double({ min: 0, max: 1, noNaN: true });

const view = fc.record({ number: count, members: fc.array(name, { maxLength: 5 }) });
const founding = fc
  .tuple(fc.record({ epoch: count, id, seqno }), fc.boolean())
  .map(([one, inPlace]) => (inPlace ? { ...one, inPlace } : one));
const foundings = fc.array(founding, { maxLength: 3 });

const phase: fc.Arbitrary<Phase> = fc.oneof(
  fc.constantFrom<Phase>(
    { kind: "idle" },
    { kind: "waiting" },
    { kind: "founding" },
    { kind: "joining" },
  ),
  fc.record({
    kind: fc.constant("running" as const),
    ...{ primary: fc.boolean(), status: text, view, seqno: maybe(seqno) },
  }),
);

const evidence: fc.Arbitrary<MemberState["evidence"]> = fc.oneof(
  fc.constantFrom<MemberState["evidence"]>(
    undefined,
    { kind: "empty" },
    { kind: "unclustered" },
    { kind: "initialised" },
    { kind: "interrupted", by: "sst" },
    { kind: "interrupted", by: "initialisation" },
  ),
  fc.record({
    kind: fc.constant("position" as const),
    ...{ uuid, seqno, safeToBootstrap: fc.boolean(), certain: fc.boolean() },
  }),
);

const state: fc.Arbitrary<MemberState> = fc.record({
  ...{ name, incarnation: id, ballot: count, phase, evidence, forces: maybe(count) },
  vote: maybe(fc.record({ candidate: name, incarnation: id, ballot: count })),
  ledger: maybe(
    fc.record({
      ...{ uuid: maybe(uuid), foundings, view, joining: maybe(foundings) },
      discarded: fc.array(count, { maxLength: 3 }),
    }),
  ),
});

const server: fc.Arbitrary<WsrepStatus> = fc.record({
  ...{ ready: fc.boolean(), primary: fc.boolean(), state: count, comment: text },
  ...{ clusterSize: count, lastCommitted: maybe(seqno), pausedNs: seqno },
  ...{ receiveQueue: count, sendQueue: count, desync: fc.boolean(), rejects: fc.boolean() },
  ...{ backup: fc.boolean() },
});

const transfer: fc.Arbitrary<Transfer> = fc.oneof(
  fc.record({ role: fc.constant("donor" as const), totalBytes: maybe(count) }),
  fc.record({
    ...{ role: fc.constant("joiner" as const), donor: maybe(name), bytes: count },
    stage: fc.constantFrom("waiting" as const, "receiving" as const, "preparing" as const),
    ...{ totalBytes: maybe(count), bytesPerSecond: maybe(count) },
  }),
);

const health = fc.record({ ok: fc.boolean(), why: line });

const reports: fc.Arbitrary<Report> = fc.record({
  ...{ state, peers: fc.array(name, { maxLength: 5 }), peersAgeMs: maybe(number) },
  ...{
    dnsProblem: maybe(line),
    awaited: maybe(fc.record({ what: line, forMs: number, held: fc.boolean() })),
  },
  ...{ server: maybe(server), denied: fc.boolean(), paused: maybe(share) },
  draining: fc.constantFrom("waiting" as const, "leaving" as const, undefined),
  transfer: maybe(transfer),
  ...{ startup: health, liveness: health, readiness: health },
});

test("whatever an agent tells is read again as it was", () => {
  fc.assert(
    fc.property(reports, (one) => {
      expect(readReport(fromJson(toJson(one)), "status")).toEqual(one);
    }),
  );
});

test("nothing that is read can move a terminal's cursor, or begin a line", () => {
  const control = fc.constantFrom("\x00", "\x07", "\x1b[2J", "\n", "\r", "\x7f", "\x9b2J");
  const sentence = fc.tuple(line, control, line).map((parts) => parts.join(""));
  const places: ((why: string) => Partial<Report>)[] = [
    (why) => ({ dnsProblem: why }),
    (what) => ({ awaited: { what, forMs: 1, held: false } }),
    (comment) => ({ server: { ...synced, comment } }),
    (why) => ({ startup: { ok: true, why } }),
    (why) => ({ liveness: { ok: true, why } }),
    (why) => ({ readiness: { ok: false, why } }),
    (peer) => ({ peers: [peer] }),
  ];
  fc.assert(
    fc.property(sentence, fc.constantFrom(...places), (words, place) => {
      const forged = report(stateOf("galera-1"), place(words));
      expect(() => readReport(fromJson(toJson(forged)), "status")).toThrow(FormatError);
    }),
  );
});

describe("what is malformed is refused, by its path", () => {
  const whole = JSON.parse(
    toJson(
      report(stateOf("galera-1"), {
        server: synced,
        awaited: { what: "DNS", forMs: 1, held: false },
      }),
    ),
  );

  test.each<[string[], unknown, string]>([
    [[], null, "status: no object"],
    [["state"], undefined, "status.state: no object"],
    [["state", "phase", "kind"], "asleep", 'status.state.phase.kind: "asleep" is not known'],
    [["peers"], "galera-0", "status.peers: no list"],
    [["peers"], ["galera-0", "galera 1"], "status.peers.1: not a member's name"],
    [["peers"], Array(257).fill("galera-0"), "status.peers: no list"],
    [["peersAgeMs"], "1", "status.peersAgeMs: not a number"],
    [["dnsProblem"], 1, "status.dnsProblem: not a line"],
    [["dnsProblem"], "x".repeat(2001), "status.dnsProblem: not a line"],
    [["awaited", "what"], undefined, "status.awaited.what: not a line"],
    [["awaited", "forMs"], null, "status.awaited.forMs: not a number"],
    [["server"], "up", "status.server: no object"],
    [["server", "ready"], "ON", "status.server.ready: neither true nor false"],
    [["server", "primary"], 1, "status.server.primary: neither true nor false"],
    [["server", "state"], -1, "status.server.state: not a number from 0"],
    [["server", "comment"], "x".repeat(65), "status.server.comment: not a short text"],
    [["server", "clusterSize"], 0.5, "status.server.clusterSize: not a number from 0"],
    [["server", "lastCommitted"], 41, "status.server.lastCommitted: not a seqno"],
    [["server", "pausedNs"], "-2", "status.server.pausedNs: not a seqno"],
    [["server", "receiveQueue"], null, "status.server.receiveQueue: not a number from 0"],
    [["server", "sendQueue"], "0", "status.server.sendQueue: not a number from 0"],
    [["server", "desync"], null, "status.server.desync: neither true nor false"],
    [["server", "rejects"], "NONE", "status.server.rejects: neither true nor false"],
    [["server", "backup"], "ON", "status.server.backup: neither true nor false"],
    [["denied"], "yes", "status.denied: neither true nor false"],
    [["paused"], "0", "status.paused: not a number"],
    [["draining"], "soon", "status.draining: none of waiting, leaving"],
    [["startup"], undefined, "status.startup: no object"],
    [["liveness", "ok"], undefined, "status.liveness.ok: neither true nor false"],
    [["readiness", "why"], undefined, "status.readiness.why: not a line"],
  ])("%j: %j", (path, value, message) => {
    expect(() => readReport(replaced(whole, path, value), "status")).toThrow(
      new FormatError(message),
    );
  });

  test("an older version's report says that mariabackup may not be served", () => {
    const noBackup = replaced(whole, ["server", "backup"], undefined);
    const read = readReport(replaced(noBackup, ["denied"], undefined), "status");
    expect(read.denied).toBe(false);
    expect(read.server?.backup).toBe(false);
  });

  test("what a later version adds is let through", () => {
    expect(readReport({ ...whole, later: [1] }, "status")).toEqual(readReport(whole, "status"));
  });
});

// biome-ignore lint/suspicious/noExplicitAny: any document
function replaced(document: any, [key, ...path]: readonly string[], value: unknown): unknown {
  return key === undefined ? value : { ...document, [key]: replaced(document[key], path, value) };
}
