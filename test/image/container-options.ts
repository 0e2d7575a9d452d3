/** What kubelet asks of the runtime for one container. */
import { readOnly } from "./engine.js";
import type { ContainerSpec, EnvVar, Files, Manifests, PodSpec } from "./manifest.js";

export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly spec: PodSpec;
  readonly manifests: Manifests;
}

/** The engine's options but for the mounts and the network, and what follows the image. */
export function containerOptions(pod: PodFacts, container: ContainerSpec) {
  const { command, args = [] } = container;
  const [entrypoint, ...others] = command ?? [];
  return {
    options: [
      ...users(pod, container),
      ...confinement(container),
      ...environment(pod, container).map(([name, value]) => `--env=${name}=${value}`),
      ...(entrypoint === undefined ? [] : ["--entrypoint", entrypoint]),
    ],
    args: [...others, ...args],
  };
}

function users({ spec }: PodFacts, { name, securityContext }: ContainerSpec): string[] {
  const { fsGroup, ...ofPod } = spec.securityContext ?? {};
  const { runAsUser, runAsGroup, runAsNonRoot } = { ...ofPod, ...securityContext };
  if (runAsNonRoot === true && runAsUser === 0) throw new Error(`${name} would run as root`);
  if (runAsGroup !== undefined && runAsUser === undefined)
    throw new Error("a group without a user");
  const user = runAsGroup === undefined ? runAsUser : `${runAsUser}:${runAsGroup}`;
  return [
    ...(user === undefined ? [] : ["--user", String(user)]),
    ...(fsGroup === undefined ? [] : ["--group-add", String(fsGroup)]),
  ];
}

function confinement({ securityContext = {}, resources }: ContainerSpec): string[] {
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = securityContext;
  const { memory, cpu } = resources?.limits ?? {};
  return [
    ...(allowPrivilegeEscalation === false ? ["--security-opt", "no-new-privileges"] : []),
    ...(readOnlyRootFilesystem === true ? readOnly : []),
    ...(capabilities?.drop ?? []).flatMap((name) => ["--cap-drop", name]),
    ...(capabilities?.add ?? []).flatMap((name) => ["--cap-add", name]),
    ...(memory === undefined ? [] : ["--memory", String(bytes(memory))]),
    ...(cpu === undefined ? [] : ["--cpus", String(processors(String(cpu)))]),
  ];
}

function processors(quantity: string): number {
  const [, number, unit] = /^(\d+)(m?)$/.exec(quantity) ?? [];
  if (number === undefined) throw new Error(`unknown quantity ${quantity}`);
  return Number(number) / (unit === "m" ? 1000 : 1);
}

const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

function bytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Ki|Mi|Gi)$/.exec(quantity) ?? [];
  if (number === undefined || unit === undefined) throw new Error(`unknown quantity ${quantity}`);
  return Number(number) * (units[unit] ?? Number.NaN);
}

function environment(pod: PodFacts, { env = [], envFrom = [] }: ContainerSpec) {
  const { secrets, configMaps } = pod.manifests;
  const shared = envFrom.flatMap(({ configMapRef, secretRef }) => [
    ...(configMapRef === undefined ? [] : fileSet(configMaps, configMapRef.name)),
    ...(secretRef === undefined ? [] : fileSet(secrets, secretRef.name)),
  ]);
  const own = env.map((variable) => [variable.name, valueFor(pod, variable)] as const);
  const all = [["KUBERNETES_SERVICE_HOST", "10.96.0.1"] as const, ...shared, ...own];
  for (const [name, value] of all) {
    if (value.includes("$("))
      throw new Error(`${name}: references to variables are not known here`);
  }
  return [...new Map(all)];
}

function valueFor({ manifests, ...pod }: PodFacts, { name, value, valueFrom }: EnvVar): string {
  if (valueFrom === undefined) return value ?? "";
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": pod.name,
    "metadata.namespace": pod.namespace,
    "status.podIP": pod.address,
    "status.podIPs": pod.address,
  };
  const found =
    (fieldRef && fields[fieldRef.fieldPath]) ??
    (configMapKeyRef &&
      fileSet(manifests.configMaps, configMapKeyRef.name).get(configMapKeyRef.key)) ??
    (secretKeyRef && fileSet(manifests.secrets, secretKeyRef.name).get(secretKeyRef.key));
  if (found === undefined) throw new Error(`nothing gives ${name} its value`);
  return found;
}

function fileSet(all: ReadonlyMap<string, Files>, name: string): Files {
  const files = all.get(name);
  if (files === undefined) throw new Error(`there is no ${name}`);
  return files;
}
