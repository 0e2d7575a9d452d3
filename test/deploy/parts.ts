import { type Manifest, only } from "./render.js";

/** What the tests look at in a rendering. */
export function partsOf(manifests: readonly Manifest[]) {
  const statefulSet = only(manifests, "StatefulSet");
  const { spec } = statefulSet;
  const { metadata, spec: pod } = spec.template;
  const [agent] = pod.initContainers;
  const [server] = pod.containers;
  const containers: readonly Manifest[] = [agent, server];
  const ports: readonly Manifest[] = containers.flatMap((one) => one.ports);
  const maps = manifests.filter((one) => one.metadata.name.startsWith("galera-settings"));
  /** The settings of both containers. */
  const settings: Readonly<Record<string, string>> = only(maps, "ConfigMap").data ?? {};
  const networkPolicies = manifests.filter(({ kind }) => kind === "NetworkPolicy");
  const service = (name: string) => only(manifests, "Service", name).spec;
  return {
    ...{ statefulSet, spec, metadata, pod, agent, server, containers, ports },
    ...{ settings, networkPolicies, service },
  };
}
