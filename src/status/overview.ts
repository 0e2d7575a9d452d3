/*
 * What `galera-peers status --json` prints. Pure: from what DNS named and the agents answered. A field
 * that nobody could tell is null, not missing; seqnos are strings in JSON.
 */

import type { Health } from "../agent/health.js";
import type { Answer } from "../agent/http/ask.js";
import type { DrainStage, Report } from "../agent/report.js";
import type { Transfer } from "../agent/transfer/transfer.js";
import type { Evidence } from "../bootstrap/evidence.js";
import { epochOf, type Ledger, newestLedger, type View } from "../bootstrap/ledger.js";
import type { MemberState, Phase } from "../bootstrap/member.js";
import type { Position } from "../galera/grastate.js";
import { ordinalOf } from "../peers/identity.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** A look at all members. */
export interface Round {
  /** What DNS was asked for, fully qualified. */
  readonly service: string;
  /** Why DNS names nobody now; undefined where it does. */
  readonly dnsProblem: string | undefined;
  readonly sightings: readonly Sighting[];
}

/** A member as it was seen. */
export interface Sighting {
  /** The pod's name. */
  readonly name: string;
  /** Undefined where DNS could not be asked now. */
  readonly named: boolean | undefined;
  readonly addresses: readonly string[];
  readonly answer: Answer<Report>;
}

export interface Overview {
  /** The headless service's name in DNS, fully qualified. */
  readonly service: string;
  /** What is wrong with DNS. */
  readonly dnsProblem: string | null;
  /** How many members' agents answer. */
  readonly answering: number;
  /** The cluster's uuid, as the newest ledger has it; null where nobody knows, or several are known. */
  readonly uuid: string | null;
  /** How often the cluster has been founded, as far as that is known; null together with `uuid`. */
  readonly epoch: number | null;
  readonly verdict: Verdict;
  /** Those whom DNS names, and those whom the last component of one who answers had. */
  readonly members: readonly MemberOverview[];
}

export interface MemberOverview {
  /** The pod's name, which is `wsrep_node_name` too. */
  readonly name: string;
  /** Whether DNS names it; null where DNS could not be asked now. */
  readonly named: boolean | null;
  /** Its addresses, as DNS gave them last. */
  readonly addresses: readonly string[];
  /** `unproved`: its answer is not signed with the key that is set here, so it is not believed. */
  readonly agent: "answers" | "silent" | "unproved";
  /** Why its agent is silent or unproved. All below is null then. */
  readonly problem: string | null;
  /** `idle`: no server has been started since its agent came up. */
  readonly phase: Phase["kind"] | null;
  /** `wsrep_local_state_comment`; what the server told of itself last, where it cannot be asked. */
  readonly wsrepState: string | null;
  /** Its server is in the primary component; null where none is in any. */
  readonly primary: boolean | null;
  /** The component that its server is in. */
  readonly view: View | null;
  /** `wsrep_last_committed` of a running server, else where its datadir stands; null while `idle`. */
  readonly position: (Position & { readonly certain: boolean }) | null;
  /** What its start has found in its datadir; null while `idle`. */
  readonly datadir: Evidence["kind"] | null;
  readonly startup: Health | null;
  readonly liveness: Health | null;
  /** What the kubelet is told, and why. */
  readonly readiness: Health | null;
  readonly flowControl: {
    /** Which part of the last ten seconds replication was paused for, 0 to 1. */
    readonly paused: number | null;
    /** Write-sets that wait to be applied, and to be sent. */
    readonly receiveQueue: number;
    readonly sendQueue: number;
  } | null;
  /** It is to leave: it waits for its turn, or has it. */
  readonly draining: DrainStage | null;
  /** The SST that its server receives, or sends. */
  readonly transfer: TransferOverview | null;
  /** What its start, or its server outside a primary component, waits for. */
  readonly awaited: {
    readonly what: string;
    readonly forMs: number;
    readonly held: boolean;
  } | null;
  /** What is wrong with DNS as its agent sees it. */
  readonly dnsProblem: string | null;
  /** Of its ledger. */
  readonly uuid: string | null;
  readonly epoch: number | null;
}

export interface TransferOverview {
  readonly role: Transfer["role"];
  /** Null for a donor, as all below is. */
  readonly stage: "waiting" | "receiving" | "preparing" | null;
  /** Whom it comes from. */
  readonly donor: string | null;
  readonly bytes: number | null;
  /** Over the last ten seconds. */
  readonly bytesPerSecond: number | null;
  /** What there is to send. */
  readonly totalBytes: number | null;
}

