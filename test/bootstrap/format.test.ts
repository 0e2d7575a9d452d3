import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import {
  FormatError,
  fromJson,
  readEvidence,
  readLedger,
  readState,
  toJson,
} from "../../src/bootstrap/format.js";
import type { Founding, Ledger, View } from "../../src/bootstrap/ledger.js";
import type { MemberState, Phase, Vote } from "../../src/bootstrap/member.js";
import {
  at,
  connected,
  founding,
  ledger,
  pods,
  running,
  uuid,
  waiting,
  withVoteFor,
} from "./cluster.js";

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
const uuids = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join("-"));
const names = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,30}$/);
const ids = fc.stringMatching(/^[\w-]{1,64}$/);
const counts = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const seqnos = fc.bigInt({ min: -1n, max: 2n ** 63n - 1n });
const or = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });

const foundings: fc.Arbitrary<Founding> = fc.oneof(
  fc.record({ epoch: counts, id: ids, seqno: seqnos }),
  fc.record({ epoch: counts, id: ids, seqno: seqnos, inPlace: fc.constant(true) }),
);
const views: fc.Arbitrary<View> = fc.record({
  number: counts,
  members: fc.array(names, { maxLength: 5 }),
});
const ledgers: fc.Arbitrary<Ledger> = fc.record({
  uuid: or(uuids),
  foundings: fc.array(foundings, { maxLength: 4 }),
  view: views,
  joining: or(fc.array(foundings, { maxLength: 4 })),
  discarded: fc.array(counts, { maxLength: 4 }),
});
const votes: fc.Arbitrary<Vote> = fc.record({ candidate: names, incarnation: ids, ballot: counts });
const phases: fc.Arbitrary<Phase> = fc.oneof(
  fc.constantFrom<Phase>(
    { kind: "idle" },
    { kind: "waiting" },
    { kind: "founding" },
    { kind: "joining" },
  ),
  fc.record({
    kind: fc.constant("running" as const),
    primary: fc.boolean(),
    status: fc.constantFrom("synced", "donor", "joined", ""),
    view: views,
    seqno: or(seqnos),
  }),
);
const evidences: fc.Arbitrary<Evidence> = fc.oneof(
  fc.constantFrom<Evidence>(
    { kind: "empty" },
    { kind: "unclustered" },
    { kind: "initialised" },
    { kind: "interrupted", by: "sst" },
    { kind: "interrupted", by: "initialisation" },
  ),
  fc.record({
    kind: fc.constant("position" as const),
    uuid: uuids,
    seqno: seqnos,
    safeToBootstrap: fc.boolean(),
    certain: fc.boolean(),
  }),
);
const states: fc.Arbitrary<MemberState> = fc.record({
  name: names,
  incarnation: ids,
  ballot: counts,
  vote: or(votes),
  phase: phases,
  evidence: or(evidences),
  ledger: or(ledgers),
  forces: or(counts),
});

