/** A pod's volumes as kubelet makes them: directories of this machine, with their modes and owners. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Files, Manifests, PodSpec, Volume, VolumeMount } from "./manifest.js";

export interface VolumesOptions {
  readonly spec: PodSpec;
  readonly manifests: Manifests;
  readonly namespace: string;
  /** For what lives as long as the pod. */
  readonly podDirectory: string;
  /** By the names of claims: for what outlives it. */
  readonly claims: ReadonlyMap<string, string>;
}

/** Makes what is not there; gives the directory of each volume. */
export function makeVolumes({ spec, manifests, namespace, podDirectory, claims }: VolumesOptions) {
  const volumes = new Map<string, string>();
  const { fsGroup, fsGroupChangePolicy = "Always" } = spec.securityContext ?? {};
  const own = (directory: string, mask: number, policy = "Always") => {
    if (fsGroup === undefined) return;
    if (policy === "OnRootMismatch" && isGroups(directory, fsGroup, mask)) return;
    giveToGroup(directory, fsGroup, mask);
  };
  for (const [name, directory] of claims) {
    if (!existsSync(directory)) {
      // As a new file system has it.
      mkdirSync(join(directory, "lost+found"), { recursive: true, mode: 0o755 });
      chmodSync(join(directory, "lost+found"), 0o700);
    }
    own(directory, 0o660, fsGroupChangePolicy);
    volumes.set(name, directory);
  }
  for (const volume of spec.volumes ?? []) {
    const directory = join(podDirectory, volume.name);
    const isNew = !existsSync(directory);
    if (isNew) {
      mkdirSync(directory, { recursive: true });
      chmodSync(directory, 0o777);
    }
    const files = filesOf(volume, manifests);
    if (files !== undefined && isNew) writeFiles(directory, files.files, files.mode);
    if (isNew) own(directory, files === undefined ? 0o660 : 0o440);
    volumes.set(volume.name, directory);
  }
  if (spec.automountServiceAccountToken !== false) {
    const directory = join(podDirectory, accountVolume);
    if (!existsSync(directory)) {
      mkdirSync(directory, { recursive: true });
      writeFiles(directory, new Map([["namespace", namespace]]), 0o644);
    }
    volumes.set(accountVolume, directory);
  }
  return volumes;
}

const accountVolume = "kube-api-access";

/** Every container's mount of it. */
export const accountMount: VolumeMount = {
  name: accountVolume,
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
  readOnly: true,
};

/** The engine's option for one mount. */
export function mountOption(mount: VolumeMount, volumes: ReadonlyMap<string, string>): string {
  const volume = volumes.get(mount.name);
  if (volume === undefined) throw new Error(`no volume ${mount.name}`);
  const source = mount.subPath === undefined ? volume : subPathOf(volume, mount.subPath);
  return `--volume=${source}:${mount.mountPath}${mount.readOnly === true ? ":ro" : ""}`;
}

/** Made with the volume's group and mode, but not its set-group-ID bit (doSafeMakeDir of kubelet). */
function subPathOf(volume: string, subPath: string): string {
  const directory = join(volume, subPath);
  if (existsSync(directory)) return directory;
  const { mode, gid } = statSync(volume);
  mkdirSync(directory);
  if ((mode & 0o2000) !== 0) chownSync(directory, 0, gid);
  chmodSync(directory, mode & 0o777);
  return directory;
}

function filesOf({ name, configMap, secret, emptyDir }: Volume, manifests: Manifests) {
  const source = configMap ?? secret;
  if (source === undefined) {
    if (emptyDir === undefined) throw new Error(`volume ${name} is of no known kind`);
    return undefined;
  }
  const object = source.secretName ?? source.name ?? "";
  const all = secret === undefined ? manifests.configMaps : manifests.secrets;
  const files = all.get(object) ?? (source.optional === true ? new Map() : undefined);
  if (files === undefined) throw new Error(`volume ${name}: there is no ${object}`);
  return { files, mode: source.defaultMode ?? 0o644 };
}

/** By links to a directory that would be exchanged as a whole (kubelet's AtomicWriter). */
function writeFiles(directory: string, files: Files, mode: number): void {
  const version = "..2026_01_01_00_00_00.000000001";
  mkdirSync(join(directory, version));
  chmodSync(join(directory, version), 0o755);
  symlinkSync(version, join(directory, "..data"));
  for (const [name, text] of files) {
    const file = join(directory, version, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    symlinkSync(join("..data", name), join(directory, name));
  }
}

/** SetVolumeOwnership of kubelet: the group may do with everything what `mask` says. */
function giveToGroup(path: string, gid: number, mask: number): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  if (stat.isDirectory()) {
    for (const name of readdirSync(path)) giveToGroup(join(path, name), gid, mask);
  }
  chownSync(path, stat.uid, gid);
  chmodSync(path, (stat.mode & 0o7777) | mask | (stat.isDirectory() ? ofDirectories : 0));
}

/** Whether a volume's own directory already is as `giveToGroup` makes it. */
function isGroups(directory: string, gid: number, mask: number): boolean {
  const stat = statSync(directory);
  const wanted = mask | ofDirectories;
  return stat.gid === gid && (stat.mode & wanted) === wanted;
}

/** Files in it get its group, and the group may enter. */
const ofDirectories = 0o2110;

export function removeVolume(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
