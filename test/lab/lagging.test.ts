import { expect, test } from "vitest";
import { lagging } from "../../src/lab/lagging.js";
import { testClock } from "../system/test-clock.js";

test("changes show after the lag, each at its time, in their order", async () => {
  const clock = testClock();
  const value = lagging("none", 300, clock);
  value.set("a");
  await clock.advance(200);
  value.set("b");
  expect(value.current()).toBe("none");
  await clock.advance(100);
  expect(value.current()).toBe("a");
  await clock.advance(199);
  expect(value.current()).toBe("a");
  await clock.advance(1);
  expect(value.current()).toBe("b");
});

test("without a lag they show at once", () => {
  const value = lagging(1, 0, testClock());
  value.set(2);
  value.set(3);
  expect(value.current()).toBe(3);
});