describe("what is written is read", () => {
  test("a member's state", () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(readState(fromJson(toJson(state)), "state")).toEqual(state);
      }),
    );
  });

  test("a ledger", () => {
    fc.assert(
      fc.property(ledgers, (one) => {
        expect(readLedger(fromJson(toJson(one)), "ledger")).toEqual(one);
      }),
    );
  });

  test("what a later version adds is left out", () => {
    const value = { ...JSON.parse(toJson(ledger(1))), later: { x: 1 } };
    expect(readLedger(value, "ledger")).toEqual(ledger(1));
  });

  test("nothing but a FormatError comes of anybody's answer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated()), (value) => {
        try {
          readState(value, "state");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          expect((error as Error).message).toMatch(/^state[\w.]*: [ -~]+$/);
          expect((error as Error).message.length).toBeLessThan(200);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** A state of which one field has become something else. */
function mutated(): fc.Arbitrary<unknown> {
  return fc.tuple(states, fc.nat(), fc.jsonValue()).map(([state, which, value]) => {
    const document = JSON.parse(toJson(state));
    const places: [Record<string, unknown>, string][] = [];
    const visit = (one: unknown) => {
      if (typeof one !== "object" || one === null) return;
      for (const [key, inner] of Object.entries(one)) {
        places.push([one as Record<string, unknown>, key]);
        visit(inner);
      }
    };
    visit(document);
    const [place, key] = places[which % places.length] ?? [{}, ""];
    place[key] = value;
    return document;
  });
}

const full = JSON.parse(
  toJson(
    withVoteFor("galera-1", {
      ...running(
        0,
        connected(true, 5, pods(2)),
        ledger(2, { joining: [founding(1)], discarded: [1] }),
      ),
      forces: 2,
    }),
  ),
);

/** The document with one field, named by its path, replaced; without it where that is undefined. */
function withField(path: string, value: unknown): unknown {
  const document = structuredClone(full);
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const place = keys.reduce((one, key) => one[key], document);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return document;
}

describe("what is malformed is named by its path", () => {
  const many = (length: number, one: unknown) => Array.from({ length }, () => one);
  const position = (patch: object) => ({ ...JSON.parse(toJson(at(5))), ...patch });

  test.each<[string, unknown, string]>([
    ["name", undefined, "state.name: not a member's name"],
    ["name", 7, "state.name: not a member's name"],
    ["name", "", "state.name: not a member's name"],
    ["name", "galera 0", "state.name: not a member's name"],
    ["name", "galera-0\n", "state.name: not a member's name"],
    ["name", "x".repeat(254), "state.name: not a member's name"],
    ["incarnation", undefined, "state.incarnation: not an id"],
    ["incarnation", "x".repeat(65), "state.incarnation: not an id"],
    ["ballot", undefined, "state.ballot: not a number from 0"],
    ["ballot", -1, "state.ballot: not a number from 0"],
    ["ballot", 1.5, "state.ballot: not a number from 0"],
    ["ballot", "1", "state.ballot: not a number from 0"],
    ["ballot", 2 ** 53, "state.ballot: not a number from 0"],
    ["vote", "galera-1", "state.vote: no object"],
    ["vote", [], "state.vote.candidate: not a member's name"],
    ["vote.candidate", "", "state.vote.candidate: not a member's name"],
    ["vote.incarnation", "", "state.vote.incarnation: not an id"],
    ["vote.ballot", null, "state.vote.ballot: not a number from 0"],
    ["phase", undefined, "state.phase: no object"],
    ["phase", "running", "state.phase: no object"],
    ["phase.kind", undefined, "state.phase.kind: not a short text"],
    ["phase.kind", "asleep", 'state.phase.kind: "asleep" is not known'],
    ["phase.primary", 1, "state.phase.primary: neither true nor false"],
    ["phase.status", undefined, "state.phase.status: not a short text"],
    ["phase.status", "x".repeat(65), "state.phase.status: not a short text"],
    ["phase.status", "\u001b[2J", "state.phase.status: not a short text"],
    ["phase.view", undefined, "state.phase.view: no object"],
    ["phase.view.number", "4", "state.phase.view.number: not a number from 0"],
    ["phase.view.members", {}, "state.phase.view.members: no list"],
    ["phase.view.members.1", 5, "state.phase.view.members.1: not a member's name"],
    ["phase.view.members", many(257, "x"), "state.phase.view.members: no list"],
    ["phase.seqno", 5, "state.phase.seqno: not a seqno"],
    ["phase.seqno", "-2", "state.phase.seqno: not a seqno"],
    ["phase.seqno", "0x5", "state.phase.seqno: not a seqno"],
    ["phase.seqno", "1".repeat(20), "state.phase.seqno: not a seqno"],
    ["evidence", 5, "state.evidence: no object"],
    ["evidence.kind", "full", 'state.evidence.kind: "full" is not known'],
    ["evidence", { kind: "unrecovered" }, 'state.evidence.kind: "unrecovered" is not known'],
    ["evidence", { kind: "interrupted" }, "state.evidence.by: none of initialisation, sst"],
    ["evidence", position({ uuid: uuid.toUpperCase() }), "state.evidence.uuid: not a uuid"],
    ["evidence", position({ uuid: `${uuid}0` }), "state.evidence.uuid: not a uuid"],
    ["evidence", position({ seqno: 5 }), "state.evidence.seqno: not a seqno"],
    [
      "evidence",
      position({ safeToBootstrap: 1 }),
      "state.evidence.safeToBootstrap: neither true nor false",
    ],
    [
      "evidence",
      position({ certain: undefined }),
      "state.evidence.certain: neither true nor false",
    ],
    ["ledger", "x", "state.ledger: no object"],
    ["ledger.uuid", "", "state.ledger.uuid: not a uuid"],
    ["ledger.foundings", undefined, "state.ledger.foundings: no list"],
    ["ledger.foundings", many(257, {}), "state.ledger.foundings: no list"],
    ["ledger.foundings.0", null, "state.ledger.foundings.0: no object"],
    ["ledger.foundings.0.epoch", -1, "state.ledger.foundings.0.epoch: not a number from 0"],
    ["ledger.foundings.0.id", "a b", "state.ledger.foundings.0.id: not an id"],
    ["ledger.foundings.0.seqno", "", "state.ledger.foundings.0.seqno: not a seqno"],
    ["ledger.foundings.0.inPlace", 1, "state.ledger.foundings.0.inPlace: neither true nor false"],
    ["ledger.view", undefined, "state.ledger.view: no object"],
    ["ledger.joining", {}, "state.ledger.joining: no list"],
    ["ledger.joining.0.seqno", 1, "state.ledger.joining.0.seqno: not a seqno"],
    ["ledger.discarded", undefined, "state.ledger.discarded: no list"],
    ["ledger.discarded.0", "1", "state.ledger.discarded.0: not a number from 0"],
    ["forces", "2", "state.forces: not a number from 0"],
  ])("%s: %j", (path, value, message) => {
    expect(() => readState(withField(path, value), "state")).toThrow(new FormatError(message));
  });

  test("what may be missing is, and null is no more", () => {
    for (const path of [
      "vote",
      "evidence",
      "ledger",
      "forces",
      "ledger.uuid",
      "ledger.joining",
      "phase.seqno",
    ]) {
      expect(readState(withField(path, undefined), "state")).toEqual(
        readState(withField(path, null), "state"),
      );
    }
    expect(readState(full, "state")).toMatchObject({ name: "galera-0", forces: 2 });
  });

  test("as many as there may be are taken", () => {
    const members = Array.from({ length: 256 }, (_, index) => `galera-${index}`);
    const read = readState(withField("ledger.view.members", members), "state");
    expect(read.ledger?.view.members).toEqual(members);
    expect(readState(withField("name", "x".repeat(253)), "state").name).toHaveLength(253);
    expect(readEvidence({ kind: "interrupted", by: "sst" }, "")).toEqual({
      kind: "interrupted",
      by: "sst",
    });
  });

  test.each([
    ["", "empty"],
    [" \n", "empty"],
    ['{"name": "gal', "no JSON"],
    ["\0\0\0", "no JSON"],
    ["null", undefined],
  ])("the text %j", (text, message) => {
    if (message === undefined) expect(fromJson(text)).toBeNull();
    else expect(() => fromJson(text)).toThrow(new FormatError(message));
  });
});

test("seqnos stay whole behind 2^53", () => {
  const seqno = 2n ** 63n - 1n;
  const state = waiting(0, { ...at(0), seqno });
  expect(toJson(state)).toContain('"9223372036854775807"');
  expect(readState(fromJson(toJson(state)), "state")).toEqual(state);
});
