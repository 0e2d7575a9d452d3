/*
 * What `GET /v1/status` gives: what an agent knows of its member, for people. The decision rests on
 * `GET /v1/state` alone.
 */
import {
  count,
  field,
  flag,
  line,
  listOf,
  name,
  number,
  oneOf,
  optional,
  readState,
  seqno,
  text,
} from "../bootstrap/format.js";
import type { MemberState } from "../bootstrap/member.js";
import type { WsrepStatus } from "../galera/wsrep-status.js";
import { type Health, liveness, readiness, startup, type Vitals } from "./health.js";
import type { PeersSight } from "./peers/peers-watch.js";
import { readTransfer, type Transfer } from "./transfer/transfer.js";

/** How far a member is on its way out: it waits for its turn, or has it. */
export type DrainStage = "waiting" | "leaving";

export interface Report {
  readonly state: MemberState;
  /** What DNS names, as of the last answer that names this member. */
  readonly peers: readonly string[];
  /** The age of that answer; undefined where there has been none. */
  readonly peersAgeMs: number | undefined;
  /** What is wrong with DNS since then. */
  readonly dnsProblem: string | undefined;
  /** What the decision waits for, or is held by, and for how long. */
  readonly awaited:
    | { readonly what: string; readonly forMs: number; readonly held: boolean }
    | undefined;
  /** What the server says; undefined where it cannot be asked. */
  readonly server: WsrepStatus | undefined;
  /** It lets the agent's account not in. */
  readonly denied: boolean;
  /** Which part of the last ten seconds flow control has paused replication for, 0 to 1. */
  readonly paused: number | undefined;
  readonly draining: DrainStage | undefined;
  /** The SST that the server receives, or sends. */
  readonly transfer: Transfer | undefined;
  readonly startup: Health;
  readonly liveness: Health;
  readonly readiness: Health;
}

/** What an agent knows now. */
export function reportOf(
  state: MemberState,
  vitals: Vitals,
  dns: PeersSight,
  draining: DrainStage | undefined,
  transfer: Transfer | undefined,
): Report {
  const { nowMs, awaited, server } = vitals;
  return {
    state,
    peers: dns.set?.peers.map(({ name }) => name) ?? [],
    peersAgeMs: dns.answeredMs === undefined ? undefined : nowMs - dns.answeredMs,
    dnsProblem: dns.problem,
    awaited: awaited && { what: awaited.what, forMs: nowMs - awaited.sinceMs, held: awaited.held },
    server: server.answer?.kind === "status" ? server.answer.status : undefined,
    denied: server.answer?.kind === "refuses" && server.answer.denied === true,
    paused: server.paused,
    draining,
    transfer,
    startup: startup(vitals),
    liveness: liveness(vitals),
    readiness: readiness(vitals),
  };
}

/**
 * Reads an agent's report; what an older version's leaves out says that mariabackup may not be served.
 *
 * @throws FormatError
 */
export function readReport(value: unknown, at: string): Report {
  return {
    state: field(value, "state", at, readState),
    peers: field(value, "peers", at, listOf(name)),
    peersAgeMs: field(value, "peersAgeMs", at, optional(number)),
    dnsProblem: field(value, "dnsProblem", at, optional(line)),
    awaited: field(
      value,
      "awaited",
      at,
      optional((one, here) => ({
        what: field(one, "what", here, line),
        forMs: field(one, "forMs", here, number),
        held: field(one, "held", here, flag),
      })),
    ),
    server: field(value, "server", at, optional(readServer)),
    denied: field(value, "denied", at, optional(flag)) ?? false,
    paused: field(value, "paused", at, optional(number)),
    draining: field(value, "draining", at, optional(oneOf("waiting", "leaving"))),
    transfer: field(value, "transfer", at, optional(readTransfer)),
    startup: field(value, "startup", at, readHealth),
    liveness: field(value, "liveness", at, readHealth),
    readiness: field(value, "readiness", at, readHealth),
  };
}

function readServer(value: unknown, at: string): WsrepStatus {
  return {
    ready: field(value, "ready", at, flag),
    primary: field(value, "primary", at, flag),
    state: field(value, "state", at, count),
    comment: field(value, "comment", at, text),
    clusterSize: field(value, "clusterSize", at, count),
    lastCommitted: field(value, "lastCommitted", at, optional(seqno)),
    pausedNs: field(value, "pausedNs", at, seqno),
    receiveQueue: field(value, "receiveQueue", at, count),
    sendQueue: field(value, "sendQueue", at, count),
    desync: field(value, "desync", at, flag),
    rejects: field(value, "rejects", at, flag),
    backup: field(value, "backup", at, optional(flag)) ?? false,
  };
}

function readHealth(value: unknown, at: string): Health {
  return { ok: field(value, "ok", at, flag), why: field(value, "why", at, line) };
}
