/**
 * A namespace on one machine: a network, DNS as CoreDNS gives it, and a StatefulSet whose pods run as
 * real containers. It needs root, for the owners of volumes.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, createNetwork, directory, prefix, startContainer } from "./engine.js";
import type { Manifests, PodSpec } from "./manifest.js";
import { createPod, type Pod } from "./pod.js";
import { startProber } from "./prober.js";
import type { Verdict } from "./probes.js";
import { removeVolume } from "./volumes.js";

export interface NamespaceOptions {
  readonly name: string;
  readonly manifests: Manifests;
  /** What an admission controller makes of a pod. */
  readonly admit?: (spec: PodSpec) => PodSpec;
}

export type Namespace = Awaited<ReturnType<typeof createNamespace>>;

export async function createNamespace({ name, manifests, admit }: NamespaceOptions) {
  const { statefulSet, service } = manifests;
  const { replicas, serviceName, podManagementPolicy, template, volumeClaimTemplates } =
    statefulSet.spec;
  const spec = admit?.(template.spec) ?? template.spec;
  const network = `${prefix}-${name}`;
  const home = join(directory, name);
  const zone = join(home, "dns", "zone");
  mkdirSync(join(home, "dns"), { recursive: true });
  const subnet = await createNetwork(network);
  const nameserver = `${subnet}.53`;
  const prober = await startProber(network, `${subnet}.54`);
  const pods = new Map<number, Pod>();
  const gone: Pod[] = [];
  let made = 0;

  /** What DNS knows: every pod from its address to its end, ready or not. */
  const publish = () => {
    const ports = service.spec.ports.map((one) => `${one.name} = ${one.port}`);
    const members = [...pods.values()].map((pod) => `${pod.name} = ${pod.address}`);
    const identity = [`service = ${serviceName}`, `namespace = ${name}`];
    const lines = [...identity, "[ports]", ...ports, "[members]", ...members, ""];
    writeFileSync(`${zone}.new`, lines.join("\n"));
    renameSync(`${zone}.new`, zone);
  };

  /** Its claims keep their directories, it has a new address each time. */
  const newPod = (ordinal: number): Pod => {
    const podName = `${statefulSet.metadata.name}-${ordinal}`;
    const claims = (volumeClaimTemplates ?? []).map(
      ({ metadata }) => [metadata.name, claimOf(metadata.name, podName)] as const,
    );
    made += 1;
    const pod = createPod({
      ...{ name: podName, namespace: name, service: serviceName, spec, manifests },
      ...{ network, nameserver, prober, address: `${subnet}.${100 + made}` },
      prefix: `${network}-${podName}-${made}`,
      podDirectory: join(home, podName),
      claims: new Map(claims),
    });
    pods.set(ordinal, pod);
    publish();
    return pod;
  };
  const claimOf = (claim: string, podName: string) => join(home, "claims", `${claim}-${podName}`);

  const podOf = (ordinal: number): Pod => {
    const pod = pods.get(ordinal);
    if (pod === undefined) throw new Error(`there is no pod ${ordinal}`);
    return pod;
  };

  const forget = (ordinal: number) => {
    gone.push(podOf(ordinal));
    pods.delete(ordinal);
    publish();
  };

  const logOf = ({ name, lives }: Pod) =>
    lives
      .flatMap((life) => {
        const lines = [...life.output().trimEnd().split("\n"), ...life.verdicts.map(inWords)];
        return lines.map((line) => `${name} ${life.name}: ${line}`);
      })
      .join("\n");

  const ever = () => [...gone, ...pods.values()];
  const livesEver = () => ever().flatMap((pod) => pod.lives);

  const ready = (ordinal: number, ms = 90_000) =>
    until(() => podOf(ordinal).isReady(), `${podOf(ordinal).name} is ready`, ms);

  publish();
  const dns = startContainer({
    name: `${network}-dns`,
    options: [
      ...["--network", network, "--ip", nameserver, "--volume", `${join(home, "dns")}:/dns:ro`],
      ...["--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--entrypoint", "galera-peers"],
    ],
    args: ["fake-dns", "--listen", `${nameserver}:53`, "--file", "/dns/zone"],
  });
  await until(() => dns.output().includes("listens on"), "DNS listens");

  return {
    pod: podOf,
    ready,
    pods: () => [...pods.values()],
    /** Of all containers that there have been, with their names. */
    log: () => ever().map(logOf).join("\n"),
    /** Of all their probes. */
    verdicts: () => livesEver().flatMap((life) => life.verdicts),
    /** Why probes had containers ended. */
    endedBy: () => livesEver().flatMap((life) => life.endedBy),
    /** All of the StatefulSet, by its policy; returns when all are ready. */
    start: async (): Promise<void> => {
      const ordinals = Array.from({ length: replicas }, (_, ordinal) => ordinal);
      if (podManagementPolicy === "Parallel") {
        await Promise.all(ordinals.map((ordinal) => newPod(ordinal).start()));
        await Promise.all(ordinals.map((ordinal) => ready(ordinal)));
        return;
      }
      for (const ordinal of ordinals) {
        await newPod(ordinal).start();
        await ready(ordinal);
      }
    },
    /** Deletes a pod; gives how its containers ended. Its claims stay. */
    deletePod: async (ordinal: number) => {
      const endings = await podOf(ordinal).end();
      forget(ordinal);
      return endings;
    },
    createPod: (ordinal: number): Promise<void> => newPod(ordinal).start(),
    /** All nodes lose power at once, and the pods come back in new sandboxes. */
    outage: async (): Promise<void> => {
      const ordinals = [...pods.keys()];
      await Promise.all(ordinals.map((ordinal) => podOf(ordinal).cut()));
      for (const ordinal of ordinals) forget(ordinal);
      await Promise.all(ordinals.map((ordinal) => newPod(ordinal).start()));
    },
    /** A claim's directory. */
    claim: (claim: string, ordinal: number) =>
      claimOf(claim, `${statefulSet.metadata.name}-${ordinal}`),
    loseClaims: (ordinal: number) => {
      const podName = `${statefulSet.metadata.name}-${ordinal}`;
      for (const { metadata } of volumeClaimTemplates ?? []) {
        removeVolume(claimOf(metadata.name, podName));
      }
    },
    /** Removes all of it. */
    close: async (): Promise<void> => {
      await Promise.all([...pods.values()].map((pod) => pod.cut()));
      await prober.close();
      await dns.kill("KILL");
      await dns.ended;
      await attempt(["network", "rm", "--force", network]);
      removeVolume(home);
    },
  };
}

function inWords({ probe, ok, why }: Verdict): string {
  return `${probe} ${ok ? "succeeded" : "failed"}: ${why.split("\n")[0]}`;
}

/** Waits until `condition` holds; fails with `what` after `ms`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 30_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(100);
  }
}
