/*
 * Faults put into the rules one at a time: each has to be caught, else a rule is not needed or the
 * checker is blind to it.
 */
import { decide } from "../../src/bootstrap/decide.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { epochOf, type Ledger } from "../../src/bootstrap/ledger.js";
import { inPhase, type MemberState, started, withVote } from "../../src/bootstrap/member.js";
import { answering, type Contact, type Observation } from "../../src/bootstrap/observation.js";
import { decideForMyself, evidenceOf, type Rules, realRules } from "./rules.js";
import type { WorldName } from "./setups.js";
import { indexOf, uuidOf } from "./world.js";

/** Where a mutation shows. */
type World = WorldName;

export interface Mutation {
  readonly rules: Rules;
  readonly world: World;
  /** Lost disks and tokens are needed to show it. */
  readonly losses?: number;
  readonly tokens?: number;
  /** Another rule does as well, so nothing is seen to break. */
  readonly covered?: string;
  /** Where Galera would let a majority of the last view go on by itself. */
  readonly remerge?: "all" | "majority";
}

type See = (o: Observation) => Observation;

const mutation = (name: string, world: World, rules: Partial<Rules>): Mutation => ({
  rules: { ...realRules, ...rules, name, cache: new Map() },
  world,
});

/** The real decision on something else than what is there. */
const seen = (name: string, world: World, see: See): Mutation =>
  mutation(name, world, { decide: (o) => decideForMyself(see(o)) });

function others(o: Observation, see: (state: MemberState) => MemberState): Observation {
  const contacts = new Map(
    [...o.contacts].map(([name, one]): [string, Contact] => [
      name,
      one.kind === "answers" ? { kind: "answers", state: see(one.state) } : one,
    ]),
  );
  return { ...o, contacts };
}

const everybody = (o: Observation, see: (state: MemberState) => MemberState): Observation => ({
  ...others(o, see),
  self: see(o.self),
});

const withMembers = (state: MemberState, see: (names: readonly string[]) => readonly string[]) =>
  state.ledger === undefined
    ? state
    : {
        ...state,
        ledger: {
          ...state.ledger,
          view: { ...state.ledger.view, members: see(state.ledger.view.members) },
        },
      };

const waiting = { kind: "waiting" } as const;

const position = (state: MemberState, seqno: bigint): MemberState => {
  const evidence: Evidence = {
    ...{ kind: "position", uuid: state.ledger?.uuid ?? uuidOf(1), seqno, safeToBootstrap: false },
    certain: true,
  };
  return state.phase.kind === "waiting" ? { ...state, evidence } : state;
};

/** A waiting member's evidence, as its copy of the running one's position. */
const stopped = (state: MemberState): MemberState =>
  state.phase.kind === "running" && !state.phase.primary
    ? position({ ...state, phase: waiting }, state.phase.seqno ?? 0n)
    : state;

/** Everybody's vote is for me, as I stand. */
const granted = (o: Observation, only: (state: MemberState) => boolean): Observation => {
  const self = withVote(o.self, o.self);
  const { name: candidate, incarnation, ballot } = self;
  const vote = { candidate, incarnation, ballot };
  const mine = others(o, (state) => (only(state) ? { ...state, vote } : state));
  return { ...mine, self: { ...o.self } };
};

const lossy = (one: Mutation): Mutation => ({ ...one, losses: 1 });

const here = (o: Observation) =>
  new Set([o.self, ...answering(o.contacts)].map(({ name }) => name));

