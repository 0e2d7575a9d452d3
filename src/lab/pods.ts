/*
 * The pods of a lab: what is known of each, and what a kubelet does to it.
 */
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { messageOf } from "../system/failure.js";
import type { Container } from "./container.js";
import type { Note } from "./events.js";
import type { HealthWatch } from "./health.js";
import { type KubeletAction, tend } from "./kubelet.js";
import { mostAddresses } from "./network/network.js";
import { blockedFor, type Partition, type Place } from "./network/partition.js";
import { type ContainerName, podName } from "./pod.js";
import type { Deletion, Pod } from "./pod-life.js";
import * as life from "./pod-life.js";
import { awaitAgent, type WatchedPod, watchLiveness, watchReadiness } from "./probes.js";

/** What is done to one pod. */
export interface PodRuntime {
  start(name: ContainerName): Container;
  /** Gives how the hook's process has ended. */
  preStop(): Promise<string>;
  /** The sidecar's startup probe. */
  listens(): Promise<boolean>;
  readonly health: HealthWatch;
  /** These addresses, and no others, are out of its reach. */
  block(addresses: readonly string[]): Promise<void>;
  /** Ends whatever is left of it. */
  release(): Promise<void>;
}

export interface Target {
  readonly ordinal: number;
  readonly containers: readonly ContainerName[];
}

export interface PodsPorts {
  readonly clock: Clock;
  readonly note: Note;
  /** Makes a pod's directories and network. */
  readonly place: (pod: Place) => Promise<PodRuntime>;
  /** To all processes of these containers at once. */
  readonly signalAll: (targets: readonly Target[], signal: NodeJS.Signals) => void;
  /** To one process. */
  readonly signal: (pid: number, signal: NodeJS.Signals) => void;
  readonly address: (number: number) => string;
  /** Where DNS and the clients' endpoint are. */
  readonly host: string;
  readonly wipe: (ordinal: number) => void;
  /** Makes DNS name these pods: all that exist, ready or not (publishNotReadyAddresses). */
  readonly publish: (pods: readonly Place[]) => void;
}

export interface PodsSettings {
  /** Whether pods have the sidecar. */
  readonly hasAgent: boolean;
  /** From a pod's deletion to SIGKILL. */
  readonly graceMs: number;
}

export type Pods = ReturnType<typeof createPods>;

/** As a kubelet does with a pod whose sandbox it could not make. */
const placeAgainMs = 1000;

