import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../src/system/duration.js";

describe("parseDuration", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["30", 30_000],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1.5s", 1500],
    ["0", 0],
    ["0.5", 500],
    ["007s", 7000],
    ["596h", 2_145_600_000],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "s",
    "ms",
    "-1s",
    "+1s",
    "1 s",
    " 1s",
    "1s\n",
    "1S",
    "1d",
    ".5s",
    "1.s",
    "1e3",
    "0x10",
    "1s1s",
    "Infinity",
    "NaN",
    "597h", // longer than setTimeout can wait
    "9".repeat(400),
  ])("not %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("what is read is a time that setTimeout can wait", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{0,12}(\.\d{0,3})?(ms|s|m|h)?$/), (text) => {
        const ms = parseDuration(text) ?? 0;
        expect(ms >= 0 && ms < 2 ** 31).toBe(true);
      }),
    );
  });
});

test.each([
  [0, "0 ms"],
  [450.4, "450 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [1249, "1.2 s"],
  [9900, "9.9 s"],
  [10_000, "10 s"],
  [94_000, "94 s"],
])("%d ms for people: %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