export const mutations: readonly Mutation[] = [
  seen("a silent member is left out after a while", "outage", (o) =>
    everybody(o, (state) =>
      withMembers(state, (names) => names.filter((name) => here(o).has(name))),
    ),
  ),
  seen("whom DNS names is asked, not whom the ledger names", "outage", (o) =>
    everybody(o, (state) => withMembers(state, () => o.named)),
  ),
  seen("no grants are needed", "outage", (o) => granted(o, () => true)),
  seen("a vote is for a candidate, whatever its ballot", "split", (o) =>
    granted(o, ({ vote }) => vote?.candidate === o.self.name),
  ),
  mutation("a founding is not written down", "shrunk", {
    decided: (state, decision, id) => {
      const next = realRules.decided(state, decision, id);
      return decision.action === "found" ? { ...next, ledger: state.ledger } : next;
    },
  }),
  mutation("views are not written down", "outage", {
    inComponent: (state, told) => ({ ...realRules.inComponent(state, told), ledger: state.ledger }),
  }),
  lossy(
    seen("empty members win by ordinal beside data", "outage", (o) =>
      everybody(o, (state) =>
        state.evidence?.kind === "empty"
          ? position(state, 1000n - BigInt(indexOf(state.name)))
          : state,
      ),
    ),
  ),
  seen("the lowest ordinal wins, not the highest position", "outage", (o) =>
    everybody(o, (state) =>
      state.evidence?.kind === "position"
        ? position(state, 1000n - BigInt(indexOf(state.name)))
        : state,
    ),
  ),
  mutation("half of an SST counts as data", "shrunk", {
    evidenceOf: (disk, ledger) =>
      disk.kind === "half" || evidenceOf(disk, ledger).kind === "interrupted"
        ? evidenceOf({ ...disk, kind: "data", clean: true }, ledger)
        : evidenceOf(disk, ledger),
  }),
  mutation("an SST without its marker counts as data", "shrunk", {
    evidenceOf: (disk, ledger) => {
      const evidence = evidenceOf(disk, ledger);
      return evidence.kind === "position" ? { ...evidence, certain: true } : evidence;
    },
  }),
  {
    ...seen("a founding peer is not waited for", "outage", (o) =>
      others(o, (state) =>
        state.phase.kind === "founding" ? { ...state, phase: waiting } : state,
      ),
    ),
    covered: "its ledger already names it alone in the newest component, and it grants nothing",
  },
  {
    ...seen("an idle agent speaks for its datadir", "outage", (o) =>
      others(o, (state) => (state.phase.kind === "idle" ? { ...state, phase: waiting } : state)),
    ),
    covered: "it has no vote",
  },
  lossy(
    seen("a stale answer of DNS counts as fresh", "outage", (o) => ({ ...o, stale: undefined })),
  ),
  lossy(
    seen("the first start minds no other name in DNS", "outage", (o) => ({
      ...o,
      named: [o.self.name],
      replicas: undefined,
    })),
  ),
  {
    ...mutation("servers apart are not minded before pc.bootstrap", "split", {
      decide: (o) => {
        const { phase } = o.self;
        if (phase.kind !== "running") return decideForMyself(o);
        const view = { ...phase.view, members: [...here(o)] };
        const decision = decideForMyself({ ...o, self: { ...o.self, phase: { ...phase, view } } });
        return decision.action === "bootstrap" ? { ...decision, running: phase } : decision;
      },
    }),
    remerge: "majority",
  },
  seen("a stopped member founds beside a running one", "split", (o) =>
    o.self.phase.kind === "waiting" ? others(o, stopped) : o,
  ),
  {
    ...mutation("another phase keeps the vote", "outage", {
      inPhase: (state, phase) => ({
        ...inPhase(state, phase),
        vote: state.vote,
        ballot: state.ballot,
      }),
      started: (state, evidence) => ({
        ...started(state, evidence),
        ...{ vote: state.vote, ballot: state.ballot },
      }),
    }),
    covered: "a member's ledger comes with its vote",
  },
  mutation("votes do not outdate one's own candidacy", "outage", {
    decided: (state, decision, id) => ({ ...realRules.decided(state, decision, id), ballot: 1 }),
  }),
  {
    ...mutation("who is ahead joins all the same", "outage", {
      decide: (o) => {
        const decision = decide(o);
        const primary = answering(o.contacts).find(({ phase }) => phase.kind === "running");
        return decision.action === "hold" && decision.why.startsWith("diverged")
          ? { action: "join", why: "", cluster: primary?.ledger }
          : decideForMyself(o);
      },
    }),
    tokens: 1,
  },
  {
    ...mutation("a token can be used again", "outage", {
      decide: (o) => {
        const epoch = Math.max(
          0,
          ...[o.self, ...answering(o.contacts)].map((one) => epochOf(one.ledger)),
        );
        const again = (one: MemberState) =>
          one.forces === undefined ? one : { ...one, forces: epoch + 1 };
        return decideForMyself(everybody(o, again));
      },
    }),
    tokens: 1,
  },
  {
    ...mutation("a token to discard can be used again", "outage", {
      decide: (o) =>
        decideForMyself({
          ...o,
          discard: o.discard && {
            pod: o.discard.pod,
            epoch: Math.max(...answering(o.contacts).map((one) => epochOf(one.ledger))),
          },
          self: {
            ...o.self,
            ledger: o.self.ledger && ({ ...o.self.ledger, discarded: [] } satisfies Ledger),
          },
        }),
    }),
    tokens: 3,
  },
];