export function createPods({ hasAgent, graceMs }: PodsSettings, ports: PodsPorts) {
  const { clock, note } = ports;
  const pods = new Map<number, Pod>();
  const runtimes = new Map<number, PodRuntime>();
  const removing = new Set<Pod["incarnation"]>();
  let partition: Partition | undefined;
  let incarnations = 0;
  let addresses = 0;

  const all = () => [...pods.values()];
  const current = ({ ordinal, incarnation }: Pod): Pod | undefined => {
    const pod = pods.get(ordinal);
    return pod?.incarnation === incarnation ? pod : undefined;
  };
  const change = (of: Pod, next: (pod: Pod) => Pod) => {
    const pod = current(of);
    if (pod !== undefined) pods.set(of.ordinal, next(pod));
  };

  const watched = (pod: Pod): WatchedPod => ({
    name: podName(pod.ordinal),
    current: () => current(pod),
    change: (next) => change(pod, next),
  });

  /** As in Kubernetes, a new pod has another address than the one before. */
  const nextAddress = (): string => {
    for (;;) {
      addresses = (addresses % mostAddresses) + 1;
      const address = ports.address(addresses);
      if (all().every((pod) => pod.address !== address)) return address;
    }
  };

  const create = async (ordinal: number) => {
    incarnations += 1;
    const pod = life.created(ordinal, incarnations, nextAddress(), hasAgent);
    pods.set(ordinal, pod);
    ports.publish(all());
    const member = podName(ordinal);
    note("created", `created, ${pod.address}`, { member, data: { address: pod.address } });
    try {
      const runtime = await ports.place(pod);
      if (current(pod) === undefined) return await runtime.release();
      runtimes.set(ordinal, runtime);
      await applyPartition();
      change(pod, life.placed);
      const probed = watched(pod);
      void watchReadiness(probed, runtime.health, ports);
      void watchLiveness(probed, runtime.health, {
        ...{ ...ports, graceMs },
        kill: () => ports.signalAll([{ ordinal, containers: ["mariadb"] }], "SIGKILL"),
      });
    } catch (error) {
      const [why] = messageOf(error).split("\n", 1);
      note("ended", `cannot be placed: ${why}`, { member });
      await clock.sleep(placeAgainMs);
      if (isThere(pod)) await forget(pod, false);
    }
  };

  const isThere = (pod: Pod) => current(pod) !== undefined && !removing.has(pod.incarnation);

  const applyPartition = async () => {
    const places = all();
    await Promise.all(
      places.map(async (pod) => {
        try {
          await runtimes.get(pod.ordinal)?.block(blockedFor(pod, places, partition, ports.host));
        } catch (error) {
          if (isThere(pod)) throw error; // else its network was about to go
        }
      }),
    );
  };

  const start = (pod: Pod, name: ContainerName) => {
    const container = runtimes.get(pod.ordinal)?.start(name);
    if (container === undefined) return;
    const { pid } = container;
    const member = podName(pod.ordinal);
    change(pod, (one) => life.started(one, name, pid, clock.now()));
    const restarts = current(pod)?.[name]?.restarts ?? 0;
    note("started", startText(name, restarts), {
      member,
      data: { container: name, restarts, pid },
    });
    void container.ended.then((how) => {
      const whose = name === "mariadb" ? "" : `its ${name} `;
      const leaving = current(pod)?.end !== undefined;
      const data = { container: name, how, leaving };
      note("ended", `${whose}has ended: ${how}`, { member, data });
      change(pod, (one) => life.ended(one, name, how, clock.now()));
    });
    const listens = runtimes.get(pod.ordinal)?.listens;
    if (name === "agent" && listens) void awaitAgent(watched(pod), pid, listens, clock);
  };

  const remove = (pod: Pod, deletion: Deletion) => {
    const member = podName(pod.ordinal);
    const preStop =
      deletion.preStop && hasAgent && deletion.graceMs > 0 && life.isRunning(pod.mariadb);
    const isNew = pod.end === undefined;
    change(pod, (one) => life.deleted(one, { ...deletion, preStop }, clock.now()));
    if (!isNew) return;
    note("stopping", "stopping", { member, data: { ...deletion } });
    if (!preStop) return;
    const startedMs = clock.now();
    void runtimes
      .get(pod.ordinal)
      ?.preStop()
      .then((how) => {
        const took = formatDuration(clock.now() - startedMs);
        note("hook", how === "exit 0" ? `drained in ${took}` : `drain: ${how} after ${took}`, {
          member,
        });
        change(pod, life.preStopOver);
      });
  };

  const forget = async (pod: Pod, wipe: boolean) => {
    removing.add(pod.incarnation);
    const runtime = runtimes.get(pod.ordinal);
    runtimes.delete(pod.ordinal); // nobody is to change a network that goes
    await runtime?.release();
    if (wipe) ports.wipe(pod.ordinal);
    pods.delete(pod.ordinal);
    removing.delete(pod.incarnation);
    ports.publish(all());
    note("removed", `stopped and removed${wipe ? " with its disk" : ""}`, {
      member: podName(pod.ordinal),
    });
  };

  const act = (action: KubeletAction) => {
    const { pod } = action;
    const member = podName(pod.ordinal);
    switch (action.kind) {
      case "start":
        return start(pod, action.container);
      case "terminate": {
        const { phase } = pod[action.container] ?? pod.mariadb;
        if (phase.kind === "running") ports.signal(phase.pid, "SIGTERM");
        return change(pod, (one) => life.signalled(one, action.container));
      }
      case "kill":
        if ((pod.end?.graceMs ?? 0) > 0) {
          const grace = formatDuration(pod.end?.graceMs ?? 0);
          note("killed", `killed: ${grace} of grace are over`, { member });
        }
        ports.signalAll([{ ordinal: pod.ordinal, containers: ["mariadb", "agent"] }], "SIGKILL");
        return change(pod, life.killed);
      case "remove":
        return void forget(pod, action.wipe);
      default:
        return action satisfies never;
    }
  };

  return {
    all: (): readonly Pod[] => all(),
    partition: () => partition,
    change,
    create,
    remove,
    /** What a kubelet does now. */
    tend: () => {
      for (const pod of all()) {
        if (removing.has(pod.incarnation)) continue;
        for (const action of tend(pod, clock.now())) act(action);
      }
    },
    cut: (next: Partition | undefined): Promise<void> => {
      partition = next;
      return applyPartition();
    },
  };
}

function startText(name: ContainerName, restarts: number): string {
  if (restarts === 0) return `${name} started`;
  return name === "mariadb"
    ? `started again on its disk (restart ${restarts})`
    : `its ${name} started again (restart ${restarts})`;
}
