/*
 * A lab in this process: what `lab serve` runs in the background, and what an experiment or a campaign
 * runs in its own process. All that happens to it is an order, all that it does an event.
 */
import { defaultAgentPort } from "../agent/http/here.js";
import { accepts } from "../agent/http/port.js";
import type { Log } from "../system/log.js";
import { signalProcess } from "../system/proc.js";
import {
  type ContainerPorts,
  preparePod,
  runPreStop,
  startContainer,
  wipeDisk,
} from "./container.js";
import { createController } from "./controller.js";
import { createEvents, type LabEvent } from "./events.js";
import { type Faults, faultsText } from "./fake-dns/faults.js";
import { hostPort } from "./fake-dns/listen.js";
import { defaultIdentity, serviceName } from "./fake-dns/zone.js";
import { watchHealth } from "./health.js";
import { lagging } from "./lagging.js";
import type { NetworkKind } from "./network/network.js";
import { openEndpoint, openNetwork } from "./network/open.js";
import { type Place, partitionText } from "./network/partition.js";
import type { Lab } from "./options.js";
import type { Order } from "./orders.js";
import { createPerform } from "./perform.js";
import { controllerPaths, domain, markOf, podName, podPaths, service } from "./pod.js";
import type { PodRuntime } from "./pods.js";
import { endAll, signalAll } from "./processes.js";
import type { Policy } from "./statefulset.js";
import { type LabStatus, memberStatuses } from "./status.js";
import { watchOver } from "./watchdog.js";

export interface LabSettings {
  readonly replicas: number;
  readonly policy: Policy;
  readonly network: NetworkKind;
  /** From a change of the pods to its showing in DNS and at the clients' endpoint. */
  readonly lagMs: number;
  /** From a pod's deletion to SIGKILL. */
  readonly graceMs: number;
  /** Variables of all containers. With GALERA_AGENT=off pods have no sidecar. */
  readonly settings: Readonly<Record<string, string>>;
  /** Further arguments for mariadbd. */
  readonly args: readonly string[];
  /**
   * Whom the clients' endpoint leads to: members that are ready, or all that DNS names
   * (publishNotReadyAddresses), of which a client tries the next where one refuses.
   */
  readonly clients: "ready" | "published";
}

export const defaultLab: LabSettings = {
  ...{ replicas: 3, policy: "OrderedReady", network: "auto", lagMs: 300, graceMs: 30_000 },
  ...{ settings: {}, args: [], clients: "ready" },
};

