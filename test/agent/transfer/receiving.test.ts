import { describe, expect, test } from "vitest";
import type { Donor } from "../../../src/agent/transfer/donor.js";
import { createReceiving } from "../../../src/agent/transfer/receiving.js";
import type { See } from "../../../src/agent/transfer/walk.js";
import { testClock } from "../../system/test-clock.js";
import { collect } from "../members.js";
import { type Disk, show } from "./disk.js";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const unknown: Donor = { name: undefined, totalBytes: undefined };
const known: Donor = { name: "galera-2", totalBytes: GiB };
const checkpoints: Disk = { ".sst/xtrabackup_checkpoints": [100, 1] };

/** A joiner's way in: a test says what its disk, its marker and the donor are. */
function joining(before: Disk = {}, markedMs?: number) {
  const clock = testClock();
  const { log, lines } = collect();
  const world = { disk: before, markedMs, donor: known, asked: 0, walks: 0, reads: true };
  const receiving = createReceiving("/var/lib/mysql", {
    walk: async (_: string, see: See) => {
      world.walks += 1;
      if (!world.reads) throw new Error("EIO");
      show(world.disk, see);
    },
    markedMs: async () => world.markedMs,
    askDonor: async () => {
      world.asked += 1;
      return world.donor;
    },
    ...{ clock, log },
  });
  /** As the agent does: a look several times a second, and a walk every two seconds. */
  const lasts = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      receiving.look();
      await clock.advance(0);
      if (passed % 2000 === 0) {
        const pass = receiving.pass();
        if (pass !== undefined) show(world.disk, pass.see);
        pass?.end();
      }
      await clock.advance(500);
    }
  };
  /** The script begins, and receives so much a second. */
  const begins = () => {
    world.markedMs = (world.markedMs ?? 0) + 7;
  };
  const receives = async (seconds: number, perSecond: number, path = "db/t.ibd") => {
    for (let s = 0; s < seconds; s += 2) {
      const [bytes = 0] = world.disk[path] ?? [];
      world.disk = { ...world.disk, [path]: [bytes + 2 * perSecond, clock.now()] };
      await lasts(2000);
    }
  };
  const ends = async (how: "joined" | "ended") => {
    world.markedMs = undefined;
    receiving.look();
    await clock.advance(2000);
    await receiving.end(how);
  };
  return { clock, world, receiving, lines, lasts, begins, receives, ends };
}

describe("an empty joiner", () => {
  test("tells how much has come, of how much, and how fast", async () => {
    const { receiving, lasts, begins, receives } = joining();
    await lasts(2000);
    expect(receiving.sight()).toBeUndefined();
    begins();
    await lasts(2000);
    expect(receiving.sight()).toEqual({
      ...{ role: "joiner", stage: "waiting", donor: "galera-2", bytes: 0 },
      ...{ totalBytes: GiB, bytesPerSecond: undefined },
    });
    await receives(20, 10 * MiB);
    expect(receiving.sight()).toEqual({
      ...{ role: "joiner", stage: "receiving", donor: "galera-2", bytes: 200 * MiB },
      ...{ totalBytes: GiB, bytesPerSecond: 10 * MiB },
    });
  });

  test("says it at the beginning, every 30 s, and at the end", async () => {
    const { lines, lasts, begins, receives, ends, world } = joining();
    await lasts(2000);
    begins();
    await lasts(2000);
    await receives(70, 14 * MiB);
    world.disk = { "db/t.ibd": [GiB, 9e9] };
    await ends("joined");
    expect(lines).toEqual([
      "info: an SST is under way: receiving 28 MiB of 1.0 GiB from galera-2 (2 %, 14 MiB/s, about 71 s left)",
      expect.stringMatching(
        /^info: the SST goes on: receiving 0.\d GiB|^info: the SST goes on: receiving 4\d\d MiB of 1.0 GiB from galera-2 \(4\d %, 14 MiB\/s, about \d\d s left\)$/,
      ),
      expect.stringMatching(
        /^info: the SST goes on: receiving 8\d\d MiB of 1.0 GiB from galera-2 /,
      ),
      "info: the SST is over: 1.0 GiB from galera-2 in 72 s (14 MiB/s)",
    ]);
  });

  test("that was quick says its end alone", async () => {
    const { lines, lasts, begins, ends, world } = joining();
    await lasts(1000);
    begins();
    await lasts(1500);
    world.disk = { "db/t.ibd": [30 * MiB, 1500] };
    await ends("joined");
    expect(lines).toEqual(["info: the SST is over: 30 MiB from galera-2 in 1.5 s (20 MiB/s)"]);
  });

  test("whose SST has ended between two looks", async () => {
    const { lines, lasts, begins, receiving, world, clock } = joining();
    await lasts(500);
    begins();
    await lasts(500);
    world.disk = { "db/t.ibd": [30 * MiB, 1500] };
    await clock.advance(500);
    await receiving.end("joined");
    expect(lines).toEqual(["info: the SST is over: 30 MiB from galera-2 in 1.0 s (30 MiB/s)"]);
  });

  test("whose server has ended: how far it was", async () => {
    const { lines, lasts, begins, receives, ends } = joining();
    await lasts(1000);
    begins();
    await receives(10, 10 * MiB);
    await ends("ended");
    expect(lines.at(-1)).toBe(
      "warn: the SST came to nothing: receiving 100 MiB of 1.0 GiB from galera-2 (9 %, 10 MiB/s, about 92 s left)",
    );
  });

  test("whose server has ended before anything came says nothing", async () => {
    const { lines, lasts, begins, ends } = joining();
    await lasts(1000);
    begins();
    await lasts(4000);
    await ends("ended");
    expect(lines).toEqual([]);
  });
});

