/*
 * A member's part in deciding who founds: looks at DNS, asks the others, decides, and keeps what it
 * has granted. The agent runs it for as long as the pod lives; a `run` without an agent for its start.
 */
import { firstLabel } from "../dns/name.js";
import type { Look, Sight } from "../peers/look.js";
import {
  type AddressType,
  addressOf,
  answered,
  namePeers,
  type PeerSet,
} from "../peers/peer-set.js";
import type { Clock } from "../system/clock.js";
import { type Decision, decide } from "./decide.js";
import type { Evidence } from "./evidence.js";
import { adopted, type Ledger } from "./ledger.js";
import {
  begun,
  decided,
  inComponent,
  inPhase,
  type MemberState,
  type ServerView,
  started,
  withVote,
} from "./member.js";
import {
  answering,
  type BootstrapMode,
  type Contact,
  isPrimary,
  type Observation,
  type Token,
} from "./observation.js";
import { byOrdinal } from "./standing.js";

export interface ParticipantOptions {
  /** The pod's name. */
  readonly name: string;
  /** Another one whenever this process starts. */
  readonly incarnation: string;
  readonly mode: BootstrapMode;
  /** How members name each other: a start needs an address of that type of everybody. */
  readonly addressType: AddressType;
  readonly replicas: number | undefined;
  readonly force: Token | undefined;
  readonly discard: Token | undefined;
  readonly ledger: Ledger | undefined;
}

export interface ParticipantPorts {
  readonly look: Look;
  readonly contact: FindOut;
  readonly clock: Clock;
  /** Makes a ledger durable. */
  readonly save: (ledger: Ledger) => void;
  /** An id that nobody else makes. */
  readonly newId: () => string;
}

/** Asks a member, and says what it came to. */
export type FindOut = (who: Whom, signal: AbortSignal) => Promise<Contact>;

export interface Whom {
  readonly name: string;
  /** Undefined where DNS does not name it. */
  readonly address: string | undefined;
  /** Whether the asker has data that a join could replace. */
  readonly atStake: boolean;
}

/** What one pass came to. */
export interface Verdict {
  readonly decision: Decision;
  /** Undefined until DNS names me. */
  readonly peers: PeerSet | undefined;
}

export interface Participant {
  state(): MemberState;
  /** `run` asks: what the datadir holds, now that no server runs on it. */
  start(evidence: Evidence, ledger: Ledger | undefined): void;
  /** What the server has told (`galera-peers notify`). */
  told(view: ServerView): void;
  /** How far the server has committed, where it could be asked. */
  stands(seqno: bigint | undefined): void;
  /** The server is gone. */
  idle(): void;
  /** Looks, asks and decides once; what is decided is durable when it returns. */
  pass(signal: AbortSignal): Promise<Verdict>;
  /** As `pass`, without any effect. */
  preview(signal: AbortSignal): Promise<Verdict>;
}

/** A hold that rests on what others said has to last so long: they may be about to change. */
const holdAfterMs = 5000;
/**
 * A component that still counts me in has not noticed that my server ended (evs.suspect_timeout, 5 s,
 * at most evs.inactive_timeout, 15 s), and may not be primary once it does: a join that then finds
 * no primary component gives up only after 30 s.
 */
const noticedMs = 20_000;
/**
 * Galera lets members in one at a time: of two that come in the same second, the second one waits
 * for about six. So a member waits for those before it, but not longer than this.
 */
const turnMs = 5000;
/** DNS is asked so often at most. */
const lookEveryMs = 1000;

