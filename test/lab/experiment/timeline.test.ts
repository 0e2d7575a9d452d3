import { expect, test } from "vitest";
import { figuresOf } from "../../../src/lab/experiment/figures.js";
import {
  formatFigures,
  formatTimeline,
  timelineKey,
} from "../../../src/lab/experiment/timeline.js";
import { recording, worse } from "./recordings.js";

test("a recording as lines, and what its signs mean", () => {
  expect(formatTimeline(recording).join("\n")).toMatchInlineSnapshot(`
    "galera-peers, 0.5 s a character
                        1             2
    reads     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁!▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    writes    ▁▁▁▁▁▁▁▁▁▁▅▁▁▁▁▁▁▁▁▁▁▁▁▁▇▇▇▇▇▇▇▇▇▇✗▁▁▁▁▁
    galera-0  ██████████▒·····████████████████████████
    galera-1  ████████████████████████········░░░░████
    galera-2  ██████████████████████████████████▓▓████
    1 at   5.0 s  galera-0 is deleted
    2 at  12.0 s  galera-1 is killed"
  `);
  expect(formatTimeline(worse).slice(2, 4).join("\n")).toMatchInlineSnapshot(`
    "reads     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗✗
    writes    ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁"
  `);
});

test("no line is wider than 100 columns, however long it lasted", () => {
  for (const lengthMs of [500, 44_000, 44_001, 88_001, 600_000]) {
    const lines = [...formatTimeline({ ...recording, lengthMs }), ...timelineKey];
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  }
});

test("figures of both ways, beside each other", () => {
  const ways = [recording, worse].map((one) => ({ name: one.name, figures: figuresOf(one) }));
  const lines = formatFigures(ways);
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "                                   stall of          answered          failed  twice  all ready
    since                              reads     writes  reads     writes                 again after
    before               galera-peers  100 ms    100 ms  50        50      0       0      –
                         the old way   100 ms    100 ms  50        50      0       0      –
    galera-0 is deleted  galera-peers  100 ms    350 ms  70        67      0       0      3.70 s
                         the old way   100 ms    100 ms  70        70      0       0      3.70 s
    galera-1 is killed   galera-peers  100 ms    5.20 s  80        27      2       1      6.00 s
                         the old way   8.00 s    8.00 s  0         0       1       1      6.00 s"
  `);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
});
