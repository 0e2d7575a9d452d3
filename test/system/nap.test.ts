import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { createNap } from "../../src/system/nap.js";
import { testClock } from "./test-clock.js";

function napping(ms: number) {
  const clock = testClock();
  const stop = new AbortController();
  const nap = createNap(clock);
  const end = nap.sleep(ms, stop.signal).then(
    () => `awake at ${clock.now()}`,
    (error: unknown) => error,
  );
  return { clock, stop, nap, end };
}

test("it lasts as long as it was to last", async () => {
  const { clock, end } = napping(300);
  await clock.advance(1000);
  expect(await end).toBe("awake at 300");
});

test("it is cut short by who wakes it, and the next one is not", async () => {
  const { clock, stop, nap, end } = napping(300);
  await clock.advance(100);
  nap.wake();
  expect(await end).toBe("awake at 100");
  const next = nap.sleep(300, stop.signal).then(() => clock.now());
  await clock.advance(1000);
  expect(await next).toBe(400);
});

test("the signal ends it with its reason", async () => {
  const { clock, stop, nap, end } = napping(300);
  await clock.advance(100);
  const reason = new Error("ended by SIGTERM");
  stop.abort(reason);
  expect(await end).toBe(reason);
  await expect(nap.sleep(0, stop.signal)).rejects.toBe(reason);
});

test("nothing stays on the signal", async () => {
  const { clock, stop, nap, end } = napping(300);
  await clock.advance(300);
  await end;
  const next = nap.sleep(300, stop.signal);
  nap.wake();
  await next;
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
});
