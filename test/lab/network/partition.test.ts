import { expect, test } from "vitest";
import { blockedFor, type Partition, partitionText } from "../../../src/lab/network/partition.js";

const host = "10.0.0.254";
const pods = [0, 1, 2, 3].map((ordinal) => ({ ordinal, address: `10.0.0.${ordinal + 1}` }));
/** Whom each pod does not reach, by the last numbers of the addresses. */
function blocked(partition: Partition | undefined): number[][] {
  return pods.map((pod) =>
    blockedFor(pod, pods, partition, host).map((address) => Number(address.split(".").at(-1))),
  );
}

test("without a partition everybody reaches everybody", () => {
  expect(blocked(undefined)).toEqual([[], [], [], []]);
});

test("one is cut off from all others, and they from it", () => {
  expect(blocked({ sides: [[0]], node: false })).toEqual([[2, 3, 4], [1], [1], [1]]);
});

test("those of a side stay together, and so do those of none", () => {
  expect(blocked({ sides: [[0, 2]], node: false })).toEqual([
    [2, 4],
    [1, 3],
    [2, 4],
    [1, 3],
  ]);
  expect(blocked({ sides: [[0], [1]], node: false })).toEqual([
    [2, 3, 4],
    [1, 3, 4],
    [1, 2],
    [1, 2],
  ]);
});

test("with its node, a member loses DNS and clients as well", () => {
  expect(blocked({ sides: [[3]], node: true })).toEqual([[4], [4], [4], [1, 2, 3, 254]]);
});

test("a member that is not there yet cuts nobody off", () => {
  expect(blocked({ sides: [[7]], node: true })).toEqual([[], [], [], []]);
});

test("who is with whom, in words", () => {
  const text = (sides: number[][], node = false) =>
    partitionText({ sides, node }, [0, 1, 2], (ordinal) => `g${ordinal}`);
  expect(text([[0]])).toBe("g0 | g1, g2");
  expect(text([[0, 1], [2]])).toBe("g0, g1 | g2");
  expect(text([[0]], true)).toBe("g0 | g1, g2; g0 without DNS and clients");
});
