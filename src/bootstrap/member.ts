/*
 * What a member tells the others of itself, and how that changes. Pure: the agent does what is
 * decided here, and the model checker runs the same code.
 */
import type { Decision } from "./decide.js";
import type { Evidence } from "./evidence.js";
import { discarding, founded, joining, type Ledger, type View, viewed } from "./ledger.js";

/** What a member does at the moment. */
export type Phase =
  /** Its agent is up; no server has been started since, as far as it knows. */
  | { readonly kind: "idle" }
  /** Its `run` waits for the decision. */
  | { readonly kind: "waiting" }
  /** Its server starts as founder, and is not in a primary component yet. */
  | { readonly kind: "founding" }
  /** Its server starts as joiner, and is not in a primary component yet. */
  | { readonly kind: "joining" }
  | Running;

/** Its server is connected to the group. */
export interface Running {
  readonly kind: "running";
  readonly primary: boolean;
  /** `synced`, `donor`, `joined`, `connected`, … as `wsrep_notify_cmd` has it. */
  readonly status: string;
  /** The component that it is in, also one that is not primary. */
  readonly view: View;
  /** `wsrep_last_committed`; undefined where the server could not be asked. */
  readonly seqno: bigint | undefined;
}

/**
 * A member's grant: it names one candidate, in the state in which it saw it. A ballot counts up
 * whenever its member's own vote changes, so a vote for a candidate's present ballot was cast after
 * the candidate last changed its mind.
 */
export interface Vote {
  readonly candidate: string;
  readonly incarnation: string;
  readonly ballot: number;
}

/** What `GET /v1/state` gives. */
export interface MemberState {
  /** The pod's name. */
  readonly name: string;
  /** Of its agent: another one whenever that starts. */
  readonly incarnation: string;
  readonly ballot: number;
  readonly vote: Vote | undefined;
  readonly phase: Phase;
  /** What its datadir told at the last start; undefined before the first. */
  readonly evidence: Evidence | undefined;
  readonly ledger: Ledger | undefined;
  /** The epoch that a human wants it to found, without those who are silent (GALERA_FORCE_BOOTSTRAP). */
  readonly forces: number | undefined;
}

/** An agent that begins: what it knows is what its disk holds. */
export function begun(
  name: string,
  incarnation: string,
  ledger: Ledger | undefined,
  forces?: number,
): MemberState {
  return {
    ...{ name, incarnation, ballot: 0, vote: undefined, evidence: undefined, ledger, forces },
    phase: { kind: "idle" },
  };
}

/** `run` asks for the decision: whatever server there was, it has ended. */
export function started(state: MemberState, evidence: Evidence): MemberState {
  return withVote({ ...state, evidence, phase: { kind: "waiting" } }, undefined);
}

/** Another phase: what was granted in the one before is void. */
export function inPhase(state: MemberState, phase: Phase): MemberState {
  const next = { ...state, phase };
  return phase.kind === state.phase.kind ? next : withVote(next, undefined);
}

/** Casts the vote for a candidate, as it was seen; for none where nobody is to be elected. */
export function withVote(state: MemberState, candidate: MemberState | undefined): MemberState {
  if (candidate?.name === state.name) {
    if (state.vote?.candidate === state.name) return state;
    const ballot = state.ballot + 1;
    return { ...state, ballot, vote: { ...voteFor(state), ballot } };
  }
  const vote = candidate && voteFor(candidate);
  return isSameVote(vote, state.vote) ? state : { ...state, ballot: state.ballot + 1, vote };
}

function voteFor({ name, incarnation, ballot }: MemberState): Vote {
  return { candidate: name, incarnation, ballot };
}

function isSameVote(one: Vote | undefined, other: Vote | undefined): boolean {
  return (
    one?.candidate === other?.candidate &&
    one?.incarnation === other?.incarnation &&
    one?.ballot === other?.ballot
  );
}

/** Whether a member grants a candidate what it stands for now. */
export function grants(voter: MemberState, candidate: MemberState): boolean {
  return isSameVote(voter.vote, voteFor(candidate));
}

/** What `wsrep_notify_cmd` tells of the server. */
export interface ServerView {
  readonly uuid: string;
  readonly primary: boolean;
  readonly status: string;
  readonly view: View;
}

/** The server is in a component: what the ledger has to hold from now on. */
export function inComponent(state: MemberState, told: ServerView): MemberState {
  const { uuid, primary, status, view } = told;
  const seqno = state.phase.kind === "running" ? state.phase.seqno : undefined;
  const phase: Phase = { kind: "running", primary, status, view, seqno };
  const next = inPhase(state, phase);
  return primary
    ? { ...next, ledger: viewed(state.ledger, uuid, view, status === "synced") }
    : next;
}

/** What a decision makes of the member: the ledger in it has to be durable before anything is done. */
export function decided(state: MemberState, decision: Decision, id: string): MemberState {
  const { ledger, name, evidence } = state;
  switch (decision.action) {
    case "found": {
      const data = evidence?.kind === "position" ? evidence : undefined;
      const founding = { epoch: decision.epoch, id, seqno: data?.seqno ?? -1n };
      const view = { number: 0, members: [name] };
      const next = founded(ledger, founding, view, data?.uuid, decision.past);
      return { ...inPhase(state, { kind: "founding" }), ledger: next };
    }
    case "bootstrap": {
      const { seqno = -1n, view } = decision.running;
      const founding = { epoch: decision.epoch, id, seqno, inPlace: true };
      const next = founded(ledger, founding, view, ledger?.uuid, decision.past);
      return { ...state, ledger: next };
    }
    case "join": {
      const { cluster, discard } = decision;
      const base = discard === undefined ? ledger : discarding(ledger, discard);
      const next = joining(base, cluster?.foundings ?? []);
      return { ...inPhase(state, { kind: "joining" }), ledger: next };
    }
    case "wait":
    case "hold":
    case "rest":
      return withVote(state, decision.elects);
    default:
      return decision satisfies never;
  }
}