export function createParticipant(
  options: ParticipantOptions,
  { look, contact, clock, save, newId }: ParticipantPorts,
): Participant {
  const { name, incarnation, mode, replicas, force, discard } = options;
  const forces = force?.pod === name ? force.epoch : undefined;
  let state = begun(name, incarnation, options.ledger, forces);
  let sight: Sight | undefined;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let starts = 0;
  let countedMs: number | undefined;
  let turn = { names: "", sinceMs: 0 };
  let held: { readonly why: string; readonly sinceMs: number } | undefined;

  const seen = async (signal: AbortSignal) => {
    const nowMs = clock.now();
    if (sight === undefined || nowMs - lookedMs >= lookEveryMs) {
      lookedMs = nowMs;
      sight = await look(signal);
    }
    return sight;
  };

  const observe = async (set: PeerSet, signal: AbortSignal): Promise<Observation> => {
    const addresses = new Map(
      set.peers.map((peer) => [firstLabel(peer.name), addressOf(peer, "ip")]),
    );
    const others = [
      ...new Set([...addresses.keys(), ...(state.ledger?.view.members ?? [])]),
    ].filter((other) => other !== name);
    const atStake = state.evidence?.kind === "position";
    const contacts = await Promise.all(
      others.map(async (other): Promise<[string, Contact]> => {
        const whom = { name: other, address: addresses.get(other), atStake };
        return [other, await contact(whom, signal)];
      }),
    );
    return {
      ...{ mode, replicas, self: state, named: [...addresses.keys()], stale: staleness(set) },
      ...{ contacts: new Map(contacts), discard },
    };
  };

  /** What others said may have just changed: a hold has to last. */
  const steady = (decision: Decision): Decision => {
    if (decision.action !== "hold" || decision.own) {
      held = undefined;
      return decision;
    }
    const nowMs = clock.now();
    if (held?.why !== decision.why) held = { why: decision.why, sinceMs: nowMs };
    if (nowMs - held.sinceMs >= holdAfterMs) return decision;
    return { action: "wait", why: `a human, unless this changes: ${decision.why}` };
  };

  /** Joins a component that knows that I have left it. */
  const asNewcomer = (decision: Decision, { contacts, self }: Observation): Decision => {
    const isCounted = decision.action === "join" && stillCounts(self, contacts);
    const nowMs = clock.now();
    if (!isCounted) countedMs = undefined;
    else countedMs ??= nowMs;
    if (countedMs === undefined || nowMs - countedMs >= noticedMs) return decision;
    return { action: "wait", why: "the primary component to notice that my server has ended" };
  };

  /** Joins after those before me, so that each of us is let in at once. */
  const inTurn = (decision: Decision, { contacts, self }: Observation): Decision => {
    const before = decision.action === "join" ? comingBefore(self, contacts) : [];
    const names = before.join(", ");
    const nowMs = clock.now();
    if (turn.names !== names) turn = { names, sinceMs: nowMs };
    if (before.length === 0 || nowMs - turn.sinceMs >= turnMs) return decision;
    return { action: "wait", why: `${names} to be let into the cluster first` };
  };

  const consider = async (
    signal: AbortSignal,
    act: (observation: Observation) => Decision,
  ): Promise<Verdict> => {
    const what = await seen(signal);
    if (what.kind === "awaiting") {
      return { decision: { action: "wait", why: what.what }, peers: undefined };
    }
    const named = namePeers(what.set, options.addressType);
    if (typeof named === "string") {
      return { decision: { action: "wait", why: named }, peers: what.set };
    }
    const before = starts;
    const observation = await observe(what.set, signal);
    if (before !== starts) return { decision: { action: "wait", why: "DNS" }, peers: undefined };
    // Anything may have come while the others were asked: what counts is what I am now.
    return { decision: act({ ...observation, self: state }), peers: what.set };
  };

  const keep = (next: MemberState) => {
    if (next.ledger !== undefined && next.ledger !== state.ledger) save(next.ledger);
    state = next;
  };

  return {
    state: () => state,
    start: (evidence, ledger) => {
      state = started({ ...state, ledger }, evidence);
      starts += 1; // whoever is asked at this moment is asked for another one
      lookedMs = Number.NEGATIVE_INFINITY;
      held = undefined;
      countedMs = undefined;
    },
    told: (view) => keep(inComponent(state, view)),
    stands: (seqno) => {
      const { phase } = state;
      if (phase.kind === "running") state = { ...state, phase: { ...phase, seqno } };
    },
    idle: () => {
      state = inPhase(state, { kind: "idle" });
    },
    pass: (signal) =>
      consider(signal, (observation) => {
        const settled = asNewcomer(steady(decideForMyself(observation)), observation);
        const decision = inTurn(settled, observation);
        keep(decided(state, decision, newId()));
        keep(withNewsOf(state, observation.contacts));
        return decision;
      }),
    preview: (signal) => consider(signal, decideForMyself),
  };
}

/** Whether every primary component that answers has me as a member. */
function stillCounts(self: MemberState, contacts: Observation["contacts"]): boolean {
  const views = answering(contacts).flatMap(({ phase }) => (isPrimary(phase) ? [phase.view] : []));
  return views.length > 0 && views.every(({ members }) => members.includes(self.name));
}

/** The members with a lower ordinal that are about to join, and not in the group yet. */
function comingBefore(self: MemberState, contacts: Observation["contacts"]): string[] {
  const states = answering(contacts);
  const inside = new Set(
    states.flatMap(({ phase }) => (isPrimary(phase) ? phase.view.members : [])),
  );
  if (inside.size === 0) return []; // of a primary component, Galera alone knows
  return states
    .filter(({ phase }) => phase.kind === "waiting" || phase.kind === "joining")
    .filter((other) => !inside.has(other.name) && byOrdinal(other, self) < 0)
    .map(({ name }) => name);
}

/** Decides, and where that is for me, once more: whom nobody else has to grant it need not wait. */
function decideForMyself(observation: Observation): Decision {
  const { self } = observation;
  const decision = decide(observation);
  const isForMe = decision.action === "wait" && decision.elects?.name === self.name;
  return isForMe ? decide({ ...observation, self: withVote(self, self) }) : decision;
}

/** A founding by pc.bootstrap is known to the component's other members by its bootstrapper only. */
function withNewsOf(state: MemberState, contacts: Observation["contacts"]): MemberState {
  const { phase, ledger } = state;
  if (!isPrimary(phase) || ledger === undefined) return state;
  const next = answering(contacts)
    .filter((other) => isPrimary(other.phase) && phase.view.members.includes(other.name))
    .reduce((mine, other) => (other.ledger ? adopted(mine, other.ledger) : mine), ledger);
  return next === ledger ? state : { ...state, ledger: next };
}

/** Why an answer of DNS is not known to be newer than my start. */
function staleness({ fresh, self }: PeerSet): string | undefined {
  if (fresh) return undefined;
  const known = answered(self).join(", ");
  return known
    ? `a fresh DNS answer: my own record has ${known}, which is not mine`
    : "a fresh DNS answer: this one came without my address, and nothing else proves its age";
}
