/* A recording as lines of a terminal, one character for each piece of time. Pure. */
import { formatTable } from "../../system/table.js";
import type { Call, QueryKind } from "./client.js";
import { endOf, type Figures, isAnswered } from "./figures.js";
import { type Lane, type MemberState, memberStates } from "./lanes.js";
import type { Recording } from "./recording.js";
import { shortTime } from "./units.js";

const labelWidth = 10;
const mostCells = 88;

const stateCells: Readonly<Record<MemberState, string>> = {
  ...{ ready: "█", donor: "▓", primary: "▒", "non-primary": "░", down: "·" },
};

/** Up to so many ms. */
const latencyCells: readonly (readonly [number, string])[] = [
  [10, "▁"],
  [30, "▂"],
  [100, "▃"],
  [300, "▄"],
  [1000, "▅"],
  [3000, "▆"],
  [10_000, "▇"],
  [Number.POSITIVE_INFINITY, "█"],
];

export function formatTimeline(recording: Recording): readonly string[] {
  const { name, calls, lanes, lengthMs, marks } = recording;
  const cellMs = cellOf(lengthMs);
  const cells = Array.from({ length: Math.ceil(lengthMs / cellMs) }, (_, index) => index * cellMs);
  const line = (label: string, cell: (fromMs: number) => string) =>
    `${label.padEnd(labelWidth)}${cells.map(cell).join("")}`.trimEnd();
  const queries = (kind: QueryKind) => {
    const own = calls.filter((call) => call.kind === kind);
    return (fromMs: number) => latencyCell(own, fromMs, fromMs + cellMs);
  };
  return [
    `${name}, ${cellMs / 1000} s a character`,
    line("", (fromMs) => markCell(marks, fromMs, cellMs)),
    line("reads", queries("read")),
    line("writes", queries("write")),
    ...lanes.map((lane) => line(lane.name, (fromMs) => stateCell(lane, fromMs, fromMs + cellMs))),
    ...marks.map(
      ({ atMs, what }, index) =>
        `${index + 1} at ${(atMs / 1000).toFixed(1).padStart(5)} s  ${what}`,
    ),
  ];
}

export const timelineKey: readonly string[] = [
  "queries   ▁ ▂ ▃ up to 10, 30, 100 ms  ▄ ▅ 0.3, 1 s  ▆ ▇ 3, 10 s  █ longer",
  "          ! the first try failed, the second one did not  ✗ both failed",
  "members   █ ready  ▓ donor  ▒ primary, not ready  ░ non-primary  · no server answers",
];

function cellOf(lengthMs: number): number {
  return Math.max(1, Math.ceil(lengthMs / mostCells / 500)) * 500;
}

function markCell(marks: Recording["marks"], fromMs: number, cellMs: number): string {
  const index = marks.findLastIndex(({ atMs }) => atMs >= fromMs && atMs < fromMs + cellMs);
  return index < 0 ? " " : `${index + 1}`;
}

/** Of all calls that are under way in it. */
function latencyCell(calls: readonly Call[], fromMs: number, toMs: number): string {
  const within = calls.filter((call) => call.atMs < toMs && endOf(call) > fromMs);
  if (within.length === 0) return " ";
  if (within.some((call) => !isAnswered(call))) return "✗";
  if (within.some(({ first }) => first.error !== undefined)) return "!";
  const longest = Math.max(...within.map((call) => endOf(call) - call.atMs));
  return latencyCells.find(([upTo]) => longest <= upTo)?.[1] ?? " ";
}

/** The worst state in it. */
function stateCell({ spans }: Lane, fromMs: number, toMs: number): string {
  const states = spans.filter((span) => span.fromMs < toMs && span.toMs > fromMs);
  const worst = Math.max(-1, ...states.map(({ state }) => memberStates.indexOf(state)));
  const state = memberStates[worst];
  return state === undefined ? " " : stateCells[state];
}

/** One row for each thing that has happened, of each way. */
export function formatFigures(
  ways: readonly { readonly name: string; readonly figures: readonly Figures[] }[],
): readonly string[] {
  const titles = ways[0]?.figures.map(({ what }) => what) ?? [];
  const rows = titles.flatMap((title, index) =>
    ways.map(({ name, figures }, number) => [
      number === 0 ? title : "",
      name,
      ...cellsOf(figures[index]),
    ]),
  );
  return formatTable([
    ["", "", "stall of", "", "answered", "", "failed", "twice", "all ready"],
    ["since", "", "reads", "writes", "reads", "writes", "", "", "again after"],
    ...rows,
  ]);
}

export const figuresKey: readonly string[] = [
  "stall: the longest time without a query that succeeded, retries counted",
  "answered: queries that succeeded; failed: whose first try did not; twice: nor the second one",
];

function cellsOf(figures: Figures | undefined): readonly string[] {
  if (figures === undefined) return [];
  const { read, write, backMs } = figures;
  return [
    ...[read, write].map(({ stallMs }) => shortTime(stallMs)),
    ...[read, write].map(({ answered }) => `${answered}`),
    `${read.failed + write.failed}`,
    `${read.failedAgain + write.failedAgain}`,
    backMs === undefined ? "not yet" : backMs === 0 ? "–" : shortTime(backMs),
  ];
}
