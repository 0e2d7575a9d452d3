/*
 * Carries out orders. What an order names is checked before anything is done.
 */
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import { signalProcess } from "../system/proc.js";
import type { Controller } from "./controller.js";
import type { Note } from "./events.js";
import type { Faults } from "./fake-dns/faults.js";
import type { Network } from "./network/network.js";
import { partitionText } from "./network/partition.js";
import type { Lab } from "./options.js";
import { namedIn, type Order, type Ordinals } from "./orders.js";
import { type ContainerName, containerNames, markOf, podName, podPaths } from "./pod.js";
import type { Pod } from "./pod-life.js";
import { isRunning } from "./pod-life.js";
import { signalAll, stopAll } from "./processes.js";
import { phaseOf } from "./status.js";

export interface PerformPorts {
  readonly lab: Lab;
  readonly clock: Clock;
  readonly note: Note;
  readonly settings: { readonly graceMs: number };
  readonly setFaults: (faults: Partial<Faults>) => void;
  readonly network: Pick<Network, "noPartitions">;
}

export type Perform = (order: Order) => Promise<void>;

export function createPerform(controller: Controller, ports: PerformPorts): Perform {
  const { lab, clock, note, settings, network } = ports;

  const podOf = (ordinal: number) => controller.pods().find((pod) => pod.ordinal === ordinal);
  /** Those that there are, or nothing is done. */
  const podsOf = (members: Ordinals): readonly Pod[] =>
    members.map((ordinal) => {
      const pod = podOf(ordinal);
      if (pod !== undefined) return pod;
      throw cannot(`${podName(ordinal)} is not created yet`);
    });
  const refuseUnknown = (order: Order) => {
    const highest = Math.max(-1, ...controller.pods().map(({ ordinal }) => ordinal));
    const count = Math.max(controller.replicas(), highest + 1);
    const unknown = namedIn(order).find((ordinal) => ordinal < 0 || ordinal >= count);
    if (unknown === undefined) return;
    const known = Array.from({ length: count }, (_, ordinal) => podName(ordinal)).join(", ");
    throw new Failure(
      exitCode.usage,
      `no member ${podName(unknown)} (there is: ${known || "none"})`,
    );
  };

  const kill = (pods: readonly Pod[], names: readonly ContainerName[], signal: NodeJS.Signals) => {
    for (const pod of pods) {
      if (names.some((name) => isRunning(pod[name]))) continue;
      throw cannot(`${podName(pod.ordinal)} has no process now: it is ${phaseOf(pod)}`);
    }
    if (names.length === containerNames.length && signal === "SIGKILL") {
      for (const pod of pods) controller.powerLost(pod);
    }
    const places = pods.flatMap(({ ordinal }) =>
      names.map((name) => markOf(lab, podName(ordinal), name)),
    );
    // As the end of a container's first process, SIGKILL takes all others with it.
    if (signal === "SIGKILL") signalAll(places, signal);
    else for (const pid of pids(pods, names)) signalProcess(pid, signal);
    for (const { ordinal } of pods) {
      note("signal", `${signal} to ${names.join(" and ")}`, { member: podName(ordinal) });
    }
  };

  return async (order) => {
    refuseUnknown(order);
    switch (order.kind) {
      case "kill": {
        const names = order.container === "all" ? containerNames : [order.container];
        return kill(podsOf(order.members), names, order.signal);
      }
      case "delete": {
        const { wipe, graceMs = settings.graceMs } = order;
        for (const pod of podsOf(order.members)) {
          controller.delete(pod, { wipe, graceMs, preStop: true });
        }
        return;
      }
      case "disk-loss":
        for (const pod of podsOf(order.members)) {
          controller.delete(pod, { wipe: true, graceMs: 0, preStop: false });
        }
        return;
      case "stop":
        return order.members.forEach(controller.stop);
      case "start":
        return order.members.forEach(controller.start);
      case "pause": {
        const pods = podsOf(order.members);
        for (const pod of pods) controller.paused(pod, true);
        await stopAll(
          pods.map(({ ordinal }) => podPaths(lab, podName(ordinal)).dir),
          clock,
        );
        for (const { ordinal } of pods) note("paused", "paused", { member: podName(ordinal) });
        return;
      }
      case "resume": {
        const pods = podsOf(order.members);
        signalAll(
          pods.map(({ ordinal }) => podPaths(lab, podName(ordinal)).dir),
          "SIGCONT",
        );
        for (const pod of pods) {
          controller.paused(pod, false);
          note("resumed", "resumed", { member: podName(pod.ordinal) });
        }
        return;
      }
      case "partition": {
        if (network.noPartitions !== undefined) {
          throw new Failure(
            exitCode.config,
            `no member of this lab can be cut off: ${network.noPartitions}; begin it as root, with ip (iproute2) and the right to make network namespaces`,
          );
        }
        const { sides, node } = order;
        const [first = []] = sides;
        if (!node && new Set(first).size >= controller.replicas()) {
          const all = "these are all members, on one side: nobody is left to cut them off from";
          throw new Failure(exitCode.usage, all);
        }
        await controller.cut({ sides, node });
        const ordinals = controller.pods().map(({ ordinal }) => ordinal);
        const text = partitionText({ sides, node }, ordinals, podName);
        return note("partition", `cut off from each other: ${text}`, { data: { sides, node } });
      }
      case "heal":
        if (controller.partition() === undefined) return;
        await controller.cut(undefined);
        return note("partition", "the network is whole again", { data: { sides: [] } });
      case "dns":
        return ports.setFaults(order.faults);
      case "scale":
        controller.scale(order.replicas);
        return note("scaled", `scaled to ${order.replicas} replicas`, {
          data: { replicas: order.replicas },
        });
      case "outage": {
        const running = controller
          .pods()
          .filter((pod) => containerNames.some((name) => isRunning(pod[name])));
        note("outage", "outage: all members lose their power", {});
        return kill(running, containerNames, "SIGKILL");
      }
      default:
        return order satisfies never;
    }
  };
}

function pids(pods: readonly Pod[], names: readonly ContainerName[]): readonly number[] {
  return pods.flatMap((pod) =>
    names.flatMap((name) => {
      const phase = pod[name]?.phase;
      return phase?.kind === "running" ? [phase.pid] : [];
    }),
  );
}

function cannot(why: string): Failure {
  return new Failure(exitCode.unavailable, why);
}
