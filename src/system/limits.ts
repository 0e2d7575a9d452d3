/*
 * What the container's cgroup limits. A limit counts for a group and all below it, so the smallest of a
 * group and its ancestors is the one that holds (kernel, admin-guide/cgroup-v2.rst).
 */
import { readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";

/** What this container may take of the machine; undefined where nothing limits it. */
export interface Limits {
  readonly memoryBytes: number | undefined;
  /** Processors, also parts of one. */
  readonly cpus: number | undefined;
}

/**
 * The limits of this process's cgroup, version 1 or 2.
 *
 * @param root what stands before `/sys` and `/proc`: another directory in tests
 */
export function readLimits(root = ""): Limits {
  const groups = (text(`${root}/proc/self/cgroup`) ?? "").split("\n").map(cgroupOf);
  const mount = `${root}/sys/fs/cgroup`;
  const memory = [
    ...valuesOf(mount, pathOf(groups, ""), "memory.max"),
    ...valuesOf(`${mount}/memory`, pathOf(groups, "memory"), "memory.limit_in_bytes"),
  ].map(Number);
  const cpus = [
    ...valuesOf(mount, pathOf(groups, ""), "cpu.max").map((line) => share(...line.split(" "))),
    ...valuesOf(`${mount}/cpu`, pathOf(groups, "cpu"), "cpu.cfs_quota_us", "cpu.cfs_period_us").map(
      (lines) => share(...lines.split("\n")),
    ),
  ];
  const machine = machineBytes(root);
  return {
    // Version 1 has a number near 2^63 for "no limit".
    memoryBytes: smallest(memory.filter((bytes) => bytes < machine)),
    cpus: smallest(cpus),
  };
}

/** A file system. */
export interface Volume {
  readonly bytes: number;
  /** What is left of it for others than root. */
  readonly freeBytes: number;
}

/** The file system that a directory is on; undefined where there is no such directory. */
export function volumeOf(path: string): Volume | undefined {
  try {
    const { blocks, bavail, bsize } = statfsSync(path);
    return { bytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}

interface Cgroup {
  /** None in version 2, which has one hierarchy for all. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** A line of /proc/self/cgroup: `4:cpu,cpuacct:/path`, in version 2 `0::/path` (cgroups(7)). */
function cgroupOf(line: string): Cgroup {
  const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? ["", "none"];
  return { controllers: controllers.split(","), path };
}

function pathOf(groups: readonly Cgroup[], controller: string): string | undefined {
  return groups.find(({ controllers }) => controllers.includes(controller))?.path;
}

/**
 * The files of a group and its ancestors, those that are there. A path that the mount does not have is
 * that of the host: a container without a cgroup namespace sees its own group as the mount's root.
 */
function valuesOf(mount: string, path: string | undefined, ...files: string[]): string[] {
  if (path === undefined) return [];
  const directories = [join("/", path)];
  for (let above = directories[0] ?? "/"; above !== "/"; ) {
    above = dirname(above);
    directories.push(above);
  }
  return directories.flatMap((directory) => {
    const values = files.map((file) => text(join(mount, directory, file))?.trim());
    return values.includes(undefined) ? [] : [values.join("\n")];
  });
}

/** Processors, of the time within a period; `max` and `-1` are no limit. */
function share(quota = "", period = ""): number {
  return Number(quota) / Number(period);
}

function smallest(values: readonly number[]): number | undefined {
  const limits = values.filter((value) => Number.isFinite(value) && value > 0);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function machineBytes(root: string): number {
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB$/m.exec(text(`${root}/proc/meminfo`) ?? "") ?? [];
  return kilobytes === undefined ? Number.POSITIVE_INFINITY : Number(kilobytes) * 1024;
}

/** A missing file is no limit, and so is one that cannot be read. */
function text(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
