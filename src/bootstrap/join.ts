/*
 * Joining a primary component, which replaces what a member has by what the cluster has: whether that
 * loses anything.
 */
import type { Position } from "../galera/grastate.js";
import type { Decision } from "./decide.js";
import { type Evidence, isData } from "./evidence.js";
import {
  epochOf,
  joining,
  type Ledger,
  lineOf,
  sharedUpTo,
  sharedWithoutLedger,
} from "./ledger.js";
import type { MemberState } from "./member.js";
import { answering, isPrimary, type Observation } from "./observation.js";
import { byOrdinal } from "./standing.js";
import { shortPosition } from "./words.js";

/** The primary component, as its members tell of it. */
export interface Primary {
  /** Of a member of it: always the same one, for the words about it to stay the same. */
  readonly name: string;
  readonly ledger: Ledger | undefined;
  /** How far its furthest member is; undefined where none could be asked. */
  readonly seqno: bigint | undefined;
}

/** The one of those that know most. Others may lag, as a donor does that an SST blocks. */
export function newestPrimary(contacts: Observation["contacts"]): Primary | undefined {
  const states = answering(contacts).filter(({ phase }) => isPrimary(phase));
  const newest = Math.max(...states.map(({ ledger }) => epochOf(ledger)));
  const [first, ...rest] = states
    .filter(({ ledger }) => epochOf(ledger) === newest)
    .sort(byOrdinal);
  if (first === undefined) return undefined;
  const seqno = rest.reduce((most, state) => further(most, seqnoOf(state)), seqnoOf(first));
  return { name: first.name, ledger: first.ledger, seqno };
}

function seqnoOf({ phase }: MemberState): bigint | undefined {
  return isPrimary(phase) ? phase.seqno : undefined;
}

function further(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

/** Rule 2: a primary component exists, so there is nothing to found. */
export function decideJoin(
  { self, discard }: Observation,
  evidence: Evidence,
  primary: Primary,
): Decision {
  const { name, ledger: cluster } = primary;
  const difference = differenceTo(evidence, self.ledger, primary);
  if (difference !== undefined) return diverged(self, discard, primary, difference);
  if (isData(evidence) && cannotBeCompared(evidence, self.ledger, primary)) {
    return { action: "wait", why: `the position of ${name}, which is in the primary component` };
  }
  return { action: "join", cluster, why: `${name} is in the primary component` };
}

/** My data are not the cluster's: only a human may give them up, once in an epoch. */
function diverged(
  { name: me, ledger }: MemberState,
  discard: Observation["discard"],
  { name, ledger: cluster }: Primary,
  { text, about }: Difference,
): Decision {
  const epoch = epochOf(cluster);
  // A join that was allowed, and has not come to its end, goes on.
  const isUnderWay = ledger?.joining !== undefined && ledger.uuid === undefined;
  const isUsed = ledger?.discarded.includes(epoch) === true && !isUnderWay;
  if (discard?.pod === me && discard.epoch === epoch && !isUsed) {
    const why = `${name} is in the primary component, and GALERA_ALLOW_DISCARD gives up my data: ${text}`;
    return { action: "join", cluster, why, discard: epoch };
  }
  const way = isUsed
    ? `its GALERA_ALLOW_DISCARD is used up; to give it up again, empty the datadir`
    : `to give it up, start once with GALERA_ALLOW_DISCARD=${me}:${epoch}`;
  const why = `diverged: ${text}; joining would replace it; ${way}`;
  return { action: "hold", why, about: `${about}; ${way}` };
}

/** Nothing but the member's position could tell whether the cluster has all that I have. */
function cannotBeCompared(
  { seqno }: Position,
  ledger: Ledger | undefined,
  primary: Primary,
): boolean {
  const cluster = primary.ledger;
  if (primary.seqno !== undefined || hasLine(ledger) === hasLine(cluster)) return false;
  // What its first founding began with is older than all ledgers, so mine if I am not ahead of it.
  const [first] = cluster?.foundings ?? [];
  return hasLine(ledger) || first === undefined || seqno > first.seqno;
}

function hasLine(ledger: Ledger | undefined): boolean {
  return ledger !== undefined && lineOf(ledger) !== undefined;
}

/** What my data has that the cluster's has not. */
interface Difference {
  readonly text: string;
  /** The same, without what changes while the cluster goes on. */
  readonly about: string;
}

/** Undefined where the cluster has all that I have. */
function differenceTo(
  evidence: Evidence,
  ledger: Ledger | undefined,
  primary: Primary,
): Difference | undefined {
  const { name, ledger: theirs, seqno } = primary;
  if (!isData(evidence)) return undefined;
  const mine = `mine is ${shortPosition(evidence)}`;
  if (theirs?.uuid !== undefined && theirs.uuid !== evidence.uuid) {
    return lasting(`${mine}, ${name} is in another cluster, ${theirs.uuid}`);
  }
  const shared =
    ledger === undefined || ledger.view.members.length === 0
      ? sharedWithoutLedger(theirs?.foundings ?? [])
      : sharedUpTo(ledger.foundings, theirs?.foundings ?? []);
  if (shared !== undefined && evidence.seqno > shared) {
    return lasting(
      `${mine}, and the cluster that ${name} is in was founded anew from position ${shared}`,
    );
  }
  if (seqno !== undefined && evidence.seqno > seqno) {
    const about = `${mine}, ahead of the cluster that ${name} is in`;
    return { text: `${mine}, and the cluster that ${name} is in stands at ${seqno}`, about };
  }
  return undefined;
}

function lasting(text: string): Difference {
  return { text, about: text };
}

/**
 * The ledger of a joiner whose server runs, and is not in the primary component yet. The cluster may
 * have been founded anew since the join was decided: the server comes into the component that there
 * is now, and unless its data part from that one's, it gets its past.
 */
export function joiningNewest(
  ledger: Ledger,
  evidence: Evidence | undefined,
  primary: Primary,
): Ledger {
  const foundings = primary.ledger?.foundings ?? [];
  if (ledger.joining === undefined || evidence === undefined) return ledger;
  if (epochOf(primary.ledger) <= epochOf({ foundings: ledger.joining })) return ledger;
  return differenceTo(evidence, ledger, primary) === undefined
    ? joining(ledger, foundings)
    : ledger;
}
