/*
 * A pod and its two containers, as a kubelet sees them, and what changes them. Time is milliseconds of
 * the controller's clock.
 */
import type { ContainerName } from "./pod.js";

export interface Pod {
  readonly ordinal: number;
  /** Another one each time the pod is created. */
  readonly incarnation: number;
  /** Another one each time, too. */
  readonly address: string;
  /** The sidecar; undefined where pods have none. */
  readonly agent: ContainerLife | undefined;
  readonly mariadb: ContainerLife;
  /** Its directories and its network are there. */
  readonly placed: boolean;
  /** The sidecar's startup probe has passed: the server's container may be started. */
  readonly agentListens: boolean;
  /** All of its processes stand still, and none is started. */
  readonly paused: boolean;
  readonly health: Health;
  /** From the server's last start to the first moment that the pod was ready. */
  readonly readyAfterMs: number | undefined;
  /** Its deletion. */
  readonly end: Termination | undefined;
}

/** A container's, over all its starts. */
export interface ContainerLife {
  /** Starts after the first. */
  readonly restarts: number;
  /** Ends in a row that came soon after the start. */
  readonly quickEnds: number;
  readonly phase: ContainerPhase;
}

export type ContainerPhase =
  /** It has not been started yet. */
  | { readonly kind: "waiting" }
  | { readonly kind: "running"; readonly pid: number; readonly startedMs: number }
  | { readonly kind: "back-off"; readonly untilMs: number; readonly ended: string };

/** What the server says of itself. */
export interface GaleraStatus {
  /** `Synced`, `Donor/Desynced`, `Joined`, … */
  readonly state: string;
  readonly primary: boolean;
  readonly clusterSize: number;
}

/** What a look at a pod has shown. */
export interface Health {
  /** By the readiness probe. */
  readonly ready: boolean;
  /** What the probe said; undefined where nobody answered. */
  readonly why: string | undefined;
  /** Undefined while the server does not answer. */
  readonly galera: GaleraStatus | undefined;
}

export interface Termination {
  readonly sinceMs: number;
  /** From its beginning to SIGKILL. */
  readonly graceMs: number;
  readonly wipe: boolean;
  /** The preStop hook, which comes before SIGTERM, still runs. */
  readonly preStop: boolean;
  /** The containers that have got their SIGTERM. */
  readonly signalled: readonly ContainerName[];
  readonly killed: boolean;
}

const unknown: Health = { ready: false, why: undefined, galera: undefined };

/** A pod that was just made: nothing of it runs yet. */
export function created(
  ordinal: number,
  incarnation: number,
  address: string,
  hasAgent: boolean,
): Pod {
  const waiting: ContainerLife = { restarts: 0, quickEnds: 0, phase: { kind: "waiting" } };
  return {
    ...{ ordinal, incarnation, address, mariadb: waiting },
    ...{ agent: hasAgent ? waiting : undefined, agentListens: !hasAgent },
    ...{ placed: false, paused: false, health: unknown, readyAfterMs: undefined, end: undefined },
  };
}

export function placed(pod: Pod): Pod {
  return { ...pod, placed: true };
}

export function started(pod: Pod, container: ContainerName, pid: number, nowMs: number): Pod {
  const { restarts, quickEnds, phase } = pod[container] ?? pod.mariadb;
  const life: ContainerLife = {
    restarts: phase.kind === "waiting" ? restarts : restarts + 1,
    quickEnds,
    phase: { kind: "running", pid, startedMs: nowMs },
  };
  return { ...pod, [container]: life, ...(container === "mariadb" && { readyAfterMs: undefined }) };
}

/** A container that ran for so long has not crashed at its start; nor has one of a pod that was ready. */
const steadyMs = 60_000;
const mostBackOffMs = 30_000;

/** 0, 1 s, 2 s, 4 s … after so many ends soon after the start. */
export function backOffMs(quickEnds: number): number {
  return quickEnds === 0 ? 0 : Math.min(1000 * 2 ** (quickEnds - 1), mostBackOffMs);
}

/** @param how its first process ended */
export function ended(pod: Pod, container: ContainerName, how: string, nowMs: number): Pod {
  const life = pod[container];
  if (life?.phase.kind !== "running") return pod;
  const hasRun = pod.readyAfterMs !== undefined || nowMs - life.phase.startedMs >= steadyMs;
  const quickEnds = hasRun ? 0 : life.quickEnds;
  const untilMs = nowMs + backOffMs(quickEnds);
  const next: ContainerLife = {
    ...life,
    quickEnds: quickEnds + 1,
    phase: { kind: "back-off", untilMs, ended: how },
  };
  return {
    ...pod,
    [container]: next,
    ...(container === "mariadb" && { health: unknown }),
  };
}

/** Its node has lost power: as after any boot, the sidecar comes before the server. */
export function powerLost(pod: Pod): Pod {
  return { ...pod, agentListens: pod.agent === undefined };
}

export function agentUp(pod: Pod): Pod {
  return { ...pod, agentListens: true };
}

/** @param askedOf when the server's container was started that the answers are about */
export function probed(pod: Pod, health: Health, askedOf: number, nowMs: number): Pod {
  const { phase } = pod.mariadb;
  if (phase.kind !== "running" || phase.startedMs !== askedOf) return pod;
  const readyAfterMs = pod.readyAfterMs ?? (health.ready ? nowMs - askedOf : undefined);
  return { ...pod, health, readyAfterMs };
}

export function paused(pod: Pod, isPaused: boolean): Pod {
  return { ...pod, paused: isPaused };
}

export interface Deletion {
  readonly wipe: boolean;
  readonly graceMs: number;
  readonly preStop: boolean;
}

/** Marks a pod for its end. A second time can wipe, shorten the grace period and do without the hook. */
export function deleted(pod: Pod, { wipe, graceMs, preStop }: Deletion, nowMs: number): Pod {
  const { end } = pod;
  const next: Termination =
    end === undefined
      ? { sinceMs: nowMs, graceMs, wipe, preStop, signalled: [], killed: false }
      : {
          ...end,
          wipe: end.wipe || wipe,
          preStop: end.preStop && preStop,
          graceMs: Math.min(end.graceMs, nowMs - end.sinceMs + graceMs),
        };
  return { ...pod, end: next };
}

export function preStopOver(pod: Pod): Pod {
  return pod.end === undefined ? pod : { ...pod, end: { ...pod.end, preStop: false } };
}

export function signalled(pod: Pod, container: ContainerName): Pod {
  const { end } = pod;
  if (end === undefined) return pod;
  return { ...pod, end: { ...end, signalled: [...end.signalled, container] } };
}

export function killed(pod: Pod): Pod {
  return pod.end === undefined ? pod : { ...pod, end: { ...pod.end, killed: true } };
}

export function isRunning(life: ContainerLife | undefined): boolean {
  return life?.phase.kind === "running";
}

/** Whether clients may be sent to it: one that is about to end is in no Service's endpoints. */
export function isReady({ health, end, mariadb }: Pod): boolean {
  return health.ready && end === undefined && isRunning(mariadb);
}
