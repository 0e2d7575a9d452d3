import type { OwnOption } from "../../cnf/own-block.js";
import type { Limits, Volume } from "../../system/limits.js";

/** What the options follow from besides the limits. */
export interface Surroundings {
  /** The data volume, where it is known; what galera.cache has of it already counts as free. */
  readonly volume?: Volume | undefined;
  /** What the user has set `innodb_autoinc_lock_mode` to. */
  readonly autoincLockMode?: string | undefined;
}

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/**
 * What a server takes of its container's memory and processors; nothing where they have no limit.
 * Durability is not tuned: the server's own default, 1, is what a cluster's positions rest on.
 */
export function tuningOptions(
  { memoryBytes, cpus }: Limits,
  { volume, autoincLockMode }: Surroundings = {},
): readonly OwnOption[] {
  return [
    ...(memoryBytes === undefined ? [] : bufferPool(memoryBytes)),
    ...(memoryBytes === undefined || volume === undefined ? [] : gcache(memoryBytes, volume)),
    ...(cpus === undefined ? [] : appliers(cpus, autoincLockMode)),
  ];
}

/**
 * What a server, 48 busy clients' connections and an agent were measured to take besides the pool
 * (MariaDB 10.11.19: 150 MiB, and 40 to 60).
 */
const baseBytes = 192 * MiB;

/** Of the rest: sorts and temporary tables, Galera's queues, a backup, the files' pages. */
const poolShare = 3 / 5;

/** InnoDB sizes its pool in such steps (10.11.12, 11.4.6), and starts with two of them. */
const poolStep = 8 * MiB;

function bufferPool(memoryBytes: number): OwnOption[] {
  const share = floorTo(poolStep, (memoryBytes - baseBytes) * poolShare);
  const why = `three fifths of what this container has (${size(memoryBytes)}) above the ${size(baseBytes)} that a server needs anyhow`;
  return [serverOption("innodb_buffer_pool_size", megabytes(Math.max(2 * poolStep, share)), why)];
}

/** Galera's own size, which a volume of any size is taken to hold. */
const defaultGcache = 128 * MiB;
const largestGcache = GiB;

/**
 * The write-sets that a member which was away gets by IST, in place of all data. The file is allocated
 * whole at the start, so a volume that is nearly full keeps Galera's own size; its pages count for the
 * container as any file's do.
 */
function gcache(memoryBytes: number, volume: Volume): OwnOption[] {
  const choices = [
    { bytes: memoryBytes / 8, why: `an eighth of this container's memory (${size(memoryBytes)})` },
    { bytes: volume.bytes / 16, why: `a sixteenth of the data volume (${size(volume.bytes)})` },
    {
      bytes: largestGcache,
      why: `the most that is chosen, of ${size(memoryBytes)} of memory and a data volume of ${size(volume.bytes)}`,
    },
  ];
  const least = choices.reduce((one, other) => (other.bytes < one.bytes ? other : one));
  const bytes = floorTo(16 * MiB, least.bytes);
  if (bytes <= defaultGcache || volume.freeBytes < 2 * bytes) return [];
  return [{ of: "provider", name: "gcache.size", value: megabytes(bytes), why: least.why }];
}

const mostAppliers = 16;

/** In the other modes, appliers that work at the same time wait for each other's auto-increment locks. */
const interleaved = "2";

function appliers(cpus: number, autoincLockMode: string | undefined): OwnOption[] {
  const count = Math.min(mostAppliers, Math.floor(2 * cpus));
  if (count <= 1 || (autoincLockMode ?? interleaved) !== interleaved) return [];
  const threads = count === mostAppliers ? "the most that is chosen" : "two a processor";
  return [
    serverOption(
      "wsrep_slave_threads",
      `${count}`,
      `${threads}, of which this container has ${cpus}`,
    ),
    serverOption("innodb_autoinc_lock_mode", interleaved, "several appliers need it"),
  ];
}

function serverOption(name: string, value: string, why: string): OwnOption {
  return { of: "server", name, value, why };
}

function floorTo(step: number, bytes: number): number {
  return Math.floor(bytes / step) * step;
}

function megabytes(bytes: number): string {
  return `${bytes / MiB}M`;
}

/** For people: with one decimal, where it needs one. */
function size(bytes: number): string {
  const [unit, name] = bytes >= GiB ? [GiB, "GiB"] : [MiB, "MiB"];
  return `${Math.round((bytes / unit) * 10) / 10} ${name}`;
}
