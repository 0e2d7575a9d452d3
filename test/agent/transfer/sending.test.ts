import { expect, test } from "vitest";
import { createSending } from "../../../src/agent/transfer/sending.js";
import type { See } from "../../../src/agent/transfer/walk.js";
import { testClock } from "../../system/test-clock.js";
import { collect } from "../members.js";
import { type Disk, show } from "./disk.js";

const disk: Disk = { "db/t.ibd": [3 * 1024 ** 2, 1], "galera.cache": [9e9, 1], db: [undefined, 1] };

/** A server whose agent looks every two seconds, with a disk whose walks take so long. */
function server(walkMs = 0) {
  const clock = testClock();
  const { log, lines } = collect();
  let walks = 0;
  const walk = async (_: string, see: See) => {
    walks += 1;
    await clock.sleep(walkMs);
    show(disk, see);
  };
  const sending = createSending("/var/lib/mysql", { walk, clock, log });
  const lasts = async (isDonor: boolean, ms: number) => {
    for (let passed = 0; passed < ms; passed += 2000) {
      sending.look(isDonor);
      await clock.advance(2000);
    }
  };
  return { sending, lines, lasts, walks: () => walks, clock };
}

test("a donor says how much it has, once it is one for long, and when it is none any more", async () => {
  const { sending, lines, lasts, walks } = server();
  await lasts(false, 60_000);
  expect(sending.sight()).toBeUndefined();
  expect(walks()).toBe(0);
  await lasts(true, 60_000);
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: 3 * 1024 ** 2 });
  await lasts(false, 10_000);
  expect(sending.sight()).toBeUndefined();
  expect(walks()).toBe(1);
  expect(lines).toEqual([
    "info: my server is the donor of an SST: 3.0 MiB",
    "info: my server is a donor no more, after 60 s",
  ]);
});

test("a donor of write-sets alone says nothing", async () => {
  const { lines, lasts } = server();
  await lasts(true, 2000);
  await lasts(false, 10_000);
  expect(lines).toEqual([]);
});

test("what is not counted yet is not known", async () => {
  const { sending, lines, lasts } = server(20_000);
  await lasts(true, 10_000);
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: undefined });
  await lasts(true, 14_000);
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: 3 * 1024 ** 2 });
  expect(lines).toHaveLength(1);
});

test("a walk that was long is not made again soon, nor are two at once", async () => {
  const { sending, lasts, walks } = server(5000);
  await lasts(true, 2000);
  await lasts(false, 2000);
  await lasts(true, 10_000);
  expect(walks()).toBe(1);
  await lasts(false, 4000);
  await lasts(true, 2000);
  expect(walks()).toBe(1);
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: 3 * 1024 ** 2 });
  await lasts(false, 100_000);
  await lasts(true, 2000);
  expect(walks()).toBe(2);
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: undefined });
});

test("a disk that cannot be read: nobody knows how much", async () => {
  const clock = testClock();
  const { log, lines } = collect();
  const walk = () => Promise.reject(new Error("EIO"));
  const sending = createSending("/var/lib/mysql", { walk, clock, log });
  for (let s = 0; s < 20; s += 1) {
    sending.look(true);
    await clock.advance(1000);
  }
  expect(sending.sight()).toEqual({ role: "donor", totalBytes: undefined });
  expect(lines).toEqual([]);
});
