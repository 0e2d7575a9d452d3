import { expect, test } from "vitest";
import { readArguments } from "./arguments.js";

test("all of them", () => {
  const words = "--rounds 3 --seed 7 --from 12 --old-way --report out.json".split(" ");
  expect(readArguments(words)).toEqual({
    ...{ rounds: 3, seed: 7, from: 12, oldWay: true, report: "out.json" },
  });
});

test("from the first round on, the new way, without a report", () => {
  expect(readArguments(["--rounds", "3", "--seed", "7"])).toEqual({
    ...{ rounds: 3, seed: 7, from: 1, oldWay: false, report: undefined },
  });
});

test("the sum of reports", () => {
  expect(readArguments(["--sum", "a.json", "b.json"])).toEqual({
    ...{ reports: ["a.json", "b.json"], policy: undefined },
  });
  expect(readArguments(["--sum", "--policy", "Parallel", "a.json"])).toEqual({
    ...{ reports: ["a.json"], policy: "Parallel" },
  });
});

test.each([
  ["", "--rounds is missing"],
  ["--rounds 3", "--seed is missing"],
  ["--rounds 0 --seed 1", '--rounds: "0" is not a whole number from 1 on'],
  ["--rounds 1 --seed x", '--seed: "x" is not a whole number from 1 on'],
  ["--rounds 1 --seed 1 --from 0", '--from: "0" is not a whole number from 1 on'],
  ["--rounds 1 --seed 1 --fast", "Unknown option '--fast'"],
  ["--rounds 1 --seed 1 more", "Unexpected argument 'more'"],
  ["--sum", "--sum: no report is given"],
  ["--sum --policy All a.json", '--policy: "All" is neither OrderedReady nor Parallel'],
  ["--sum a.json --seed 1", "Unknown option '--seed'"],
])("wrong: %s", (line, what) => {
  expect(readArguments(line.split(" ").filter((word) => word !== ""))).toContain(what);
});
