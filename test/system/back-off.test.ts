import { expect, test } from "vitest";
import { createBackOff } from "../../src/system/back-off.js";

test("a second, twice as long each time, at most a minute, and a second again", () => {
  const { failed, over } = createBackOff();
  const pauses = Array.from({ length: 9 }, failed);
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  over();
  expect([failed(), failed()]).toEqual([1000, 2000]);
});
