import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTally, type Look } from "../../../src/agent/transfer/tally.js";
import { type Disk, show } from "./disk.js";

const seen = (look: Look, disk: Disk) => {
  show(disk, look.see);
  return look.end();
};

/** A tally that knows what was there. */
function since(before: Disk) {
  const tally = createTally();
  seen(tally.baseline(), before);
  return {
    during: (disk: Disk) => seen(tally.look(true), disk).bytes,
    after: (disk: Disk) => seen(tally.look(false), disk),
  };
}

describe("an empty joiner", () => {
  test("all that is there has come", () => {
    const tally = since({ "galera.cache": [500, 1] });
    expect(tally.during({ "galera.cache": [500, 2] })).toBe(0);
    expect(tally.during({ "db/t.ibd": [10, 2], ibdata1: [12, 2] })).toBe(22);
    expect(tally.during({ "db/t.ibd": [50, 3], ibdata1: [12, 2] })).toBe(62);
    expect(tally.after({ "db/t.ibd": [60, 4], ibdata1: [12, 2] })).toEqual({
      ...{ bytes: 72, untouched: 0 },
    });
  });

  test("directories and what no SST brings count for nothing", () => {
    const tally = since({});
    expect(tally.during({ db: [undefined, 1], "grastate.dat": [113, 1], "db/t.ibd": [5, 1] })).toBe(
      5,
    );
  });
});

describe("a stale joiner, written over in place by rsync", () => {
  const before: Disk = { "db/t.ibd": [100, 1], "db/u.ibd": [40, 1], "db/t.frm": [1, 1] };

  test("a file counts once it is as it was at the look before", () => {
    const tally = since(before);
    expect(tally.during(before)).toBe(0);
    expect(tally.during({ ...before, "db/t.ibd": [100, 2] })).toBe(0);
    expect(tally.during({ ...before, "db/t.ibd": [100, 3] })).toBe(0);
    expect(tally.during({ ...before, "db/t.ibd": [100, 3] })).toBe(100);
    expect(tally.during({ ...before, "db/t.ibd": [100, 3], "db/u.ibd": [90, 4] })).toBe(100);
    expect(tally.during({ ...before, "db/t.ibd": [100, 3], "db/u.ibd": [90, 4] })).toBe(190);
  });

  test("once nothing is written any more, all that changed has come", () => {
    const tally = since(before);
    expect(tally.after({ "db/t.ibd": [100, 2], "db/u.ibd": [90, 3], "db/t.frm": [1, 3] })).toEqual({
      ...{ bytes: 191, untouched: 0 },
    });
  });

  test("an IST leaves files as they were", () => {
    const tally = since(before);
    expect(tally.after({ ...before, "db/t.ibd": [120, 2] }).untouched).toBe(2);
  });

  test("a file that was cut off, or removed, and comes anew counts as it grows", () => {
    const tally = since(before);
    expect(tally.during({ ...before, "db/t.ibd": [20, 2] })).toBe(20);
    expect(tally.during({ ...before, "db/t.ibd": [100, 3] })).toBe(100);
    expect(tally.during({ "db/t.ibd": [100, 3], "db/t.frm": [1, 1] })).toBe(100);
    expect(tally.during({ "db/t.ibd": [100, 3], "db/u.ibd": [80, 4] })).toBe(180);
  });
});

test("mariabackup: what it deletes does not count, what it moves counts once", () => {
  const tally = since({ "db/t.ibd": [100, 1], ".sst/db/t.ibd": [70, 1] });
  expect(tally.during({ "db/t.ibd": [100, 1], ".sst/db/t.ibd": [70, 1] })).toBe(0);
  expect(tally.during({})).toBe(0);
  expect(tally.during({ ".sst/db/t.ibd": [80, 2], ".sst/ibdata1": [12, 2] })).toBe(92);
  expect(tally.during({ ".sst/db/t.ibd": [110, 3], ".sst/ibdata1": [12, 2] })).toBe(122);
  expect(tally.during({ "db/t.ibd": [110, 4], ".sst/ibdata1": [12, 2] })).toBe(122);
  expect(tally.after({ "db/t.ibd": [110, 4], ibdata1: [12, 4] }).bytes).toBe(122);
});

test("never more than there is, and nothing of what stays", () => {
  const disks = fc.dictionary(
    fc.constantFrom("db/a.ibd", "db/b.ibd", "ibdata1", ".sst/db/a.ibd"),
    fc.tuple(fc.nat(1000), fc.nat(5)),
  );
  fc.assert(
    fc.property(disks, fc.array(disks, { maxLength: 5 }), (before, later) => {
      const tally = since(before);
      expect(tally.during(before)).toBe(0);
      for (const disk of later) {
        const sum = Object.values(disk).reduce((all, [bytes]) => all + bytes, 0);
        expect(tally.during(disk)).toBeLessThanOrEqual(sum);
      }
    }),
  );
});
