import { expect, test } from "vitest";
import { age } from "../../src/system/age.js";

test.each([
  [0, "0 s"],
  [12_900, "12 s"],
  [119_999, "119 s"],
  [190_000, "3 min"],
  [3_599_999, "59 min"],
  [7_500_000, "2 h 5 min"],
  [172_800_000, "2 d 0 h"],
  [350_000_000, "4 d 1 h"],
])("%d ms are %s", (ms, text) => {
  expect(age(ms)).toBe(text);
});
