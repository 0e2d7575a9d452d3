/** One pod, as kubelet and a runtime run it: a sandbox that has its network, and containers in it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { containerOptions } from "./container-options.js";
import { ask, attempt, image, inNetworkOf } from "./engine.js";
import { createLife, type Ending, type Life } from "./life.js";
import type { ContainerSpec, Manifests, PodSpec } from "./manifest.js";
import type { Prober } from "./prober.js";
import { accountMount, makeVolumes, mountOption, removeVolume } from "./volumes.js";

export interface PodOptions {
  readonly name: string;
  /** Of its containers begin with it. */
  readonly prefix: string;
  readonly namespace: string;
  readonly service: string;
  readonly spec: PodSpec;
  readonly manifests: Manifests;
  readonly network: string;
  readonly address: string;
  readonly nameserver: string;
  readonly prober: Prober;
  readonly podDirectory: string;
  readonly claims: ReadonlyMap<string, string>;
}

export type Pod = ReturnType<typeof createPod>;

export function createPod(pod: PodOptions) {
  const { name, spec, address, podDirectory } = pod;
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 30;
  const sandbox = `${pod.prefix}-pause`;
  const mine = spec.automountServiceAccountToken === false ? [] : [accountMount];
  mkdirSync(podDirectory, { recursive: true });
  const volumes = makeVolumes(pod);

  const lifeOf = (container: ContainerSpec): Life => {
    const mounts = [...(container.volumeMounts ?? []), ...mine];
    const { options, args } = containerOptions(pod, container);
    return createLife({
      name: `${pod.prefix}-${container.name}`,
      ...{ spec: container, address, graceSeconds, args, prober: pod.prober },
      options: [
        ...inNetworkOf(sandbox, name),
        ...networkFiles(pod),
        ...mounts.map((mount) => mountOption(mount, volumes)),
        ...options,
      ],
    });
  };
  const sidecars = (spec.initContainers ?? []).map((container) => {
    if (container.restartPolicy !== "Always") throw new Error(`${container.name} is no sidecar`);
    return lifeOf(container);
  });
  const containers = spec.containers.map(lifeOf);
  const lives = [...sidecars, ...containers];

  return {
    ...{ name, address },
    container: (wanted: string): Life => {
      const found = lives.find((life) => life.name === wanted);
      if (found === undefined) throw new Error(`${name} has no container ${wanted}`);
      return found;
    },
    lives,
    isReady: () => lives.every((life) => life.isReady()),
    /** The sidecars one after the other, each to its start; then the others. */
    start: async (): Promise<void> => {
      const network = ["--network", pod.network, "--ip", address, "--hostname", name];
      const idle = ["--user", "65535", "--entrypoint", "sleep", image, "infinity"];
      await ask("run", "--detach", "--rm", "--name", sandbox, ...network, ...idle);
      for (const sidecar of sidecars) await sidecar.start();
      await Promise.all(containers.map((life) => life.start()));
    },
    /** Its deletion: the sidecars end after the others, the last first. */
    end: async (): Promise<ReadonlyMap<string, Ending>> => {
      const begun = Date.now();
      const left = () => graceSeconds * 1000 - (Date.now() - begun);
      const endings = new Map<string, Ending>();
      const finish = async (life: Life) => endings.set(life.name, await life.end(left()));
      for (const life of sidecars) life.leave();
      await Promise.all(containers.map(finish));
      for (const life of sidecars.toReversed()) await finish(life);
      await attempt(["kill", sandbox]);
      removeVolume(podDirectory);
      return endings;
    },
    /** As a node's loss of power: nobody has time for anything. The volumes stay. */
    cut: async (): Promise<void> => {
      for (const life of lives) life.leave();
      await Promise.all([
        attempt(["kill", "--signal", "KILL", sandbox]),
        ...lives.map((life) => life.kill()),
      ]);
    },
  };
}

/** The files that kubelet writes for all containers of a pod. */
function networkFiles({ name, address, podDirectory, ...pod }: PodOptions): string[] {
  const zone = `${pod.namespace}.svc.cluster.local`;
  const hosts = join(podDirectory, "etc-hosts");
  const resolvConf = join(podDirectory, "resolv.conf");
  writeFileSync(
    hosts,
    `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
${address}\t${name}.${pod.service}.${zone}\t${name}
`,
  );
  writeFileSync(
    resolvConf,
    `search ${zone} svc.cluster.local cluster.local
nameserver ${pod.nameserver}
options ndots:5
`,
  );
  return [`--volume=${hosts}:/etc/hosts`, `--volume=${resolvConf}:/etc/resolv.conf:ro`];
}
