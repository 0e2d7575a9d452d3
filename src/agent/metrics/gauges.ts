/*
 * What a scrape tells of a report. Pure. What is not known has no value: a member whose server cannot
 * be asked must not look like one that is not ready.
 */
import { isData } from "../../bootstrap/evidence.js";
import { epochOf } from "../../bootstrap/ledger.js";
import { isPrimary } from "../../bootstrap/observation.js";
import type { Report } from "../report.js";
import type { Receiving } from "../transfer/transfer.js";

interface Named {
  /** Without the prefix that all have. */
  readonly name: string;
  readonly help: string;
}

/** A number; positions are exact up to 2^53. */
export interface PlainGauge extends Named {
  readonly value: (report: Report, wallMs: number) => number | bigint | boolean | undefined;
}

/** 1 for the word that holds, 0 for the others among which it is. */
export interface WordGauge extends Named {
  readonly label: string;
  /** Undefined: any word. */
  readonly among: readonly string[] | undefined;
  readonly value: (report: Report) => string | undefined;
}

const peers: readonly PlainGauge[] = [
  {
    name: "dns_peers",
    help: "Peers in the last DNS answer that names this member, which is one of them.",
    value: ({ peers, peersAgeMs }) => (peersAgeMs === undefined ? undefined : peers.length),
  },
  {
    name: "dns_answer_timestamp_seconds",
    help: "When DNS last gave an answer that names this member.",
    value: ({ peersAgeMs }, wallMs) =>
      peersAgeMs === undefined ? undefined : (wallMs - peersAgeMs) / 1000,
  },
];

const member: readonly PlainGauge[] = [
  {
    name: "waiting_seconds",
    help: "For how long the member has been waiting for the same thing, or is held; 0 if for nothing.",
    value: ({ awaited }) => (awaited?.forMs ?? 0) / 1000,
  },
  {
    name: "started",
    help: "Whether the startup probe succeeds.",
    value: ({ startup }) => startup.ok,
  },
  {
    name: "alive",
    help: "Whether the liveness probe succeeds.",
    value: ({ liveness }) => liveness.ok,
  },
  {
    name: "ready",
    help: "Whether the readiness probe succeeds.",
    value: ({ readiness }) => readiness.ok,
  },
  {
    name: "draining",
    help: "Whether the member is about to leave the cluster (galera-peers drain).",
    value: ({ draining }) => draining !== undefined,
  },
  {
    name: "primary",
    help: "Whether the server is in the primary component, as it told when that last changed.",
    value: ({ state }) => isPrimary(state.phase),
  },
  {
    name: "evidence_seqno",
    help: "Position of the datadir at the last start, -1 if a cluster's data have none; absent without data.",
    value: ({ state }) =>
      state.evidence && isData(state.evidence) ? state.evidence.seqno : undefined,
  },
  {
    name: "epoch",
    help: "Number of the cluster's last founding that this member knows of; 0 before the first.",
    value: ({ state }) => epochOf(state.ledger),
  },
  {
    name: "view_members",
    help: "Members of the last primary component that this member was in.",
    value: ({ state }) => state.ledger?.view.members.length || undefined,
  },
  {
    name: "sst_received_bytes",
    help: "What of a state transfer (SST) has been received; absent while this member receives none.",
    value: (report) => receivingOf(report)?.bytes,
  },
  {
    name: "sst_total_bytes",
    help: "What its donor has to send; absent where the donor's agent does not tell.",
    value: (report) => receivingOf(report)?.totalBytes,
  },
  {
    name: "sst_received_ratio",
    help: "The part of it that has been received, 0 to 1; absent where it is not known how much there is.",
    value: (report) => {
      const { bytes = 0, totalBytes } = receivingOf(report) ?? {};
      return totalBytes ? Math.min(1, bytes / totalBytes) : undefined;
    },
  },
  {
    name: "sst_received_bytes_per_second",
    help: "How fast it comes, over the last ten seconds; absent while nothing comes.",
    value: (report) => receivingOf(report)?.bytesPerSecond,
  },
];

function receivingOf({ transfer }: Report): Receiving | undefined {
  return transfer?.role === "joiner" ? transfer : undefined;
}

const server: readonly PlainGauge[] = [
  {
    name: "wsrep_local_state",
    help: "wsrep_local_state: 1 joining, 2 donor or desynced, 3 joined, 4 synced, 0 in no component.",
    value: ({ server }) => server?.state,
  },
  {
    name: "wsrep_primary",
    help: "Whether wsrep_cluster_status is Primary.",
    value: ({ server }) => server?.primary,
  },
  {
    name: "wsrep_ready",
    help: "Whether the server takes queries (wsrep_ready).",
    value: ({ server }) => server?.ready,
  },
  {
    name: "wsrep_cluster_size",
    help: "Members of the server's component (wsrep_cluster_size).",
    value: ({ server }) => server?.clusterSize,
  },
  {
    name: "wsrep_last_committed",
    help: "Position of the last transaction committed (wsrep_last_committed).",
    value: ({ server }) => server?.lastCommitted,
  },
  {
    name: "wsrep_flow_control_paused_ratio",
    help: "Part of the last 10 s for which flow control has paused replication, 0 to 1.",
    value: ({ paused }) => paused,
  },
  {
    name: "wsrep_receive_queue",
    help: "Write-sets that wait to be applied (wsrep_local_recv_queue).",
    value: ({ server }) => server?.receiveQueue,
  },
  {
    name: "wsrep_send_queue",
    help: "Write-sets that wait to be sent (wsrep_local_send_queue).",
    value: ({ server }) => server?.sendQueue,
  },
  {
    name: "wsrep_desync",
    help: "Whether somebody has taken the server out of flow control (wsrep_desync).",
    value: ({ server }) => server?.desync,
  },
  {
    name: "wsrep_rejects_queries",
    help: "Whether somebody has closed the server to clients (wsrep_reject_queries).",
    value: ({ server }) => server?.rejects,
  },
];

export const plainGauges: readonly PlainGauge[] = [...peers, ...member, ...server];

export const wordGauges: readonly WordGauge[] = [
  {
    name: "phase",
    help: "What the member does: 1 for the phase that it is in.",
    label: "phase",
    among: ["idle", "waiting", "founding", "joining", "running"],
    value: ({ state }) => state.phase.kind,
  },
  {
    name: "evidence",
    help: "What the datadir held at the last start: 1 for the kind that it was.",
    label: "kind",
    among: ["empty", "interrupted", "unclustered", "initialised", "position", "unrecovered"],
    value: ({ state }) => state.evidence?.kind,
  },
  {
    name: "cluster_info",
    help: "The cluster that this member belongs to, by its ledger; absent before it has been in one.",
    label: "uuid",
    among: undefined,
    value: ({ state }) => state.ledger?.uuid,
  },
];
