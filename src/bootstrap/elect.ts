/*
 * Who founds, where no primary component exists: rules 4 to 7 of docs/bootstrap.md.
 */
import { ordinalOf } from "../peers/identity.js";
import { electorate, isAwake, ledgersOf, silence } from "./electorate.js";
import {
  epochOf,
  type Founding,
  haveParted,
  type Ledger,
  lineOf,
  newestLedger,
  pastOf,
} from "./ledger.js";
import { grants, type MemberState } from "./member.js";
import { answering, type Observation } from "./observation.js";
import { byOrdinal, byRank, describeMember, standingOf, type Voter } from "./standing.js";
import { withKnown } from "./words.js";

/** What an election came to. */
export type Choice =
  /** Everybody who has to be asked has granted it to me. */
  | {
      readonly kind: "me";
      readonly candidate: MemberState;
      readonly epoch: number;
      /** The foundings that come before this one. */
      readonly past: readonly Founding[];
      readonly why: string;
    }
  /** This member gets my vote, I myself perhaps; not every grant is there yet. */
  | { readonly kind: "candidate"; readonly candidate: MemberState; readonly why: string }
  /** Somebody who has to be asked does not answer. */
  | { readonly kind: "silent"; readonly why: string; readonly hint: string }
  /** `stopping`: the members whose servers have to end first. */
  | { readonly kind: "nobody"; readonly why: string; readonly stopping?: readonly string[] }
  /** Only a human can choose. */
  | { readonly kind: "human"; readonly why: string };

type Abstention = Exclude<Choice, { readonly candidate: MemberState }>;

/** What an election rests on. */
interface Ballot {
  readonly o: Observation;
  readonly newest: Ledger | undefined;
  /** What is known of everybody, for messages. */
  readonly known: readonly string[];
  /** Of the next founding. */
  readonly epoch: number;
}

export function elect(o: Observation): Choice {
  const { self, contacts } = o;
  const states = [self, ...answering(contacts)];
  const ledgers = ledgersOf(o);
  const newest = newestLedger(ledgers);
  const known = states.map(describeMember);
  const epoch = Math.max(0, ...ledgers.map(epochOf)) + 1;
  const ballot: Ballot = { o, newest, known, epoch };
  const past = pastOf(self.ledger, ledgers);
  const forcing = forced(states, epoch);
  if (forcing !== undefined) {
    const candidacy = { candidate: forcing, past, forced: true };
    return poll(candidacy, states.filter(isAwake), ballot);
  }

  const strangers = severalClusters(states);
  if (strangers !== undefined) return { kind: "human", why: withKnown(strangers, known) };
  const parted = newest && ledgers.find((ledger) => haveParted(ledger, newest));
  if (newest !== undefined && parted !== undefined) {
    const why = `the cluster was founded twice in epoch ${lineOf(newest)?.epoch}`;
    return { kind: "human", why: `${withKnown(why, known)}; ${tokenHint(states, ballot)}` };
  }
  const names = electorate(o, newest, ledgers);
  const missing = names.filter((name) => !states.some((one) => one.name === name && isAwake(one)));
  if (missing.length > 0) {
    const silent = missing.map((name) => `${name}: ${silence(contacts.get(name))}`).join(", ");
    const hint = `if that is lost for good, ${tokenHint(states, ballot)}`;
    return { kind: "silent", why: withKnown(silent, known), hint };
  }
  const asked = states.filter(({ name }) => names.includes(name));
  const best = candidateOf(
    asked.map((state) => ({ state, standing: standingOf(state) })),
    ballot,
  );
  if ("why" in best) return best;
  return poll({ candidate: best.state, past, forced: false }, asked, ballot);
}

/** Rule 6. */
function candidateOf(voters: readonly Voter[], ballot: Ballot): Voter | Abstention {
  const { newest, known } = ballot;
  const mixed = foreignData(voters, ballot);
  if (mixed !== undefined) return mixed;
  const [first] = voters.toSorted(byRank);
  if (first === undefined) return { kind: "nobody", why: "a member that may found" };
  const stopping = inTheWay(voters, first);
  if (stopping.length > 0) {
    const why = `the end of the server of ${stopping.join(", ")}, which runs outside a primary component and cannot make one`;
    return { kind: "nobody", why: withKnown(why, known), stopping };
  }
  const isDoubtful = voters.some(({ standing }) => standing.kind === "doubtful");
  if (first.standing.kind !== "data" && (newest?.uuid !== undefined || isDoubtful)) {
    const hint = tokenHint(
      voters.map(({ state }) => state),
      ballot,
    );
    const why = withKnown("nobody has data that is known to be whole", known);
    return { kind: "human", why: `${why}; ${hint}` };
  }
  return newest === undefined ? (unproved(first, voters, ballot) ?? first) : first;
}

/** Ledgers of two clusters cannot be compared, whichever of them belongs here. */
function severalClusters(states: readonly MemberState[]): string | undefined {
  const clusters = Map.groupBy(
    states.filter(({ ledger }) => ledger?.uuid !== undefined),
    ({ ledger }) => ledger?.uuid,
  );
  if (clusters.size < 2) return undefined;
  const each = [...clusters].map(
    ([uuid, members]) => `${members.map(({ name }) => name).join(", ")} of cluster ${uuid}`,
  );
  return `these remember different clusters: ${each.join("; ")}: move the datadir away that does not belong here`;
}

