import { expect, test } from "vitest";
import { systemClock } from "../../src/system/clock.js";

test("time passes, and a sleep is as long as it was asked to be", async () => {
  const before = systemClock.now();
  await systemClock.sleep(20);
  const passed = systemClock.now() - before;
  expect(passed).toBeGreaterThan(18);
  expect(passed).toBeLessThan(1000);
});

test("a signal ends a sleep with its reason, before it and in it", async () => {
  const reason = new Error("ended by SIGTERM");
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stop = new AbortController();
  const sleep = systemClock.sleep(60_000, stop.signal);
  stop.abort(reason);
  await expect(sleep).rejects.toBe(reason);
});
