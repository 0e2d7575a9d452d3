import { expect, test } from "vitest";
import { errorsOf, figuresOf } from "../../../src/lab/experiment/figures.js";
import { proofText, shortTime } from "../../../src/lab/experiment/units.js";
import { call, calls, recording, worse } from "./recordings.js";

test("what clients felt after each thing, until the next one", () => {
  const [calm, deletion, kill] = figuresOf(recording);
  expect(calm).toEqual({
    what: "before",
    read: { stallMs: 100, answered: 50, failed: 0, failedAgain: 0 },
    write: { stallMs: 100, answered: 50, failed: 0, failedAgain: 0 },
    backMs: 0,
  });
  expect(deletion).toMatchObject({
    what: "galera-0 is deleted",
    read: { stallMs: 100, failed: 0 },
    write: { stallMs: 350, failed: 0, answered: 67 },
    backMs: 3700,
  });
  expect(kill).toMatchObject({
    read: { stallMs: 100, failed: 1, failedAgain: 0 },
    // The last write before the kill is answered at 11908, the one that lasts at 17200.
    write: { stallMs: 5200, failed: 1, failedAgain: 1, answered: 27 },
    backMs: 6000,
  });
});

test("a stall lasts until the end where no query succeeds any more", () => {
  const [, , kill] = figuresOf(worse);
  expect(kill?.read).toMatchObject({ stallMs: 8000, failed: 1, failedAgain: 1 });
  expect(kill?.write).toMatchObject({ stallMs: 8000, failed: 0, answered: 0 });
});

test("a stall that lasts over the next thing is a part of both", () => {
  const marks = [1000, 2000].map((atMs) => ({ atMs, what: "kill" }));
  const own = [...calls("write", 0, 1000, 8), ...calls("write", 3000, 4000, 8)];
  const [, first, second] = figuresOf({ ...recording, lengthMs: 4000, marks, calls: own });
  expect([first?.write.stallMs, second?.write.stallMs]).toEqual([1000, 1008]);
});

test("members that are not back before the next thing", () => {
  const marks = [5000, 7000].map((atMs) => ({ atMs, what: "kill" }));
  expect(figuresOf({ ...recording, marks }).map(({ backMs }) => backMs)).toEqual([
    0,
    undefined,
    11_000,
  ]);
});

test("errors, the most frequent first", () => {
  const own = [call("read", 0, 1, "a", "b"), call("write", 0, 1, "b"), call("read", 9, 1)];
  expect(errorsOf(own)).toEqual([
    ["b", 2],
    ["a", 1],
  ]);
});

test.each([
  [0.4, "0 ms"],
  [999.4, "999 ms"],
  [1240, "1.24 s"],
  [9990, "9.99 s"],
  [9999, "10.0 s"],
  [62_310, "62.3 s"],
  [undefined, "–"],
])("%s ms are %s", (ms, text) => {
  expect(shortTime(ms)).toBe(text);
});

test("who lacks what was acknowledged", () => {
  const { proof } = recording;
  expect(proofText(proof.acknowledged, proof.members)).toBe(
    "142 writes were acknowledged; at the end each member has all of them",
  );
  expect(proofText(worse.proof.acknowledged, worse.proof.members)).toBe(
    "120 writes were acknowledged; at the end galera-1 does not answer, galera-2 lacks 3 of them",
  );
});
