import { expect, test } from "vitest";
import { violations } from "./pod-security.js";
import { only } from "./render.js";
import { renderings } from "./renderings.js";

const podOf = (index: number) =>
  structuredClone(only(renderings[index]?.manifests ?? [], "StatefulSet").spec.template.spec);

test.each(renderings)("$name: its pods are restricted", ({ manifests }) => {
  const pods = manifests.flatMap(({ spec }) => spec?.template?.spec ?? []);
  expect(pods).toHaveLength(1);
  expect(violations(pods[0])).toEqual([]);
});

test.each(renderings)("$name: the root file system is read-only", ({ manifests }) => {
  const { initContainers, containers } = only(manifests, "StatefulSet").spec.template.spec;
  for (const { securityContext } of [...initContainers, ...containers]) {
    expect(securityContext.readOnlyRootFilesystem).toBe(true);
  }
});

type Pod = ReturnType<typeof podOf>;

/** Each makes a pod that the standard refuses, and is named by what is said of it. */
const faults: readonly (readonly [said: string, break_: (pod: Pod) => void])[] = [
  [
    "hostNetwork",
    (pod) => {
      pod.hostNetwork = true;
    },
  ],
  [
    "hostPID",
    (pod) => {
      pod.hostPID = true;
    },
  ],
  [
    "hostIPC",
    (pod) => {
      pod.hostIPC = true;
    },
  ],
  [
    "volume run",
    (pod) => {
      pod.volumes[0] = { name: "run", hostPath: { path: "/run" } };
    },
  ],
  [
    "sysctl vm.swappiness",
    (pod) => {
      pod.securityContext.sysctls = [{ name: "vm.swappiness", value: "1" }];
    },
  ],
  [
    "pod: seLinuxOptions.type",
    (pod) => {
      pod.securityContext.seLinuxOptions = { type: "spc_t" };
    },
  ],
  [
    "pod: seLinuxOptions.user",
    (pod) => {
      pod.securityContext.seLinuxOptions = { user: "root" };
    },
  ],
  [
    "pod: appArmorProfile",
    (pod) => {
      pod.securityContext.appArmorProfile = { type: "Unconfined" };
    },
  ],
  [
    "pod: seccompProfile",
    (pod) => {
      pod.securityContext.seccompProfile.type = "Unconfined";
    },
  ],
  [
    "pod: windowsOptions.hostProcess",
    (pod) => {
      pod.securityContext.windowsOptions = { hostProcess: true };
    },
  ],
  [
    "pod: runAsUser",
    (pod) => {
      pod.securityContext.runAsUser = 0;
    },
  ],
  [
    "agent: runAsUser",
    (pod) => {
      pod.initContainers[0].securityContext.runAsUser = 0;
    },
  ],
  [
    "mariadb: runAsNonRoot",
    (pod) => {
      pod.containers[0].securityContext.runAsNonRoot = false;
    },
  ],
  [
    "mariadb: runAsNonRoot",
    (pod) => {
      delete pod.securityContext.runAsNonRoot;
    },
  ],
  [
    "mariadb: seccompProfile",
    (pod) => {
      delete pod.securityContext.seccompProfile;
    },
  ],
  [
    "mariadb: privileged",
    (pod) => {
      pod.containers[0].securityContext.privileged = true;
    },
  ],
  [
    "mariadb: procMount",
    (pod) => {
      pod.containers[0].securityContext.procMount = "Unmasked";
    },
  ],
  [
    "mariadb: hostPort",
    (pod) => {
      pod.containers[0].ports[0].hostPort = 3306;
    },
  ],
  [
    "mariadb: a probe's host",
    (pod) => {
      pod.containers[0].readinessProbe.httpGet.host = "h";
    },
  ],
  [
    "agent: allowPrivilegeEscalation",
    (pod) => {
      delete pod.initContainers[0].securityContext.allowPrivilegeEscalation;
    },
  ],
  [
    "agent: capabilities.drop",
    (pod) => {
      delete pod.initContainers[0].securityContext.capabilities.drop;
    },
  ],
  [
    "mariadb: capabilities.add",
    (pod) => {
      pod.containers[0].securityContext.capabilities.add = ["CHOWN"];
    },
  ],
];

test.each(faults)("%s is refused", (said, break_) => {
  const pod = podOf(0);
  break_(pod);
  expect(violations(pod)).toContain(said);
});
