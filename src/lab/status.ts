import { formatTable } from "../system/table.js";
import { podAddress, podName } from "./pod.js";
import { isReady, type Pod } from "./statefulset.js";

/** A lab as its controller sees it; `lab ps --json` prints it. */
export interface LabStatus {
  readonly name: string;
  readonly dir: string;
  /** The headless service's name in DNS. */
  readonly service: string;
  /** host:port */
  readonly dns: string;
  readonly replicas: number;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  readonly name: string;
  readonly address: string;
  /** `Pending`: not created. `BackOff`: its process has ended and is started again soon. */
  readonly phase: "Pending" | "Running" | "BackOff" | "Terminating";
  readonly ready: boolean;
  /** From its start to the first moment that it was ready; null until then. */
  readonly readyAfterMs: number | null;
  readonly pid: number | null;
  /** Another one each time the pod is created. */
  readonly incarnation: number;
  readonly restarts: number;
  /** How its process ended, in `BackOff`. */
  readonly ended: string | null;
  /** wsrep_local_state_comment; null while the server does not answer. */
  readonly wsrepState: string | null;
  /** wsrep_cluster_status. */
  readonly wsrepComponent: string | null;
  readonly clusterSize: number | null;
}

/** All members that are there or shall be. */
export function memberStatuses(
  pods: readonly Pod[],
  replicas: number,
  block: number,
): readonly MemberStatus[] {
  const count = Math.max(replicas, ...pods.map(({ ordinal }) => ordinal + 1));
  return Array.from({ length: count }, (_, ordinal) => {
    const pod = pods.find((one) => one.ordinal === ordinal);
    const member = { ...pending, name: podName(ordinal), address: podAddress(block, ordinal) };
    return pod === undefined ? member : { ...member, ...statusOf(pod) };
  });
}

const pending = {
  phase: "Pending",
  ready: false,
  readyAfterMs: null,
  pid: null,
  incarnation: 0,
  restarts: 0,
  ended: null,
  wsrepState: null,
  wsrepComponent: null,
  clusterSize: null,
} as const satisfies Partial<MemberStatus>;

function statusOf(pod: Pod): Partial<MemberStatus> {
  const { incarnation, restarts, phase } = pod;
  const common = { incarnation, restarts };
  switch (phase.kind) {
    case "running":
      return {
        ...common,
        phase: "Running",
        ready: isReady(pod),
        readyAfterMs: phase.readyAfterMs ?? null,
        pid: phase.pid,
        wsrepState: phase.galera?.state ?? null,
        wsrepComponent: phase.galera?.component ?? null,
        clusterSize: phase.galera?.clusterSize ?? null,
      };
    case "back-off":
      return { ...common, phase: "BackOff", ended: phase.ended };
    case "terminating":
      return { ...common, phase: "Terminating", pid: phase.pid };
    case "terminated":
      return { ...common, phase: "Terminating" };
    default:
      return phase satisfies never;
  }
}

/** The table of `lab ps`. */
export function formatMembers(members: readonly MemberStatus[]): string {
  const rows = [
    ["MEMBER", "PHASE", "READY", "PID", "ADDRESS", "RESTARTS", "WSREP STATE", "SIZE"],
    ...members.map((member) => [
      member.name,
      member.phase,
      member.ready ? "yes" : "no",
      String(member.pid ?? "-"),
      member.address,
      String(member.restarts),
      stateText(member),
      String(member.clusterSize ?? "-"),
    ]),
  ];
  return formatTable(rows).join("\n");
}

/** `Synced`, or `Initialized (non-Primary)`; how its process ended where there is none. */
export function stateText({ wsrepState, wsrepComponent, ended }: MemberStatus): string {
  if (wsrepState === null) return ended ?? "-";
  return wsrepComponent === "Primary" ? wsrepState : `${wsrepState} (${wsrepComponent})`;
}
