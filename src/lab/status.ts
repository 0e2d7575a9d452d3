import { formatTable } from "../system/table.js";
import { podName } from "./pod.js";
import { type ContainerLife, isReady, type Pod } from "./pod-life.js";
import type { Policy } from "./statefulset.js";

/** A lab as its controller sees it; `lab ps --json` prints it. */
export interface LabStatus {
  readonly name: string;
  readonly dir: string;
  /** When it began, by the monotonic clock. */
  readonly begunMs: number;
  /** The headless service's name in DNS. */
  readonly service: string;
  /** host:port */
  readonly dns: string;
  /** What DNS does besides answering, its lag too. */
  readonly faults: string;
  /** host:port of the clients' endpoint. */
  readonly clients: string;
  /** The members that it leads to now. */
  readonly ready: readonly string[];
  readonly network: "loopback" | "namespaces";
  /** Why members cannot be cut off; null where they can. */
  readonly noPartitions: string | null;
  /** Who is cut off from whom. */
  readonly partition: string | null;
  readonly policy: Policy;
  readonly replicas: number;
  readonly members: readonly MemberStatus[];
}

/**
 * `Pending`: not created, or nothing of it runs yet. `BackOff`: its server's container has ended and is
 * started again soon. `Paused`: its processes stand still.
 */
export type MemberPhase = "Pending" | "Running" | "BackOff" | "Paused" | "Terminating";

export interface MemberStatus {
  readonly name: string;
  /** Another one each time the pod is created; null while there is none. */
  readonly address: string | null;
  readonly phase: MemberPhase;
  readonly ready: boolean;
  /** What its readiness probe says. */
  readonly why: string | null;
  /** From its server's last start to the first moment that it was ready; null until then. */
  readonly readyAfterMs: number | null;
  /** Of the first process of its server's container. */
  readonly pid: number | null;
  /** Another one each time the pod is created. */
  readonly incarnation: number;
  /** Of its server's container. */
  readonly restarts: number;
  /** How its server's container has ended, in `BackOff`. */
  readonly ended: string | null;
  /** Its sidecar; null where it has none. */
  readonly agent: { readonly pid: number | null; readonly restarts: number } | null;
  /** wsrep_local_state_comment; null while the server does not answer. */
  readonly wsrepState: string | null;
  /** wsrep_cluster_status. */
  readonly wsrepComponent: "Primary" | "non-Primary" | null;
  readonly clusterSize: number | null;
}

/** Each of the members is ready, and clients are led to it. */
export function isAllReady({ members, ready }: LabStatus): boolean {
  return members.every((member) => member.ready && ready.includes(member.name));
}

/** All members that are there or shall be. */
export function memberStatuses(pods: readonly Pod[], replicas: number): readonly MemberStatus[] {
  const count = Math.max(replicas, ...pods.map(({ ordinal }) => ordinal + 1));
  return Array.from({ length: count }, (_, ordinal) => {
    const pod = pods.find((one) => one.ordinal === ordinal);
    const member = { ...pending, name: podName(ordinal) };
    return pod === undefined ? member : { ...member, ...statusOf(pod) };
  });
}

const pending = {
  ...{ address: null, phase: "Pending", ready: false, why: null, readyAfterMs: null, pid: null },
  ...{ incarnation: 0, restarts: 0, ended: null, agent: null },
  ...{ wsrepState: null, wsrepComponent: null, clusterSize: null },
} as const satisfies Partial<MemberStatus>;

function statusOf(pod: Pod): Partial<MemberStatus> {
  const { address, incarnation, agent, mariadb, health, readyAfterMs } = pod;
  const { phase } = mariadb;
  const { galera } = health;
  return {
    ...{ address, incarnation, phase: phaseOf(pod), ready: isReady(pod) },
    ...{ why: health.why ?? null, readyAfterMs: readyAfterMs ?? null, pid: pidOf(mariadb) },
    ...{ restarts: mariadb.restarts, ended: phase.kind === "back-off" ? phase.ended : null },
    agent: agent === undefined ? null : { pid: pidOf(agent), restarts: agent.restarts },
    wsrepState: galera?.state ?? null,
    wsrepComponent: galera === undefined ? null : galera.primary ? "Primary" : "non-Primary",
    clusterSize: galera?.clusterSize ?? null,
  };
}

export function phaseOf({ end, paused, mariadb }: Pod): MemberPhase {
  if (end !== undefined) return "Terminating";
  if (paused) return "Paused";
  switch (mariadb.phase.kind) {
    case "waiting":
      return "Pending";
    case "running":
      return "Running";
    case "back-off":
      return "BackOff";
    default:
      return mariadb.phase satisfies never;
  }
}

function pidOf({ phase }: ContainerLife): number | null {
  return phase.kind === "running" ? phase.pid : null;
}

/** What `lab ps` prints. */
export function formatStatus(status: LabStatus): string {
  const { clients, ready, dns, faults, partition, members } = status;
  const lines = [
    formatMembers(members),
    `clients   ${clients}, to ${ready.join(", ") || "nobody: no member is ready"}`,
    `DNS       ${dns}${faults === "none" ? "" : `, ${faults}`}`,
  ];
  if (partition !== null) lines.push(`cut off   ${partition}`);
  return lines.join("\n");
}

/** The table of `lab ps`. */
function formatMembers(members: readonly MemberStatus[]): string {
  const rows = [
    ["MEMBER", "PHASE", "READY", "PID", "ADDRESS", "RESTARTS", "WSREP STATE", "SIZE"],
    ...members.map((member) => [
      member.name,
      member.phase,
      member.ready ? "yes" : "no",
      String(member.pid ?? "-"),
      member.address ?? "-",
      String(member.restarts),
      stateText(member),
      String(member.clusterSize ?? "-"),
    ]),
  ];
  return formatTable(rows).join("\n");
}

/** `Synced`, or `Initialized (non-Primary)`; how its container ended where there is none. */
export function stateText({ wsrepState, wsrepComponent, ended }: MemberStatus): string {
  if (wsrepState === null) return ended ?? "-";
  return wsrepComponent === "Primary" ? wsrepState : `${wsrepState} (${wsrepComponent})`;
}