describe("the donor", () => {
  test("that nobody is: bytes and rate, no percentage; asked every two seconds", async () => {
    const { receiving, lines, lasts, begins, receives, ends, world } = joining();
    world.donor = unknown;
    await lasts(1000);
    expect(world.asked).toBe(0);
    begins();
    await receives(20, MiB);
    expect(world.asked).toBe(10);
    expect(receiving.sight()).toMatchObject({ donor: undefined, totalBytes: undefined });
    await ends("joined");
    expect(lines).toEqual([
      expect.stringMatching(/^info: an SST is under way: receiving \d\S* MiB \(1.0 MiB\/s\)$/),
      expect.stringMatching(/^info: the SST is over: 20 MiB in 20 s \(1.0 MiB\/s\)$/),
    ]);
  });

  test("is asked until it has counted, and stays known when it is none any more", async () => {
    const { receiving, lasts, begins, world } = joining();
    world.donor = { name: "galera-2", totalBytes: undefined };
    await lasts(1000);
    begins();
    await lasts(4000);
    world.donor = { name: undefined, totalBytes: GiB };
    await lasts(4000);
    const { asked } = world;
    await lasts(20_000);
    expect(world.asked).toBe(asked);
    expect(receiving.sight()).toMatchObject({ donor: "galera-2", totalBytes: GiB });
  });
});

test("others that do not answer hold nothing up", async () => {
  const { clock } = joining();
  let [asked, marked] = [0, 0];
  const receiving = createReceiving("/var/lib/mysql", {
    walk: async () => {},
    markedMs: async () => (clock.now() < 1000 ? undefined : clock.now() < 9000 ? 3 : void marked++),
    askDonor: () => {
      asked += 1;
      return new Promise(() => {});
    },
    ...{ clock, log: () => {} },
  });
  for (let s = 0; s < 12; s += 1) {
    receiving.look();
    await clock.advance(1000);
  }
  expect({ asked, marked }).toEqual({ asked: 1, marked: 1 });
  expect(receiving.sight()).toBeUndefined();
});

