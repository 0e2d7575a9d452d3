import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Limits, readLimits, volumeOf } from "../../src/system/limits.js";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "limits-"));
});
afterEach(() => rmSync(root, { recursive: true }));

type Files = Readonly<Record<string, string>>;

/** Files below /sys/fs/cgroup, and what the kernel says of this process: a machine of 8 GiB. */
function machine(cgroup: string, groups: Files): void {
  const files = {
    "proc/self/cgroup": cgroup,
    "proc/meminfo": "MemTotal:        8388608 kB\nMemFree:         1000000 kB\n",
    ...Object.fromEntries(
      Object.entries(groups).map(([path, text]) => [`sys/fs/cgroup/${path}`, text]),
    ),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const none = { memoryBytes: undefined, cpus: undefined };
const unlimited = "9223372036854771712\n";

test.each<[string, string, Files, Partial<Limits>]>([
  [
    "version 2 with a namespace of its own",
    "0::/\n",
    { "memory.max": `${512 * MiB}\n`, "cpu.max": "150000 100000\n" },
    { memoryBytes: 512 * MiB, cpus: 1.5 },
  ],
  [
    "version 2, the smallest of a group and those above it",
    "0::/pods/pod1/server\n",
    {
      "pods/pod1/server/memory.max": "max\n",
      "pods/pod1/memory.max": `${GiB}\n`,
      "pods/memory.max": `${2 * GiB}\n`,
      "pods/pod1/server/cpu.max": "400000 100000\n",
      "pods/pod1/cpu.max": "25000 50000\n",
      "pods/cpu.max": "max 100000\n",
    },
    { memoryBytes: GiB, cpus: 0.5 },
  ],
  [
    "version 2 without a limit",
    "0::/\n",
    { "memory.max": "max\n", "cpu.max": "max 100000\n" },
    none,
  ],
  [
    "version 2, a group outside of the namespace",
    "0::/../../other\n",
    { "memory.max": `${GiB}\n`, "other/memory.max": "max\n" },
    { memoryBytes: GiB },
  ],
  [
    "version 1",
    "9:name=systemd:/x\n4:memory:/pods/one\n1:cpuacct,cpu:/pods/one\n",
    {
      "memory/pods/one/memory.limit_in_bytes": unlimited,
      "memory/pods/memory.limit_in_bytes": `${GiB}\n`,
      "memory/memory.limit_in_bytes": unlimited,
      "cpu/pods/one/cpu.cfs_quota_us": "200000\n",
      "cpu/pods/one/cpu.cfs_period_us": "100000\n",
      "cpu/cpu.cfs_quota_us": "-1\n",
      "cpu/cpu.cfs_period_us": "100000\n",
    },
    { memoryBytes: GiB, cpus: 2 },
  ],
  [
    "version 1 in a container, whose path is the host's",
    "4:memory:/docker/0123\n1:cpu,cpuacct:/docker/0123\n0::/\n",
    {
      "memory/memory.limit_in_bytes": `${256 * MiB}\n`,
      "cpu/cpu.cfs_quota_us": "50000\n",
      "cpu/cpu.cfs_period_us": "100000\n",
    },
    { memoryBytes: 256 * MiB, cpus: 0.5 },
  ],
  ["more than the machine has", "0::/\n", { "memory.max": `${8 * GiB}\n` }, none],
  ["files that say nothing", "0::/\n", { "memory.max": "\n", "cpu.max": "what\n" }, none],
  ["half of the files", "1:cpu:/\n", { "cpu/cpu.cfs_quota_us": "100000\n" }, none],
  ["a kernel without cgroups", "", {}, none],
])("%s", (_, cgroup, groups, limits) => {
  machine(cgroup, groups);
  expect(readLimits(root)).toEqual({ ...none, ...limits });
});

test("nothing there at all is no limit", () => {
  expect(readLimits(root)).toEqual(none);
});

test("a volume is as large as its file system", () => {
  const { bytes = 0, freeBytes = 0 } = volumeOf(root) ?? {};
  expect(freeBytes).toBeGreaterThan(MiB);
  expect(bytes).toBeGreaterThan(freeBytes);
  expect(volumeOf(join(root, "nowhere"))).toBeUndefined();
});
