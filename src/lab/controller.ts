import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import type { Log } from "../system/log.js";
import type { Container } from "./container.js";
import { podName } from "./pod.js";
import type { GaleraStatus } from "./readiness.js";
import type { Action, Pod } from "./statefulset.js";
import * as stateful from "./statefulset.js";

export interface ControllerPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly start: (ordinal: number) => Container;
  readonly probe: (ordinal: number) => Promise<GaleraStatus | undefined>;
  readonly wipe: (ordinal: number) => void;
  /** Makes DNS name these pods: all that exist, ready or not (publishNotReadyAddresses). */
  readonly publish: (ordinals: readonly number[]) => void;
}

export interface Controller {
  replicas(): number;
  pods(): readonly Pod[];
  /** False where it has no process. */
  signal(ordinal: number, name: NodeJS.Signals): boolean;
  /** Deletes a pod, to be created again; false where there is none. */
  delete(ordinal: number, wipe: boolean): boolean;
  /** Takes all members down, the highest ordinal first. */
  down(): void;
  /** Keeps the members as they shall be; resolves once all are down. */
  run(): Promise<void>;
}

const tickMs = 50;
/** Between looks at a member that is not ready yet, and at one that is. */
const probeMs = { starting: 200, ready: 1000 } as const;

/** The miniature StatefulSet: does what `decide` says, and keeps what it rests on. */
export function createController(replicas: number, ports: ControllerPorts): Controller {
  const { clock, log } = ports;
  const pods = new Map<number, Pod>();
  const containers = new Map<number, Container>();
  let desired = replicas;
  let incarnations = 0;

  const change = (ordinal: number, next: (pod: Pod) => Pod) => {
    const pod = pods.get(ordinal);
    if (pod !== undefined) pods.set(ordinal, next(pod));
  };

  const start = (ordinal: number): number => {
    const container = ports.start(ordinal);
    containers.set(ordinal, container);
    void container.ended.then((how) => {
      log("info", `${podName(ordinal)} (pid ${container.pid}) has ended: ${how}`);
      containers.delete(ordinal);
      change(ordinal, (pod) => stateful.ended(pod, how, clock.now()));
    });
    void watch(ordinal, container);
    return container.pid;
  };

  const watch = async (ordinal: number, container: Container) => {
    const current = () => containers.get(ordinal) === container;
    for (let ready = false; current(); ) {
      const galera = await ports.probe(ordinal);
      if (!current()) return;
      change(ordinal, (pod) => stateful.probed(pod, galera, clock.now()));
      const now = galera?.ready === true;
      if (now !== ready) log("info", `${podName(ordinal)} is ${now ? "ready" : "not ready"}`);
      ready = now;
      await clock.sleep(ready ? probeMs.ready : probeMs.starting);
    }
  };

  const act = (action: Action) => {
    const ordinal = action.kind === "create" ? action.ordinal : action.pod.ordinal;
    const name = podName(ordinal);
    switch (action.kind) {
      case "create": {
        incarnations += 1;
        ports.publish([...pods.keys(), ordinal]);
        const pid = start(ordinal);
        pods.set(ordinal, stateful.created(ordinal, incarnations, pid, clock.now()));
        log("info", `${name} created (pid ${pid})`);
        break;
      }
      case "restart": {
        const pid = start(ordinal);
        change(ordinal, (pod) => stateful.restarted(pod, pid, clock.now()));
        log("info", `${name} started again (pid ${pid})`);
        break;
      }
      case "delete":
        remove(ordinal, false);
        break;
      case "kill":
        log("warn", `${name} is killed: ${formatDuration(stateful.graceMs)} of grace are over`);
        containers.get(ordinal)?.signal("SIGKILL");
        change(ordinal, stateful.killed);
        break;
      case "remove":
        if (action.wipe) ports.wipe(ordinal);
        pods.delete(ordinal);
        ports.publish([...pods.keys()]);
        log("info", `${name} removed${action.wipe ? " with its disk" : ""}`);
        break;
      default:
        action satisfies never;
    }
  };

  const remove = (ordinal: number, wipe: boolean) => {
    containers.get(ordinal)?.signal("SIGTERM");
    change(ordinal, (pod) => stateful.deleted(pod, wipe, clock.now()));
  };

  return {
    replicas: () => desired,
    pods: () => [...pods.values()],
    signal: (ordinal, name) => {
      const container = containers.get(ordinal);
      container?.signal(name);
      return container !== undefined;
    },
    delete: (ordinal, wipe) => {
      if (!pods.has(ordinal)) return false;
      remove(ordinal, wipe);
      return true;
    },
    down: () => {
      desired = 0;
    },
    run: async () => {
      while (desired > 0 || pods.size > 0) {
        for (const action of stateful.decide([...pods.values()], desired, clock.now())) act(action);
        await clock.sleep(tickMs);
      }
    },
  };
}
