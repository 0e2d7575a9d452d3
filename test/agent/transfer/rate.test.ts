import { expect, test } from "vitest";
import { createRate } from "../../../src/agent/transfer/rate.js";

type Sample = readonly [atMs: number, bytes: number];

/** After these samples. */
function rateOf(samples: readonly Sample[]) {
  const rate = createRate();
  for (const [atMs, bytes] of samples) rate.add(atMs, bytes);
  return rate.perSecond();
}

test.each<[string, readonly Sample[], number | undefined]>([
  ["none without samples", [], undefined],
  ["none from one", [[0, 5]], undefined],
  [
    "none from two at once",
    [
      [0, 5],
      [0, 9],
    ],
    undefined,
  ],
  [
    "of two",
    [
      [0, 0],
      [2000, 5000],
    ],
    2500,
  ],
  [
    "of the last ten seconds",
    [
      [0, 0],
      [5000, 900],
      [10_000, 1000],
      [15_000, 6000],
      [20_000, 11_000],
    ],
    1000,
  ],
  [
    "of two that are further apart",
    [
      [0, 100],
      [30_000, 30_100],
      [60_000, 90_100],
    ],
    2000,
  ],
  [
    "nothing any more",
    [
      [0, 0],
      [1000, 50],
      [12_000, 50],
      [24_000, 50],
    ],
    0,
  ],
  [
    "from the first byte on",
    [
      [0, 0],
      [8000, 0],
      [9000, 7000],
    ],
    7000,
  ],
])("%s", (_, samples, expected) => expect(rateOf(samples)).toBe(expected));
