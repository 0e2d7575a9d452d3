/* What the calls of a recording come to, for each thing that has happened. Pure. */
import type { Call, QueryKind } from "./client.js";
import { lastTrouble } from "./lanes.js";
import type { Recording } from "./recording.js";

export interface Figures {
  /** `before`, or what has happened. */
  readonly what: string;
  readonly read: KindFigures;
  readonly write: KindFigures;
  /** Until all members serve again; undefined where not before the next thing, 0 where they never ceased. */
  readonly backMs: number | undefined;
}

export interface KindFigures {
  /** The longest time without a call that succeeded, with one retry. */
  readonly stallMs: number;
  /** Calls that succeeded, with one retry. */
  readonly answered: number;
  /** Calls whose first try failed. */
  readonly failed: number;
  /** Calls of which the retry failed as well. */
  readonly failedAgain: number;
}

/** Of the time from each thing to the next one, and of that before the first. */
export function figuresOf(recording: Recording): readonly Figures[] {
  const { calls, lanes, lengthMs, marks } = recording;
  const starts = [{ atMs: 0, what: "before" }, ...marks];
  return starts.map(({ atMs, what }, index) => {
    const toMs = starts[index + 1]?.atMs ?? lengthMs;
    const trouble = lastTrouble(lanes, atMs, toMs);
    const isOver = trouble === undefined || trouble < toMs;
    const of = (kind: QueryKind) =>
      kindFigures(
        calls.filter((call) => call.kind === kind),
        atMs,
        toMs,
      );
    return {
      ...{ what, read: of("read"), write: of("write") },
      backMs: isOver ? Math.max(0, (trouble ?? atMs) - atMs) : undefined,
    };
  });
}

function kindFigures(calls: readonly Call[], fromMs: number, toMs: number): KindFigures {
  const within = calls.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const answered = within.filter(isAnswered);
  return {
    stallMs: longestStall(calls, fromMs, toMs),
    answered: answered.length,
    failed: within.filter(({ first }) => first.error !== undefined).length,
    failedAgain: within.length - answered.length,
  };
}

export function isAnswered({ first, again }: Call): boolean {
  return (again ?? first).error === undefined;
}

/** When its last try has ended. */
export function endOf({ atMs, first, again }: Call): number {
  return atMs + first.ms + (again?.ms ?? 0);
}

/** The longest part between the two of a time without an answer. */
function longestStall(calls: readonly Call[], fromMs: number, toMs: number): number {
  const answers = calls
    .filter(isAnswered)
    .map(endOf)
    .sort((a, b) => a - b);
  const ends = [...answers, Number.POSITIVE_INFINITY];
  const parts = ends.map((end, index) => {
    const begin = index === 0 ? 0 : (ends[index - 1] ?? 0);
    return Math.min(end, toMs) - Math.max(begin, fromMs);
  });
  return Math.max(0, ...parts);
}

/** What clients were told, the most frequent first, each with how often. */
export function errorsOf(calls: readonly Call[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { first, again } of calls) {
    for (const error of [first.error, again?.error]) {
      if (error !== undefined) counts.set(error, (counts.get(error) ?? 0) + 1);
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