/** A member that has to be asked has the data of another cluster. */
function foreignData(
  voters: readonly Voter[],
  { newest, known, o: { self } }: Ballot,
): Abstention | undefined {
  const uuids = new Map(
    voters.flatMap(({ state, standing }) =>
      standing.kind === "data" ? [[state.name, standing.uuid]] : [],
    ),
  );
  const ours = newest?.uuid;
  if (ours === undefined) {
    if (new Set(uuids.values()).size < 2) return undefined;
    return { kind: "human", why: withKnown("the members have data of several clusters", known) };
  }
  const foreign = [...uuids].filter(([, uuid]) => uuid !== ours).map(([name]) => name);
  if (foreign.length === 0) return undefined;
  const why = `${foreign.join(", ")} has data of another cluster than ${ours}`;
  // Who is at fault is held; the others go on by themselves once that is mended.
  return { kind: foreign.includes(self.name) ? "human" : "nobody", why: withKnown(why, known) };
}

/**
 * Servers that run outside a primary component, where one that does not run is to found: they could
 * find their way to a primary component by themselves, beside it. One that cannot be asked for its
 * position could be the one with the most data.
 */
function inTheWay(voters: readonly Voter[], first: Voter): readonly string[] {
  const running = voters.filter(({ state }) => state.phase.kind === "running");
  const unknown = running.filter(({ standing }) => standing.kind === "doubtful");
  const isBehind = first.state.phase.kind !== "running";
  return (isBehind ? running : unknown).map(({ state }) => state.name);
}

/** Without a ledger nothing tells who else there was: what has to prove that nobody is missed. */
function unproved(
  { state, standing }: Voter,
  voters: readonly Voter[],
  { o: { stale, replicas }, known }: Ballot,
): Abstention | undefined {
  if (stale !== undefined) return { kind: "nobody", why: stale };
  if (standing.kind === "data") {
    const isWhole = replicas !== undefined && voters.length >= replicas;
    if (standing.safe || isWhole) return undefined;
    const why = `another member: ${describeMember(state)}, and another one left later (GALERA_REPLICAS says how many there are)`;
    return { kind: "nobody", why: withKnown(why, known.slice(1)) };
  }
  if (ordinalOf(state.name) === 0) return undefined;
  return { kind: "nobody", why: `another peer in DNS: ${state.name} is not the first member` };
}

interface Candidacy {
  readonly candidate: MemberState;
  readonly past: readonly Founding[];
  readonly forced: boolean;
}

/** Rule 7: whether everybody grants it. */
function poll(
  candidacy: Candidacy,
  voters: readonly MemberState[],
  { o: { self }, epoch, known }: Ballot,
): Choice {
  const { candidate, past } = candidacy;
  if (candidate.name !== self.name) {
    const why = withKnown(`${candidate.name} to found the cluster`, known);
    return { kind: "candidate", candidate, why };
  }
  const missing = voters.filter((voter) => !grants(voter, self)).map(({ name }) => name);
  if (missing.length === 0) {
    return { kind: "me", candidate: self, epoch, past, why: reason(candidacy, voters) };
  }
  const others = missing.filter((name) => name !== self.name);
  const what = others.length > 0 ? `the grant of ${others.join(", ")}` : "my own grant";
  return { kind: "candidate", candidate: self, why: withKnown(what, known) };
}

/** Why the founder is the right one. */
function reason({ candidate, forced }: Candidacy, voters: readonly MemberState[]): string {
  const what = describeMember(candidate);
  if (forced) return `${what}, and GALERA_FORCE_BOOTSTRAP leaves out who is silent`;
  if (voters.length > 1) {
    return `${what}; nobody has more of ${voters.map(({ name }) => name).join(", ")}, and all grant it`;
  }
  return candidate.ledger === undefined
    ? `${what}, and I am alone in a fresh DNS answer`
    : `${what}, and I was alone in the last primary component`;
}

/** Rule 4: who is silent is left out, who answers still has to grant it. */
function forced(states: readonly MemberState[], epoch: number): MemberState | undefined {
  const hasData = (state: MemberState) => standingOf(state).kind === "data";
  // A token is not for losing what others who are here have.
  const isLoss = (state: MemberState) => !hasData(state) && states.some(hasData);
  return states
    .filter((one) => one.forces === epoch && one.phase.kind === "waiting" && !isLoss(one))
    .toSorted(byOrdinal)[0];
}

/** How a human lets the member found that has the most, if only perhaps. */
function tokenHint(states: readonly MemberState[], { epoch }: Ballot): string {
  const [best] = states.toSorted((one, other) => compareKnown(one, other) || byOrdinal(one, other));
  return `to found from ${best?.name}, start it once with GALERA_FORCE_BOOTSTRAP=${best?.name}:${epoch}`;
}

/** Positions also where they are not certain, then anything that is not empty. */
function compareKnown(one: MemberState, other: MemberState): number {
  const worth = ({ evidence }: MemberState) => {
    if (evidence?.kind === "position") return evidence.seqno + 2n;
    return evidence === undefined || evidence.kind === "empty" ? 0n : 1n;
  };
  return worth(one) > worth(other) ? -1 : worth(one) < worth(other) ? 1 : 0;
}