describe("mariabackup", () => {
  test("prepares what it has received: nothing more comes, and nothing less", async () => {
    const { receiving, lasts, begins, receives, world } = joining({ "db/t.ibd": [GiB, 1] });
    await lasts(1000);
    begins();
    world.disk = {};
    await lasts(10_000);
    expect(receiving.sight()).toMatchObject({ stage: "waiting", bytes: 0 });
    await receives(4, 10 * MiB, ".sst/db/t.ibd");
    expect(receiving.sight()).toMatchObject({ stage: "receiving", bytes: 40 * MiB });
    world.disk = { ...world.disk, ...checkpoints };
    await lasts(2000);
    const prepared = { stage: "preparing", bytes: 40 * MiB, bytesPerSecond: undefined };
    expect(receiving.sight()).toMatchObject(prepared);
    world.disk = { ".sst/db/t.ibd": [70 * MiB, 9e9], ...checkpoints };
    await lasts(2000);
    expect(receiving.sight()).toMatchObject(prepared);
    world.disk = {};
    await lasts(2000);
    expect(receiving.sight()).toMatchObject(prepared);
  });

  test("what an earlier one has left in its directory is not taken for received", async () => {
    const left: Disk = { ".sst/db/t.ibd": [GiB, 1], ...checkpoints };
    const { receiving, lasts, begins } = joining(left, 5);
    await lasts(4000);
    expect(receiving.sight()).toBeUndefined(); // the marker is that of the earlier one
    begins();
    await lasts(4000);
    expect(receiving.sight()).toMatchObject({ stage: "waiting", bytes: 0 });
  });
});

describe("a stale joiner", () => {
  const stale: Disk = { "db/t.ibd": [10 * MiB, 1], "db/t.frm": [100, 1] };

  test("by IST: no file comes, and the server writes its own", async () => {
    const { receiving, lines, lasts, begins, ends, world } = joining(stale);
    await lasts(2000);
    begins();
    await lasts(2000);
    expect(receiving.sight()).toMatchObject({ stage: "waiting", bytes: 0 });
    world.disk = { ...stale, "db/t.ibd": [12 * MiB, 4000] };
    await ends("joined");
    expect(receiving.sight()).toBeUndefined();
    expect(receiving.pass()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test("whose files were all written over in place, within a moment", async () => {
    const { lines, lasts, begins, ends, world } = joining(stale);
    await lasts(2000);
    begins();
    await lasts(2000);
    world.disk = { "db/t.ibd": [10 * MiB, 4000], "db/t.frm": [100, 4000] };
    await ends("joined");
    expect(lines).toEqual(["info: the SST is over: 10 MiB from galera-2 in 2.0 s (5.0 MiB/s)"]);
  });

  test("never has less than a moment ago: a file that had come is written on", async () => {
    const { receiving, lasts, begins, world } = joining(stale);
    await lasts(2000);
    begins();
    for (const changedMs of [3000, 3000]) {
      world.disk = { ...stale, "db/t.ibd": [10 * MiB, changedMs] };
      await lasts(2000);
    }
    expect(receiving.sight()?.bytes).toBe(10 * MiB);
    world.disk = { ...stale, "db/t.ibd": [10 * MiB, 5000] };
    await lasts(2000);
    expect(receiving.sight()?.bytes).toBe(10 * MiB);
  });
});

test("a start without an SST: no marker, one walk, no word", async () => {
  const { receiving, lines, lasts, ends, world } = joining();
  await lasts(60_000);
  expect(receiving.sight()).toBeUndefined();
  await ends("joined");
  expect({ lines, walks: world.walks, asked: world.asked }).toEqual({
    ...{ lines: [], walks: 1, asked: 0 },
  });
});

test("a disk that cannot be read: it waits, as far as anybody knows", async () => {
  const { clock } = joining();
  const { log, lines } = collect();
  const receiving = createReceiving("/var/lib/mysql", {
    walk: () => Promise.reject(new Error("EIO")),
    markedMs: async () => (clock.now() === 0 ? undefined : 3),
    askDonor: () => Promise.reject(new Error("no DNS")),
    ...{ clock, log },
  });
  for (let s = 0; s < 5; s += 1) {
    receiving.look();
    await clock.advance(1000);
  }
  expect(receiving.sight()).toMatchObject({ stage: "waiting", donor: undefined, bytes: 0 });
  await expect(receiving.end("joined")).rejects.toThrow("EIO");
  expect(lines).toEqual([]);
});

test("a disk that hangs is looked at once", async () => {
  const { clock } = joining();
  let looks = 0;
  const receiving = createReceiving("/var/lib/mysql", {
    walk: async () => {},
    markedMs: () => {
      looks += 1;
      return new Promise(() => {});
    },
    askDonor: async () => unknown,
    ...{ clock, log: () => {} },
  });
  for (let s = 0; s < 5; s += 1) {
    receiving.look();
    await clock.advance(1000);
  }
  expect(looks).toBe(1);
});
