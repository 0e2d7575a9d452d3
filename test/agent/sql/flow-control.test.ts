import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFlowControl } from "../../../src/agent/sql/flow-control.js";

const ms = 1_000_000n; // in nanoseconds

/** What the last of these samples, each `[ms, paused for ms]`, gives. */
function shareOf(samples: readonly (readonly [number, number | undefined])[]): number | undefined {
  const flowControl = createFlowControl();
  let share: number | undefined;
  for (const [atMs, paused] of samples) {
    share = flowControl.paused(atMs, paused === undefined ? undefined : BigInt(paused) * ms);
  }
  return share;
}

/** A sample a second, from 0 to `seconds`, of a server that is paused for `share` of each. */
function steady(seconds: number, share: number): [number, number][] {
  return Array.from({ length: seconds + 1 }, (_, at) => [at * 1000, at * 1000 * share]);
}

describe("the share of the last ten seconds", () => {
  test.each<[string, readonly (readonly [number, number | undefined])[], number | undefined]>([
    ["nothing was asked", [], undefined],
    ["one sample has nothing to compare with", [[0, 500]], undefined],
    [
      "a long-lived server's past does not count",
      [
        [0, 9_000_000],
        [1000, 9_000_000],
      ],
      0,
    ],
    ["a server that is seen for 2 s, and was paused for both", steady(2, 1), 0.2],
    ["paused all the time", steady(30, 1), 1],
    ["paused half of the time", steady(30, 0.5), 0.5],
    ["it began 3 s ago", [...steady(20, 0), [21_000, 1000], [22_000, 2000], [23_000, 3000]], 0.3],
    [
      "it ended 4 s ago",
      [...steady(20, 1), ...[21, 22, 23, 24].map((s) => [s * 1000, 20_000] as const)],
      0.6,
    ],
    ["it cannot be asked now", [...steady(20, 1), [21_000, undefined]], undefined],
    [
      "it could not be asked for a while",
      [...steady(20, 1), [21_000, undefined], [28_000, 28_000]],
      1,
    ],
    [
      "it could not be asked for so long that nothing is known of it",
      [...steady(20, 1), [40_000, 20_000]],
      undefined,
    ],
    ["FLUSH STATUS: begun anew", [...steady(20, 1), [21_000, 300]], undefined],
    ["and compared with that", [...steady(20, 1), [21_000, 300], [22_000, 1300]], 0.1],
    ["counters of two clocks", steady(30, 1.01), 1],
  ])("%s", (_, samples, share) => {
    if (share === undefined) expect(shareOf(samples)).toBeUndefined();
    else expect(shareOf(samples)).toBeCloseTo(share, 6);
  });

  test("is forgotten with the server", () => {
    const flowControl = createFlowControl();
    flowControl.paused(0, 0n);
    flowControl.forget();
    expect(flowControl.paused(1000, 500n * ms)).toBeUndefined();
  });

  test("is between 0 and 1, whatever is asked when, and never says more than was paused", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 12_000 }),
      paused: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      flush: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const flowControl = createFlowControl();
        const pauses: { readonly endMs: number; readonly ms: number }[] = [];
        let nowMs = 0;
        let counter = 0n;
        for (const { afterMs, paused = 0, flush } of steps) {
          nowMs += afterMs;
          const forMs = Math.floor(afterMs * paused);
          pauses.push({ endMs: nowMs, ms: forMs });
          counter = flush ? 0n : counter + BigInt(forMs) * ms;
          const share = flowControl.paused(nowMs, counter);
          if (share === undefined) continue;
          const lately = pauses.filter(({ endMs }) => nowMs - endMs < 20_000);
          const most = lately.reduce((sum, one) => sum + one.ms, 0) / 10_000;
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(Math.min(1, most));
        }
      }),
    );
  });
});
