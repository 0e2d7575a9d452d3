/*
 * The controller's decisions: those of a StatefulSet with OrderedReady (pods are created one after
 * the other, each once all before it are ready, and removed from the highest ordinal down) and of a
 * kubelet (what ends is started again on its disk, after a growing back-off). Time is milliseconds
 * of the controller's clock.
 */
import type { GaleraStatus } from "./readiness.js";

export interface Pod {
  readonly ordinal: number;
  /** Another one each time the pod is created. */
  readonly incarnation: number;
  /** Starts of its container after the first. */
  readonly restarts: number;
  /** Ends in a row that came soon after the start. */
  readonly quickEnds: number;
  readonly phase: PodPhase;
}

export type PodPhase =
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly startedMs: number;
      /** How long it took to become ready; it may have ceased to be since. */
      readonly readyAfterMs: number | undefined;
      /** What the server says of itself; undefined while it does not answer. */
      readonly galera: GaleraStatus | undefined;
    }
  | { readonly kind: "back-off"; readonly untilMs: number; readonly ended: string }
  | {
      readonly kind: "terminating";
      readonly pid: number;
      readonly sinceMs: number;
      readonly killed: boolean;
      readonly wipe: boolean;
    }
  | { readonly kind: "terminated"; readonly wipe: boolean };

export type Action =
  | { readonly kind: "create"; readonly ordinal: number }
  /** Starts the container again, on the disk as it is. */
  | { readonly kind: "restart"; readonly pod: Pod }
  | { readonly kind: "delete"; readonly pod: Pod }
  /** The grace period is over. */
  | { readonly kind: "kill"; readonly pod: Pod }
  /** Nothing runs any more: forget the pod, wipe its disk if that was asked for. */
  | { readonly kind: "remove"; readonly pod: Pod; readonly wipe: boolean };

/** A pod's default terminationGracePeriodSeconds. */
export const graceMs = 30_000;
/** A container that ran for so long has not crashed at its start. */
const steadyMs = 60_000;
const mostBackOffMs = 30_000;

/** What is to be done now. Every action changes what it was decided on, so none comes twice. */
export function decide(pods: readonly Pod[], replicas: number, nowMs: number): readonly Action[] {
  return [...pods.flatMap((pod) => container(pod, nowMs)), ...scale(pods, replicas)];
}

function container(pod: Pod, nowMs: number): readonly Action[] {
  const { phase } = pod;
  switch (phase.kind) {
    case "running":
      return [];
    case "back-off":
      return phase.untilMs <= nowMs ? [{ kind: "restart", pod }] : [];
    case "terminating":
      return phase.killed || nowMs - phase.sinceMs < graceMs ? [] : [{ kind: "kill", pod }];
    case "terminated":
      return [{ kind: "remove", pod, wipe: phase.wipe }];
    default:
      return phase satisfies never;
  }
}

function scale(pods: readonly Pod[], replicas: number): readonly Action[] {
  const [highest] = [...pods].sort((a, b) => b.ordinal - a.ordinal);
  if (highest !== undefined && highest.ordinal >= replicas) {
    const ending = highest.phase.kind === "terminating" || highest.phase.kind === "terminated";
    return ending ? [] : [{ kind: "delete", pod: highest }];
  }
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = pods.find((other) => other.ordinal === ordinal);
    if (pod === undefined) return [{ kind: "create", ordinal }];
    if (!isReady(pod)) return [];
  }
  return [];
}

export function isReady({ phase }: Pod): boolean {
  return phase.kind === "running" && phase.galera?.ready === true;
}

/** 0, 1 s, 2 s, 4 s … after so many ends soon after the start. */
export function backOffMs(quickEnds: number): number {
  return quickEnds === 0 ? 0 : Math.min(1000 * 2 ** (quickEnds - 1), mostBackOffMs);
}

export function created(ordinal: number, incarnation: number, pid: number, nowMs: number): Pod {
  return { ordinal, incarnation, restarts: 0, quickEnds: 0, phase: running(pid, nowMs) };
}

export function restarted(pod: Pod, pid: number, nowMs: number): Pod {
  return { ...pod, restarts: pod.restarts + 1, phase: running(pid, nowMs) };
}

function running(pid: number, startedMs: number): PodPhase {
  return { kind: "running", pid, startedMs, readyAfterMs: undefined, galera: undefined };
}

export function probed(pod: Pod, galera: GaleraStatus | undefined, nowMs: number): Pod {
  const { phase } = pod;
  if (phase.kind !== "running") return pod;
  const readyAfterMs = phase.readyAfterMs ?? (galera?.ready ? nowMs - phase.startedMs : undefined);
  return { ...pod, phase: { ...phase, galera, readyAfterMs } };
}

/** @param ended how the container's process ended */
export function ended(pod: Pod, how: string, nowMs: number): Pod {
  const { phase } = pod;
  switch (phase.kind) {
    case "running": {
      const quickEnds = nowMs - phase.startedMs < steadyMs ? pod.quickEnds : 0;
      const untilMs = nowMs + backOffMs(quickEnds);
      return {
        ...pod,
        quickEnds: quickEnds + 1,
        phase: { kind: "back-off", untilMs, ended: how },
      };
    }
    case "terminating":
      return { ...pod, phase: { kind: "terminated", wipe: phase.wipe } };
    case "back-off":
    case "terminated":
      return pod;
    default:
      return phase satisfies never;
  }
}

/** Marks a pod for its end; its process, if there is one, has its grace period from now. */
export function deleted(pod: Pod, wipe: boolean, nowMs: number): Pod {
  const { phase } = pod;
  switch (phase.kind) {
    case "running": {
      const { pid } = phase;
      return { ...pod, phase: { kind: "terminating", pid, sinceMs: nowMs, killed: false, wipe } };
    }
    case "back-off":
      return { ...pod, phase: { kind: "terminated", wipe } };
    case "terminating":
    case "terminated":
      return { ...pod, phase: { ...phase, wipe: phase.wipe || wipe } };
    default:
      return phase satisfies never;
  }
}

export function killed(pod: Pod): Pod {
  const { phase } = pod;
  return phase.kind === "terminating" ? { ...pod, phase: { ...phase, killed: true } } : pod;
}