/** What is known of all members. */
export function overviewOf({ service, sightings, ...round }: Round): Overview {
  const dnsProblem = round.dnsProblem ?? null;
  const members = sightings.map(memberOf).toSorted(byOrdinal);
  const states = statesOf(sightings);
  const [ledger, other] = ledgersOf(states);
  const known = other === undefined ? ledger : undefined;
  return {
    service,
    dnsProblem,
    answering: states.length,
    uuid: known?.uuid ?? null,
    epoch: known === undefined ? null : epochOf(known),
    verdict: verdictOf(members, dnsProblem),
    members,
  };
}

/** The members that somebody who answers remembers to have been with, and DNS need not name. */
export function remembered(sightings: readonly Sighting[]): readonly string[] {
  const states = statesOf(sightings);
  return [
    ...new Set([
      ...ledgersOf(states).flatMap(({ view }) => view.members),
      ...states.flatMap(({ phase }) => (phase.kind === "running" ? phase.view.members : [])),
    ]),
  ];
}

function statesOf(sightings: readonly Sighting[]): MemberState[] {
  return sightings.flatMap(({ answer }) => (answer.kind === "told" ? [answer.told.state] : []));
}

/** The newest ledger of each cluster. */
function ledgersOf(states: readonly MemberState[]): Ledger[] {
  const ledgers = states.flatMap(({ ledger }) =>
    ledger === undefined || ledger.view.members.length === 0 ? [] : [ledger],
  );
  return [...Map.groupBy(ledgers, ({ uuid }) => uuid).values()].flatMap(
    (same) => newestLedger(same) ?? [],
  );
}

function memberOf({ name, named, addresses, answer }: Sighting): MemberOverview {
  const seen = { name, named: named ?? null, addresses };
  if (answer.kind === "silent") {
    const agent = answer.unproved ? "unproved" : "silent";
    return { ...seen, ...unknown, agent, problem: answer.what };
  }
  const { state, server, paused, ...report } = answer.told;
  const { phase, ledger } = state;
  const running = phase.kind === "running" ? phase : undefined;
  const flowControl = server && {
    paused: paused ?? null,
    receiveQueue: server.receiveQueue,
    sendQueue: server.sendQueue,
  };
  return {
    ...seen,
    agent: "answers",
    problem: null,
    phase: phase.kind,
    wsrepState: running === undefined ? null : server?.comment || running.status,
    primary: running?.primary ?? null,
    view: running?.view ?? null,
    position: positionOf(answer.told),
    datadir: startedFrom(state)?.kind ?? null,
    startup: report.startup,
    liveness: report.liveness,
    readiness: report.readiness,
    flowControl: flowControl ?? null,
    draining: report.draining ?? null,
    transfer: transferOf(report),
    awaited: running?.primary ? null : awaitedOf(report),
    dnsProblem: report.dnsProblem ?? null,
    uuid: ledger?.uuid ?? null,
    epoch: ledger === undefined ? null : epochOf(ledger),
  };
}

function awaitedOf({ awaited }: Pick<Report, "awaited">): MemberOverview["awaited"] {
  return awaited === undefined ? null : { ...awaited, forMs: Math.round(awaited.forMs) };
}

function transferOf({ transfer }: Pick<Report, "transfer">): TransferOverview | null {
  if (transfer === undefined) return null;
  const { role, totalBytes = null } = transfer;
  if (role === "donor") {
    return { role, stage: null, donor: null, bytes: null, bytesPerSecond: null, totalBytes };
  }
  const { stage, donor = null, bytes, bytesPerSecond = null } = transfer;
  return { role, stage, donor, bytes, bytesPerSecond, totalBytes };
}

const unknown = {
  phase: null,
  wsrepState: null,
  primary: null,
  view: null,
  position: null,
  datadir: null,
  startup: null,
  liveness: null,
  readiness: null,
  flowControl: null,
  draining: null,
  transfer: null,
  awaited: null,
  dnsProblem: null,
  uuid: null,
  epoch: null,
} satisfies Partial<MemberOverview>;

function positionOf({ state, server }: Report): MemberOverview["position"] {
  const { phase, ledger } = state;
  if (phase.kind === "running") {
    const seqno = server?.lastCommitted ?? phase.seqno;
    if (seqno === undefined || ledger?.uuid === undefined) return null;
    return { uuid: ledger.uuid, seqno, certain: true };
  }
  const evidence = startedFrom(state);
  if (evidence?.kind !== "position") return null;
  const { uuid, seqno, certain } = evidence;
  return { uuid, seqno, certain };
}

/** What its last start found is old once a server has run and ended. */
function startedFrom({ phase, evidence }: MemberState): Evidence | undefined {
  return phase.kind === "idle" ? undefined : evidence;
}

function byOrdinal(one: MemberOverview, other: MemberOverview): number {
  const [mine, theirs] = [ordinalOf(one.name) ?? 0, ordinalOf(other.name) ?? 0];
  return mine - theirs || (one.name < other.name ? -1 : 1);
}
