import fc from "fast-check";
import { expect, test } from "vitest";
import { tuningOptions } from "../../../src/server/options/tuning.js";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** What is chosen, by name. */
function chosen(
  memoryBytes: number | undefined,
  cpus: number | undefined,
  around: Parameters<typeof tuningOptions>[1] = {},
) {
  const options = tuningOptions({ memoryBytes, cpus }, around);
  return Object.fromEntries(options.map(({ name, value }) => [name, value]));
}

/** A volume with nothing on it. */
function disk(bytes: number) {
  return { bytes, freeBytes: bytes };
}

test("nothing is chosen where nothing is limited", () => {
  expect(tuningOptions({ memoryBytes: undefined, cpus: undefined })).toEqual([]);
  expect(chosen(undefined, undefined, { volume: disk(100 * GiB) })).toEqual({});
});

test.each([
  [128 * MiB, "16M"],
  [256 * MiB, "32M"],
  [512 * MiB, "192M"],
  [1 * GiB, "496M"],
  [2 * GiB, "1112M"],
  [8 * GiB, "4800M"],
  [64 * GiB, "39200M"],
])("of %i bytes of memory, the buffer pool gets %s", (memoryBytes, value) => {
  expect(chosen(memoryBytes, undefined)).toEqual({ innodb_buffer_pool_size: value });
});

test("the pool is whole steps of InnoDB's, and leaves the server what it needs", () => {
  fc.assert(
    fc.property(fc.integer({ min: 224, max: 2 ** 20 }), (mebibytes) => {
      const [pool] = tuningOptions({ memoryBytes: mebibytes * MiB + 1, cpus: undefined });
      const taken = Number.parseInt(pool?.value ?? "", 10);
      expect(taken % 8).toBe(0);
      expect(mebibytes - taken).toBeGreaterThan(192);
    }),
  );
});

test.each([
  [2 * GiB, 100 * GiB, "256M", "an eighth of this container's memory (2 GiB)"],
  [2.5 * GiB, 100 * GiB, "320M", "an eighth of this container's memory (2.5 GiB)"],
  [8 * GiB, 10 * GiB, "640M", "a sixteenth of the data volume (10 GiB)"],
  [
    ...([64 * GiB, 500 * GiB, "1024M"] as const),
    "the most that is chosen, of 64 GiB of memory and a data volume of 500 GiB",
  ],
] as const)(
  "of %i bytes of memory and a volume of %i, gcache is %s",
  (memory, volume, value, why) => {
    const options = tuningOptions(
      { memoryBytes: memory, cpus: undefined },
      { volume: disk(volume) },
    );
    expect(options.at(-1)).toEqual({ of: "provider", name: "gcache.size", value, why });
  },
);

test.each([
  ["memory is small", 1 * GiB, disk(100 * GiB)],
  ["the volume is small", 64 * GiB, disk(2 * GiB)],
  ["the volume is not known", 64 * GiB, undefined],
  ["the volume is nearly full", 64 * GiB, { bytes: 100 * GiB, freeBytes: 2 * GiB - 1 }],
])("where %s, gcache stays as Galera has it", (_, memoryBytes, volume) => {
  expect(chosen(memoryBytes, undefined, { volume })).not.toHaveProperty("gcache.size");
});

test.each([
  [0.5, undefined],
  [0.9, undefined],
  [1, "2"],
  [1.5, "3"],
  [4, "8"],
  [64, "16"],
])("of %d processors, %j threads apply", (cpus, threads) => {
  const interleaved =
    threads === undefined ? {} : { wsrep_slave_threads: threads, innodb_autoinc_lock_mode: "2" };
  expect(chosen(undefined, cpus)).toEqual(interleaved);
});

test("a server that the user keeps from interleaving stays with one applier", () => {
  expect(chosen(undefined, 4, { autoincLockMode: "1" })).toEqual({});
  expect(chosen(undefined, 4, { autoincLockMode: "2" })).toHaveProperty("wsrep_slave_threads", "8");
});

test("the reasons name the limits", () => {
  const options = tuningOptions({ memoryBytes: 2 * GiB, cpus: 1.5 });
  expect(options.map(({ why }) => why)).toEqual([
    "three fifths of what this container has (2 GiB) above the 192 MiB that a server needs anyhow",
    "two a processor, of which this container has 1.5",
    "several appliers need it",
  ]);
});
