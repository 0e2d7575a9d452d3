import type { Call, QueryKind } from "../../../src/lab/experiment/client.js";
import type { Lane, MemberState } from "../../../src/lab/experiment/lanes.js";
import type { Recording } from "../../../src/lab/experiment/recording.js";

/** A call that succeeds, or whose tries end with these errors. */
export function call(kind: QueryKind, atMs: number, ms: number, ...errors: string[]): Call {
  const [first, again] = errors;
  if (first === undefined) return { kind, atMs, first: { ms } };
  const second = again === undefined ? { ms } : { ms, error: again };
  return { kind, atMs, first: { ms, error: first }, again: second };
}

/** A call every 100 ms from one time to another, each of which takes so long. */
export function calls(kind: QueryKind, fromMs: number, toMs: number, ms: number): readonly Call[] {
  const count = Math.ceil((toMs - fromMs) / 100);
  return Array.from({ length: count }, (_, index) => call(kind, fromMs + index * 100, ms));
}

type Piece = readonly [toMs: number, state: MemberState, reached: boolean];

export function lane(name: string, ...pieces: readonly Piece[]): Lane {
  const spans = pieces.map(([toMs, state, reached], index) => ({
    ...{ fromMs: pieces[index - 1]?.[0] ?? 0, toMs, state, reached },
  }));
  return { name, spans };
}

const reset = "read ECONNRESET";

/** 20 s: galera-0 is deleted at 5 s, and back at 9 s; galera-1 is killed at 12 s, and back at 18 s. */
export const recording: Recording = {
  ...{ name: "galera-peers", about: "a <sidecar> in each pod", lengthMs: 20_000 },
  calls: [
    ...calls("read", 0, 12_000, 4),
    call("read", 12_000, 5, reset),
    ...calls("read", 12_100, 20_000, 4),
    ...calls("write", 0, 5000, 8),
    call("write", 5000, 350),
    ...calls("write", 5400, 12_000, 8),
    call("write", 12_000, 5200),
    call("write", 17_300, 2, reset, "nobody <answers>"),
    ...calls("write", 17_400, 20_000, 9),
  ],
  marks: [
    { atMs: 5000, what: "galera-0 is deleted" },
    { atMs: 12_000, what: "galera-1 is killed" },
  ],
  lanes: [
    lane(
      "galera-0",
      [5000, "ready", true],
      [5600, "primary", false],
      [8000, "down", false],
      [8700, "ready", false],
      [20_000, "ready", true],
    ),
    lane(
      "galera-1",
      [12_000, "ready", true],
      [12_300, "down", true],
      [16_000, "down", false],
      [18_000, "non-primary", false],
      [20_000, "ready", true],
    ),
    lane("galera-2", [17_000, "ready", true], [17_600, "donor", true], [20_000, "ready", true]),
  ],
  allBack: true,
  proof: {
    acknowledged: 142,
    members: ["galera-0", "galera-1", "galera-2"].map((name) => ({ name, missing: 0 })),
  },
};

/** The same, and nobody is back from 12 s on. */
export const worse: Recording = {
  ...recording,
  ...{ name: "the old way", about: "no drain" },
  calls: [
    ...calls("read", 0, 12_000, 4),
    call("read", 12_000, 4000, "no answer within 15 s", reset),
    ...calls("write", 0, 12_000, 8),
  ],
  allBack: false,
  proof: {
    acknowledged: 120,
    members: [
      { name: "galera-0", missing: 0 },
      { name: "galera-1", missing: undefined },
      { name: "galera-2", missing: 3 },
    ],
  },
};
