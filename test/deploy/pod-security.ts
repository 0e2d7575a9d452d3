/*
 * The restricted profile of the Pod Security Standards, control by control
 * (kubernetes.io/docs/concepts/security/pod-security-standards).
 */
import type { Manifest } from "./render.js";

const volumeTypes = [
  ...["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"],
  ...["persistentVolumeClaim", "projected", "secret"],
];
const profiles = ["RuntimeDefault", "Localhost"];
const sysctls = [
  ...[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
  ],
  ...["net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"],
  ...["net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"],
  ...["net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"],
];
const seLinuxTypes = [
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
];

/** What a pod's spec has against it, a line each. */
export function violations(spec: Manifest): string[] {
  const pod = spec.securityContext ?? {};
  return [
    ...["hostNetwork", "hostPID", "hostIPC"].filter((name) => spec[name] === true),
    ...(spec.volumes ?? []).flatMap(({ name, ...source }: Manifest) =>
      Object.keys(source).every((type) => volumeTypes.includes(type)) ? [] : [`volume ${name}`],
    ),
    ...(pod.sysctls ?? []).flatMap(({ name }: Manifest) =>
      sysctls.includes(name) ? [] : [`sysctl ${name}`],
    ),
    ...ofContext(pod).map((what) => `pod: ${what}`),
    ...["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
      (spec[list] ?? []).flatMap((container: Manifest) =>
        ofContainer(container, pod).map((what) => `${container.name}: ${what}`),
      ),
    ),
  ];
}

/** What a pod's and a container's context have in common. */
function ofContext(context: Manifest): string[] {
  const { seLinuxOptions = {}, appArmorProfile, seccompProfile, windowsOptions } = context;
  return [
    ...(seLinuxTypes.includes(seLinuxOptions.type ?? "") ? [] : ["seLinuxOptions.type"]),
    ...["user", "role"]
      .filter((name) => seLinuxOptions[name])
      .map((name) => `seLinuxOptions.${name}`),
    ...(allowed(appArmorProfile, profiles) ? [] : ["appArmorProfile"]),
    ...(allowed(seccompProfile, profiles) ? [] : ["seccompProfile"]),
    ...(windowsOptions?.hostProcess ? ["windowsOptions.hostProcess"] : []),
    ...(context.runAsUser === 0 ? ["runAsUser"] : []),
    ...(context.runAsNonRoot === false ? ["runAsNonRoot"] : []),
  ];
}

function allowed(profile: Manifest, types: readonly string[]): boolean {
  return profile === undefined || types.includes(profile.type);
}

function ofContainer(container: Manifest, pod: Manifest): string[] {
  const context = container.securityContext ?? {};
  const { add = [], drop = [] } = context.capabilities ?? {};
  const handlers = [
    ...["livenessProbe", "readinessProbe", "startupProbe"].map((probe) => container[probe]),
    ...Object.values(container.lifecycle ?? {}),
  ] as Manifest[];
  const hosts = handlers.filter((one) => one?.httpGet?.host || one?.tcpSocket?.host);
  return [
    ...ofContext(context),
    ...(context.privileged ? ["privileged"] : []),
    ...((context.procMount ?? "Default") === "Default" ? [] : ["procMount"]),
    ...(container.ports ?? []).filter(({ hostPort }: Manifest) => hostPort).map(() => "hostPort"),
    ...hosts.map(() => "a probe's host"),
    ...(context.allowPrivilegeEscalation === false ? [] : ["allowPrivilegeEscalation"]),
    ...((context.runAsNonRoot ?? pod.runAsNonRoot) === true ? [] : ["runAsNonRoot"]),
    ...((context.seccompProfile ?? pod.seccompProfile) ? [] : ["seccompProfile"]),
    ...(drop.includes("ALL") ? [] : ["capabilities.drop"]),
    ...(add.every((name: string) => name === "NET_BIND_SERVICE") ? [] : ["capabilities.add"]),
  ];
}
