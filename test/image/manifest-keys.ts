/*
 * The keys of a manifest that this directory's kubelet knows. Another one is an error: what it cannot
 * do is not to pass for tested.
 */

/** A key that is acted upon; what it holds is anything. */
const used = Symbol("used");
/** A key without a meaning on one machine, or to nobody but a human. */
const idle = Symbol("idle");

type Keys = typeof used | typeof idle | readonly [Keys] | { readonly [key: string]: Keys };

const probe: Keys = {
  ...{ httpGet: { path: used, port: used }, tcpSocket: { port: used }, exec: { command: used } },
  ...{ initialDelaySeconds: used, periodSeconds: used, timeoutSeconds: used },
  ...{ failureThreshold: used, terminationGracePeriodSeconds: used },
};

const env: Keys = {
  ...{ name: used, value: used },
  valueFrom: {
    fieldRef: { fieldPath: used, apiVersion: idle },
    configMapKeyRef: { name: used, key: used },
    secretKeyRef: { name: used, key: used },
  },
};

const securityContext: Keys = {
  ...{ runAsUser: used, runAsGroup: used, runAsNonRoot: used, seccompProfile: { type: idle } },
};

const container: Keys = {
  ...{ name: used, image: used, command: used, args: used, imagePullPolicy: idle },
  ...{ env: [env], envFrom: [{ configMapRef: { name: used }, secretRef: { name: used } }] },
  ports: [{ name: used, containerPort: used, protocol: idle }],
  ...{ startupProbe: probe, livenessProbe: probe, readinessProbe: probe },
  lifecycle: { preStop: { exec: { command: used } } },
  // Requests are the scheduler's.
  resources: { requests: idle, limits: { memory: used, cpu: used } },
  securityContext: {
    ...securityContext,
    ...{ allowPrivilegeEscalation: used, readOnlyRootFilesystem: used },
    capabilities: { drop: used, add: used },
  },
  volumeMounts: [{ name: used, mountPath: used, subPath: used, readOnly: used }],
};

const files: Keys = { name: used, secretName: used, defaultMode: used, optional: used };

const metadata: Keys = { name: used, namespace: used, labels: idle, annotations: idle };

const pod: Keys = {
  ...{ containers: [container], initContainers: [{ ...container, restartPolicy: used }] },
  securityContext: { ...securityContext, fsGroup: used, fsGroupChangePolicy: used },
  ...{ terminationGracePeriodSeconds: used, automountServiceAccountToken: used },
  volumes: [{ name: used, emptyDir: { sizeLimit: idle }, configMap: files, secret: files }],
  // Environment variables of Services: there are none of a headless one.
  enableServiceLinks: idle,
  ...{ serviceAccountName: idle, affinity: idle, topologySpreadConstraints: idle },
  ...{ priorityClassName: idle, tolerations: idle, nodeSelector: idle },
};

const statefulSet: Keys = {
  ...{ apiVersion: idle, kind: idle, metadata },
  spec: {
    ...{ serviceName: used, replicas: used, podManagementPolicy: used, selector: idle },
    ...{ persistentVolumeClaimRetentionPolicy: idle, updateStrategy: idle, minReadySeconds: idle },
    template: { metadata, spec: pod },
    volumeClaimTemplates: [{ apiVersion: idle, kind: idle, metadata, spec: idle }],
  },
};

/** @throws for keys of a StatefulSet that are not known, each with its path */
export function checkKeys(manifest: object): void {
  const unknown = [...unknownKeys(manifest, statefulSet, "")];
  if (unknown.length > 0) throw new Error(`unknown in the manifest: ${unknown.join(", ")}`);
}

function* unknownKeys(value: unknown, keys: Keys, path: string): Generator<string> {
  if (keys === used || keys === idle || value === null || value === undefined) return;
  if (Array.isArray(keys)) {
    if (!Array.isArray(value)) return yield path;
    for (const [index, one] of value.entries())
      yield* unknownKeys(one, keys[0], `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object" || Array.isArray(value)) return yield path;
  const known = new Map(Object.entries(keys as { readonly [key: string]: Keys }));
  for (const [key, one] of Object.entries(value)) {
    const below = known.get(key);
    if (below === undefined) yield `${path}.${key}`;
    else yield* unknownKeys(one, below, `${path}.${key}`);
  }
}
