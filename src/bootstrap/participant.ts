/*
 * A member's part in deciding who founds: looks at DNS, asks the others, decides, and keeps what it
 * has granted. The agent runs it for as long as the pod lives; a `run` without an agent for its start.
 */
import { firstLabel } from "../dns/name.js";
import type { Look } from "../peers/look.js";
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
import { toJson } from "./format.js";
import { joiningNewest, newestPrimary } from "./join.js";
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
import { createPatience } from "./patience.js";

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
  /** An agent begins: what the disk holds now, which others may have written to since. */
  resume(ledger: Ledger | undefined): void;
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

export function createParticipant(
  options: ParticipantOptions,
  { look, contact, clock, save, newId }: ParticipantPorts,
): Participant {
  const { name, incarnation, mode, replicas, force, discard } = options;
  const forces = force?.pod === name ? force.epoch : undefined;
  let state = begun(name, incarnation, options.ledger, forces);
  let starts = 0;
  const patience = createPatience(clock);

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

  const consider = async (
    signal: AbortSignal,
    act: (observation: Observation) => Decision,
  ): Promise<Verdict> => {
    const before = starts;
    const what = await look(signal);
    if (what.kind === "awaiting") {
      return { decision: { action: "wait", why: what.what }, peers: undefined };
    }
    const named = namePeers(what.set, options.addressType);
    if (typeof named === "string") {
      return { decision: { action: "wait", why: named }, peers: what.set };
    }
    const observation = await observe(what.set, signal);
    if (before !== starts) {
      return { decision: { action: "wait", why: "a look at the others, anew" }, peers: undefined };
    }
    // Anything may have come while the others were asked: what counts is what I am now.
    return { decision: act({ ...observation, self: state }), peers: what.set };
  };

  const keep = (next: MemberState) => {
    const { ledger } = next;
    const isNews = ledger !== state.ledger && toJson(ledger) !== toJson(state.ledger);
    // What the disk has already is not written again: it may be full, and the member goes on.
    if (ledger !== undefined && isNews) save(ledger);
    state = next;
  };

  return {
    state: () => state,
    resume: (ledger) => {
      state = { ...state, ledger };
    },
    start: (evidence, ledger) => {
      state = started({ ...state, ledger }, evidence);
      starts += 1; // whoever is asked at this moment is asked for another one
      patience.renew();
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
        const decision = patience.wait(decideForMyself(observation), observation);
        keep(decided(state, decision, newId()));
        keep(withNewsOf(state, observation.contacts));
        return decision;
      }),
    preview: (signal) => consider(signal, decideForMyself),
  };
}

/** Decides, and where that is for me, once more: whom nobody else has to grant it need not wait. */
function decideForMyself(observation: Observation): Decision {
  const { self } = observation;
  const decision = decide(observation);
  const isForMe = decision.action === "wait" && decision.elects?.name === self.name;
  return isForMe ? decide({ ...observation, self: withVote(self, self) }) : decision;
}

/** Foundings that a member whose server runs has to learn of from others. */
function withNewsOf(state: MemberState, contacts: Observation["contacts"]): MemberState {
  const { phase, ledger, evidence } = state;
  if (phase.kind !== "running" || ledger === undefined) return state;
  if (!phase.primary) {
    const primary = newestPrimary(contacts);
    if (primary === undefined) return state;
    return { ...state, ledger: joiningNewest(ledger, evidence, primary) };
  }
  // A founding by pc.bootstrap is known to the component's other members by its bootstrapper only.
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
