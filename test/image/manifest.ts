/** Manifests as the kubelet of this directory reads them; manifest-keys.ts says what it knows of them. */
import { checkKeys } from "./manifest-keys.js";

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
  readonly exec?: { readonly command: readonly string[] };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}

interface KeyRef {
  readonly name: string;
  readonly key: string;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly configMapKeyRef?: KeyRef;
    readonly secretKeyRef?: KeyRef;
  };
}

export interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot?: boolean;
  readonly seccompProfile?: { readonly type: string };
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

export interface ContainerSpec {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: {
    readonly preStop?: { readonly exec: { readonly command: readonly string[] } };
  };
  readonly resources?: {
    readonly limits?: { readonly memory?: string; readonly cpu?: string | number };
  };
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly VolumeMount[];
}

interface FilesSource {
  readonly name?: string;
  readonly secretName?: string;
  readonly defaultMode?: number;
  readonly optional?: boolean;
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: FilesSource;
  readonly secret?: FilesSource;
}

export interface PodSpec {
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly securityContext?: SecurityContext & {
    readonly fsGroup?: number;
    readonly fsGroupChangePolicy?: "Always" | "OnRootMismatch";
  };
  readonly terminationGracePeriodSeconds?: number;
  readonly automountServiceAccountToken?: boolean;
  readonly volumes?: readonly Volume[];
}

export interface StatefulSet {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly podManagementPolicy?: "OrderedReady" | "Parallel";
    readonly template: { readonly spec: PodSpec };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface Service {
  readonly spec: {
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly ports: readonly { readonly name?: string; readonly port: number }[];
  };
}

/** Of a Secret or ConfigMap, by the names of keys. */
export type Files = ReadonlyMap<string, string>;

export interface Manifests {
  readonly statefulSet: StatefulSet;
  /** The headless Service that the StatefulSet names. */
  readonly service: Service;
  readonly secrets: ReadonlyMap<string, Files>;
  readonly configMaps: ReadonlyMap<string, Files>;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/**
 * What a StatefulSet needs, of the objects of one directory.
 *
 * @throws for what the kubelet of this directory does not know
 */
export function readManifests(objects: readonly object[]): Manifests {
  const all = objects as readonly Manifest[];
  const ofKind = (kind: string) => all.filter((one) => one.kind === kind);
  const [found, ...others] = ofKind("StatefulSet");
  if (found === undefined || others.length > 0) throw new Error("one StatefulSet is expected");
  checkKeys(found);
  const statefulSet = found as unknown as StatefulSet;
  const { serviceName } = statefulSet.spec;
  const service = ofKind("Service").find(({ metadata }) => metadata.name === serviceName);
  if (service === undefined) throw new Error(`no Service ${serviceName}`);
  const { spec } = service as unknown as Service;
  if (spec.clusterIP !== "None" || spec.publishNotReadyAddresses !== true) {
    throw new Error("only a headless Service with publishNotReadyAddresses is known here");
  }
  const decoded = (text: string) => Buffer.from(text, "base64").toString();
  return {
    statefulSet,
    service: { spec },
    secrets: filesOf(ofKind("Secret"), decoded),
    configMaps: filesOf(ofKind("ConfigMap"), (text) => text),
  };
}

function filesOf(found: readonly Manifest[], decode: (text: string) => string) {
  return new Map(
    found.map(({ metadata, data = {}, stringData = {} }) => {
      const coded = Object.entries(data).map(([key, text]) => [key, decode(text)] as const);
      return [metadata.name, new Map([...coded, ...Object.entries(stringData)])];
    }),
  );
}
