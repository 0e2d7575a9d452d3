/** What holds whatever the members are, have and have granted. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Decision, decide } from "../../src/bootstrap/decide.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { epochOf, type Ledger, newestLedger } from "../../src/bootstrap/ledger.js";
import { grants, type MemberState, type Phase, withVote } from "../../src/bootstrap/member.js";
import type { BootstrapMode, Observation } from "../../src/bootstrap/observation.js";
import {
  at,
  connected,
  founding,
  ledger,
  otherUuid,
  pods,
  seen,
  silent,
  waiting,
} from "./cluster.js";

const size = 3;
const subset = fc.subarray(pods(size), { minLength: 1 });

const evidences: fc.Arbitrary<Evidence> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(4).map((seqno) => at(seqno)) },
  fc
    .record({ seqno: fc.nat(4), safeToBootstrap: fc.boolean(), certain: fc.boolean() })
    .map(({ seqno, ...flags }) => at(seqno, flags)),
  fc.constantFrom<Evidence>(
    { kind: "empty" },
    { kind: "initialised" },
    { kind: "unclustered" },
    { kind: "interrupted", by: "sst" },
    { kind: "interrupted", by: "initialisation" },
    at(2, { uuid: otherUuid }),
  ),
);

const ledgers: fc.Arbitrary<Ledger | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .record({ members: subset, number: fc.nat(3), foundings: fc.integer({ min: 1, max: 2 }) })
    .map(({ members, number, foundings }) =>
      ledger(members, {
        view: { number, members },
        foundings: [founding(1), founding(2, 2n)].slice(0, foundings),
      }),
    ),
);

const phases: fc.Arbitrary<Phase> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Phase>({ kind: "waiting" }) },
  fc.constantFrom<Phase>({ kind: "idle" }, { kind: "joining" }, { kind: "founding" }),
  fc.tuple(fc.boolean(), fc.nat(4), subset).map((args) => connected(...args)),
);

interface World {
  readonly members: readonly MemberState[];
  /** What each sees of the others: all, or some are silent. */
  readonly views: readonly Observation[];
}

const worlds: fc.Arbitrary<World> = fc
  .record({
    members: fc.tuple(
      ...pods(size).map((_, ordinal) =>
        fc
          .tuple(
            evidences,
            ledgers,
            phases,
            fc.option(fc.constantFrom(1, 2, 3), { nil: undefined, freq: 8 }),
          )
          .map(([evidence, remembered, phase, forces]) =>
            waiting(ordinal, evidence, remembered, { phase, forces }),
          ),
      ),
    ),
    votes: fc.array(fc.nat(size), { minLength: size, maxLength: size }),
    unanimous: fc.option(fc.nat(size - 1), { nil: undefined, freq: 1 }),
    mutes: fc.array(fc.nat(6), { minLength: size, maxLength: size }),
    mode: fc.constantFrom<BootstrapMode>("safe", "safe", "safe", "never"),
    replicas: fc.constantFrom(undefined, 1, 3),
    stale: fc.constantFrom(undefined, undefined, "a fresh answer"),
    named: subset,
  })
  .map(({ members: blank, votes, unanimous, mutes, named, ...rest }) => {
    // Everybody has voted for itself or nobody, then for the one that it saw so.
    const themselves = blank.map((one, index) =>
      (unanimous ?? votes[index]) === index ? withVote(one, one) : one,
    );
    const members = themselves.map((one, index) => {
      const candidate = themselves[unanimous ?? votes[index] ?? size];
      return candidate === one ? one : withVote(one, candidate);
    });
    const views = members.map((self, index) => {
      const dns = [...new Set([self.name, ...named])];
      const known = new Set([...dns, ...(self.ledger?.view.members ?? [])]);
      const others = members
        .filter((one) => one !== self && known.has(one.name))
        .map((one) => (mutes[index] === members.indexOf(one) ? silent(members.indexOf(one)) : one));
      return seen([self, ...others], { ...rest, named: dns });
    });
    return { members, views };
  });

const acts = ({ action }: Decision) => action === "found" || action === "bootstrap";

/** Holds for each decision to found; the runs have to meet enough of them to mean something. */
function whoeverFounds(holds: (o: Observation, decision: Decision, world: World) => void): void {
  let met = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      for (const view of world.views) {
        const decision = decide(view);
        if (!acts(decision)) continue;
        met += 1;
        holds(view, decision, world);
      }
    }),
    { numRuns: 2000 },
  );
  expect(met).toBeGreaterThan(20);
}

