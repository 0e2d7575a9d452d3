/*
 * The miniature of Kubernetes' controllers: the StatefulSet, and the endpoints that follow it.
 */
import type { Place } from "./network/partition.js";
import type { Deletion, Pod } from "./pod-life.js";
import * as life from "./pod-life.js";
import { createPods, type PodsPorts, type PodsSettings } from "./pods.js";
import { type Policy, reconcile } from "./statefulset.js";

export interface ControllerPorts extends PodsPorts {
  /** Makes the clients' endpoint lead to these. */
  readonly publishReady: (pods: readonly Place[]) => void;
}

export interface ControllerSettings extends PodsSettings {
  readonly replicas: number;
  readonly policy: Policy;
}

export type Controller = ReturnType<typeof createController>;

const tickMs = 50;
/** Nobody keeps a disk that is about to be removed. */
const downGraceMs = 10_000;

export function createController(settings: ControllerSettings, ports: ControllerPorts) {
  const pods = createPods(settings, ports);
  const stopped = new Set<number>();
  let { replicas, policy } = settings;
  /** How members end, once the lab is taken down. */
  let lastDeletion: Deletion | undefined;
  let published = "";
  const orderly: Deletion = { wipe: false, graceMs: settings.graceMs, preStop: true };

  const tick = () => {
    for (const action of reconcile(pods.all(), { replicas, policy, stopped })) {
      if (action.kind === "create") void pods.create(action.ordinal);
      else pods.remove(action.pod, lastDeletion ?? orderly);
    }
    pods.tend();
    const ready = pods
      .all()
      .filter(life.isReady)
      .sort((a, b) => a.ordinal - b.ordinal);
    const text = ready.map(({ address }) => address).join(" ");
    if (text !== published) ports.publishReady(ready);
    published = text;
  };

  return {
    pods: pods.all,
    replicas: () => replicas,
    partition: pods.partition,
    isStopped: (ordinal: number) => stopped.has(ordinal),
    scale: (count: number) => {
      replicas = count;
    },
    delete: pods.remove,
    stop: (ordinal: number) => void stopped.add(ordinal),
    start: (ordinal: number) => void stopped.delete(ordinal),
    /** The sidecars come first again. */
    powerLost: (pod: Pod) => pods.change(pod, life.powerLost),
    paused: (pod: Pod, isPaused: boolean) => pods.change(pod, (one) => life.paused(one, isPaused)),
    cut: pods.cut,
    /** Takes all members down: the highest ordinal first, or by SIGKILL, all at once. */
    down: (how: "orderly" | "killed" = "orderly") => {
      lastDeletion = { wipe: false, graceMs: how === "killed" ? 0 : downGraceMs, preStop: false };
      replicas = 0;
      policy = how === "killed" ? "Parallel" : "OrderedReady";
      stopped.clear();
      for (const pod of pods.all()) if (pod.end !== undefined) pods.remove(pod, lastDeletion);
    },
    /** Keeps the members as they shall be; resolves once all are down. */
    run: async () => {
      while (lastDeletion === undefined || pods.all().length > 0) {
        tick();
        await ports.clock.sleep(tickMs);
      }
    },
  };
}
