/*
 * A kubelet's probes: each runs from the pod's placing to its end, and changes what is known of it.
 */
import type { Clock } from "../system/clock.js";
import type { Note } from "./events.js";
import type { HealthWatch } from "./health.js";
import { noteHealth } from "./health-events.js";
import type { Pod } from "./pod-life.js";
import * as life from "./pod-life.js";

export interface WatchedPod {
  readonly name: string;
  /** What it is now; undefined once it is gone. */
  current(): Pod | undefined;
  change(next: (pod: Pod) => Pod): void;
}

export interface ProbePorts {
  readonly clock: Clock;
  readonly note: Note;
}

export interface LivenessPorts extends ProbePorts {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly signal: (pid: number, signal: NodeJS.Signals) => void;
  /** SIGKILL to all of the server's container. */
  readonly kill: () => void;
}

const startupMs = 50;
/** Between looks at a pod that is not ready yet, and at one that is: the probe's `periodSeconds`. */
const readinessMs = { starting: 200, ready: 1000 } as const;
/** The liveness probe's `periodSeconds` and `failureThreshold`. */
const livenessMs = 5000;
const mostFailures = 3;

/** The sidecar's startup probe, for the process that it is now. */
export async function awaitAgent(
  pod: WatchedPod,
  pid: number,
  listens: () => Promise<boolean>,
  clock: Clock,
): Promise<void> {
  for (;;) {
    const { agent, agentListens } = pod.current() ?? {};
    if (agentListens !== false || agent?.phase.kind !== "running") return;
    if (agent.phase.pid !== pid) return;
    if (await listens()) return pod.change(life.agentUp);
    await clock.sleep(startupMs);
  }
}

export async function watchReadiness(
  pod: WatchedPod,
  health: HealthWatch,
  { clock, note }: ProbePorts,
): Promise<void> {
  for (;;) {
    const before = pod.current();
    if (before === undefined) return health.close();
    const { phase } = before.mariadb;
    if (phase.kind === "running") {
      const seen = await health.look();
      const known = pod.current();
      pod.change((one) => life.probed(one, seen, phase.startedMs, clock.now()));
      const after = pod.current();
      if (known !== undefined && after !== undefined && after.end === undefined)
        noteHealth(known, after, pod.name, note);
    }
    const isSteady = pod.current()?.readyAfterMs !== undefined;
    await clock.sleep(isSteady ? readinessMs.ready : readinessMs.starting);
  }
}

/** The server's container ends once the probe has failed often enough, and starts again. */
export async function watchLiveness(
  pod: WatchedPod,
  health: HealthWatch,
  { clock, note, graceMs, signal, kill }: LivenessPorts,
): Promise<void> {
  const running = () => {
    const { paused, end, mariadb } = pod.current() ?? {};
    const phase = paused || end !== undefined ? undefined : mariadb?.phase;
    return phase?.kind === "running" ? phase.pid : undefined;
  };
  let failures = 0;
  while (pod.current() !== undefined) {
    await clock.sleep(livenessMs);
    const pid = running();
    failures = pid === undefined || (await health.alive()) ? 0 : failures + 1;
    if (failures < mostFailures || pid === undefined || running() !== pid) continue;
    failures = 0;
    note("killed", "is ended: its liveness probe fails", { member: pod.name });
    signal(pid, "SIGTERM");
    await clock.sleep(graceMs);
    if (running() === pid) kill();
  }
}