export interface RunLabPorts extends ContainerPorts {
  /** Of whoever starts it: PATH, language and time zone count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** A lab that runs. Members are ordinals; names are `podName`'s. */
export interface RunningLab {
  status(): LabStatus;
  /**
   * Does what it is told; resolves once that is done, not once its consequences are over.
   *
   * @throws Failure 64 for a member that is not there, 69 where it cannot be done now, 78 where never
   */
  perform(order: Order): Promise<void>;
  /** All that has happened. */
  events(): readonly LabEvent[];
  /** @returns what ends it */
  listen(tell: (event: LabEvent) => void): () => void;
  /** Stops the members, the highest ordinal first; resolves, as `over`, once nothing runs any more. */
  down(): Promise<void>;
  /** SIGKILL to everything instead. */
  abandon(): Promise<void>;
  readonly over: Promise<void>;
}

/**
 * Starts a lab in its directory, which is there already and empty. It returns at once: members come up
 * as events tell.
 *
 * @throws Failure 78 where it cannot be
 */
export async function startLab(
  lab: Lab,
  settings: LabSettings,
  ports: RunLabPorts,
): Promise<RunningLab> {
  const { clock, env, program } = ports;
  const paths = controllerPaths(lab);
  const begunMs = clock.now();
  const events = createEvents(paths.events, { clock, now: () => new Date() });
  const dismiss = watchOver(lab, program);
  const { network, dns } = await openNetwork(lab, settings, ports).catch(async (error) => {
    await endAll([lab.dir], clock);
    await dismiss();
    throw error;
  });
  const hasAgent = settings.settings.GALERA_AGENT !== "off";
  const template = {
    ...{ lab, env, args: settings.args, block: network.block, dns: hostPort(dns.host, dns.port) },
    settings: {
      ...(settings.policy === "Parallel" && { GALERA_REPLICAS: `${settings.replicas}` }),
      // Clients are elsewhere after the endpoints' lag.
      GALERA_DRAIN_DELAY: `${Math.max(1000, 2 * settings.lagMs)}ms`,
      ...settings.settings,
    },
  };
  const closing = new AbortController();

  const place = async (pod: Place): Promise<PodRuntime> => {
    const { ordinal, address } = pod;
    const name = podName(ordinal);
    preparePod(template, ordinal, ports);
    const sandbox = await network.attach(name, address);
    const own = { ordinal, address, inside: sandbox.inside };
    const { socket, dir } = podPaths(lab, name);
    return {
      start: (container) => startContainer(template, own, container, ports),
      preStop: () => runPreStop(template, own, ports),
      listens: () => accepts(address, defaultAgentPort, closing.signal).catch(() => false),
      health: watchHealth({ socket, address, hasAgent }, clock, closing.signal),
      block: sandbox.block,
      release: async () => {
        await endAll([dir], clock);
        await sandbox.release();
      },
    };
  };

  const endpoints = lagging<readonly Place[]>([], settings.lagMs, clock);
  const publishFor = (clients: LabSettings["clients"]) =>
    clients === settings.clients ? endpoints.set : () => {};
  const publishAll = publishFor("published");
  const controller = createController(
    { ...settings, hasAgent },
    {
      ...{ clock, note: events.note, place, publishReady: publishFor("ready") },
      signal: signalProcess,
      signalAll: (targets, signal) =>
        signalAll(
          targets.flatMap(({ ordinal, containers }) =>
            containers.map((name) => markOf(lab, podName(ordinal), name)),
          ),
          signal,
        ),
      address: network.address,
      host: network.host,
      wipe: (ordinal) => wipeDisk(template, ordinal),
      publish: (pods) => {
        dns.setMembers(
          pods.map(({ ordinal, address }) => ({ name: podName(ordinal), addresses: [address] })),
        );
        publishAll(pods);
      },
    },
  );
  const closeNetwork = async () => {
    await dns.close();
    await endAll([lab.dir], clock);
    await network.close();
    await dismiss();
  };
  const addresses = () => endpoints.current().map(({ address }) => address);
  const forward = await openEndpoint(network, addresses, settings).catch(async (error) => {
    await closeNetwork();
    throw error;
  });
  const setFaults = (faults: Partial<Faults>) => {
    const all = { lagMs: settings.lagMs, ...faults };
    dns.setFaults(all);
    events.note("dns", `DNS: ${faultsText(dns.faults())}`, { data: all });
  };
  dns.setFaults({ lagMs: settings.lagMs });
  events.note("begun", `lab begun: ${settings.replicas} replicas, ${settings.policy}`, {
    data: { ...settings, network: network.kind },
  });

  const status = (): LabStatus => {
    const partition = controller.partition();
    const ordinals = controller.pods().map(({ ordinal }) => ordinal);
    return {
      ...{
        name: lab.name,
        dir: lab.dir,
        dns: template.dns,
        replicas: controller.replicas(),
        policy: settings.policy,
      },
      service: serviceName({ ...defaultIdentity, service, namespace: lab.name, domain }),
      ...{ begunMs, network: network.kind, noPartitions: network.noPartitions ?? null },
      clients: hostPort(network.host, forward.port),
      ready: endpoints.current().map(({ ordinal }) => podName(ordinal)),
      faults: faultsText(dns.faults()),
      partition: partition === undefined ? null : partitionText(partition, ordinals, podName),
      members: memberStatuses(controller.pods(), controller.replicas()),
    };
  };

  const perform = createPerform(controller, {
    ...{ lab, clock, note: events.note, settings, setFaults, network },
  });

  const close = async () => {
    closing.abort();
    await forward.close();
    await closeNetwork();
  };
  const over = controller.run().then(async () => {
    events.note("over", "all members are down");
    await close();
  });
  return {
    ...{ status, perform, over },
    events: events.all,
    listen: events.listen,
    down: async () => {
      if (network.noPartitions === undefined) await controller.cut(undefined);
      const stood = controller.pods().filter(({ paused }) => paused);
      if (stood.length > 0) {
        await perform({ kind: "resume", members: stood.map(({ ordinal }) => ordinal) });
      }
      controller.down();
      await over;
    },
    abandon: async () => {
      controller.down("killed");
      await over;
    },
  };
}
