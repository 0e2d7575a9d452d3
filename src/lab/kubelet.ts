/*
 * What a kubelet does with a pod: the sidecar first, then the server; what ends is started again after
 * a growing back-off; what is deleted has its preStop hook, SIGTERM, and SIGKILL once its grace period
 * is over, the sidecar after the server.
 */
import type { ContainerName } from "./pod.js";
import { type ContainerLife, isRunning, type Pod, type Termination } from "./pod-life.js";

export type KubeletAction =
  | { readonly kind: "start"; readonly pod: Pod; readonly container: ContainerName }
  /** SIGTERM. */
  | { readonly kind: "terminate"; readonly pod: Pod; readonly container: ContainerName }
  /** The grace period is over: SIGKILL to whatever is left. */
  | { readonly kind: "kill"; readonly pod: Pod }
  /** Nothing runs any more: forget the pod, wipe its disk if that was asked for. */
  | { readonly kind: "remove"; readonly pod: Pod; readonly wipe: boolean };

/** A sidecar has so long to end, even where the server has used up the grace period. */
const sidecarGraceMs = 2000;

/** What is to be done now. Every action changes what it was decided on, so none comes twice. */
export function tend(pod: Pod, nowMs: number): readonly KubeletAction[] {
  if (pod.end !== undefined) return finish(pod, pod.end, nowMs);
  if (pod.paused || !pod.placed) return [];
  const { agent, mariadb } = pod;
  const starts: KubeletAction[] = [];
  if (agent !== undefined && isDue(agent, nowMs)) {
    starts.push({ kind: "start", pod, container: "agent" });
  }
  if (pod.agentListens && isDue(mariadb, nowMs)) {
    starts.push({ kind: "start", pod, container: "mariadb" });
  }
  return starts;
}

function isDue({ phase }: ContainerLife, nowMs: number): boolean {
  return phase.kind === "waiting" || (phase.kind === "back-off" && phase.untilMs <= nowMs);
}

function finish(pod: Pod, end: Termination, nowMs: number): readonly KubeletAction[] {
  const left = end.sinceMs + end.graceMs - nowMs;
  const isLeft = isRunning(pod.mariadb) ? left > 0 : left > -sidecarGraceMs && end.graceMs > 0;
  const running = (["mariadb", "agent"] as const).find((name) => isRunning(pod[name]));
  if (running === undefined) return [{ kind: "remove", pod, wipe: end.wipe }];
  if (end.killed) return [];
  if (!isLeft) return [{ kind: "kill", pod }];
  if (end.preStop && running === "mariadb") return [];
  return end.signalled.includes(running) ? [] : [{ kind: "terminate", pod, container: running }];
}