const answers = ({ self, contacts }: Observation) => [
  self,
  ...[...contacts.values()].flatMap((one) => (one.kind === "answers" ? [one.state] : [])),
];
const newest = (o: Observation) =>
  newestLedger(answers(o).flatMap(({ ledger }) => (ledger ? [ledger] : [])));
const nextEpoch = (o: Observation) => Math.max(...answers(o).map((one) => epochOf(one.ledger))) + 1;

/** A token counts where nobody else who answers has data, or I have. */
const isForced = (o: Observation) =>
  o.self.phase.kind === "waiting" &&
  o.self.forces === nextEpoch(o) &&
  (positionOf(o.self) !== undefined || answers(o).every((one) => positionOf(one) === undefined));

test("at most one founds, of members that all see each other; test/model has the others", () => {
  fc.assert(
    fc.property(worlds, ({ views, members }) => {
      const decisions = members.map((self, index) => {
        const others = members.filter((one) => one !== self);
        const named = views[0]?.named ?? [];
        const { mode = "safe", replicas } = views[index] ?? {};
        return decide(seen([self, ...others], { named, mode, replicas }));
      });
      expect(decisions.filter(acts).length).toBeLessThan(2);
    }),
    { numRuns: 2000 },
  );
});

test("nobody founds who must not, nor beside a primary component or one on its way to it", () => {
  whoeverFounds((o) => {
    expect(o.mode).toBe("safe");
    for (const { phase } of answers(o).slice(1)) {
      expect(phase.kind === "running" && phase.primary).toBe(false);
      expect(["joining", "founding"]).not.toContain(phase.kind);
    }
  });
});

test("nobody founds without the grant of all that are awake and have to be asked", () => {
  whoeverFounds((o) => {
    const asked = isForced(o)
      ? answers(o).map(({ name }) => name)
      : (newest(o)?.view.members ?? o.named);
    for (const name of asked) {
      const voter = answers(o).find((one) => one.name === name);
      if (isForced(o) && voter?.phase.kind === "idle") continue;
      expect(voter && grants(voter, o.self)).toBe(true);
    }
  });
});

test("nobody founds behind one that has to be asked, nor from what is no data while one has data", () => {
  whoeverFounds((o) => {
    if (isForced(o)) return;
    const asked = newest(o)?.view.members ?? o.named;
    const seqnos = answers(o)
      .filter(({ name }) => asked.includes(name))
      .map(positionOf)
      .filter((seqno) => seqno !== undefined);
    const own = positionOf(o.self);
    for (const seqno of seqnos) expect(own !== undefined && own >= seqno).toBe(true);
  });
});

function positionOf({ phase, evidence, ledger }: MemberState): bigint | undefined {
  if (phase.kind === "running") return ledger?.uuid === undefined ? undefined : phase.seqno;
  return evidence?.kind === "position" && evidence.certain ? evidence.seqno : undefined;
}

test("nobody founds from half of a copy, nor a new cluster where one is remembered", () => {
  whoeverFounds((o) => {
    if (isForced(o)) return;
    const { phase, evidence } = o.self;
    if (phase.kind === "running") return;
    expect(evidence).not.toEqual({ kind: "interrupted", by: "sst" });
    expect(evidence?.kind === "position" && !evidence.certain).toBe(false);
    if (newest(o) !== undefined) expect(evidence?.kind).toBe("position");
  });
});

test("the epoch is the next one", () => {
  whoeverFounds((o, decision) => {
    expect(decision).toMatchObject({ epoch: nextEpoch(o) });
  });
});

test("databases of no cluster are given up to nobody", () => {
  fc.assert(
    fc.property(worlds, ({ views }) => {
      for (const view of views) {
        const { phase, evidence } = view.self;
        if (phase.kind !== "waiting" || evidence?.kind !== "unclustered") continue;
        expect(decide(view).action).toBe("hold");
      }
    }),
  );
});

test("the same is seen, the same is said: a log says it once", () => {
  fc.assert(
    fc.property(worlds, ({ views }) => {
      for (const view of views) expect(decide(structuredClone(view))).toEqual(decide(view));
    }),
  );
});
