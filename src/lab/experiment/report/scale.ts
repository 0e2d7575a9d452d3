/* Where times and latencies are in the charts of a report, the same in all of them. Pure. */
import { endOf } from "../figures.js";
import type { Recording } from "../recording.js";

export interface Scale {
  readonly lengthMs: number;
  /** Of the latencies, a power of ten each. */
  readonly leastMs: number;
  readonly mostMs: number;
  x(atMs: number): number;
  /** Logarithmic. */
  y(latencyMs: number): number;
}

/** In units of the drawing. */
export const plot = { left: 96, right: 1084, top: 86, bottom: 266 } as const;

export function scaleOf(recordings: readonly Recording[]): Scale {
  const lengthMs = Math.max(...recordings.map((one) => one.lengthMs));
  const slowest = Math.max(
    ...recordings.flatMap(({ calls }) => calls.map((call) => endOf(call) - call.atMs)),
  );
  const leastMs = 1;
  const mostMs = Math.max(1000, 10 ** Math.ceil(Math.log10(Math.max(slowest, 1))));
  const share = (latencyMs: number) =>
    Math.log(Math.max(latencyMs, leastMs) / leastMs) / Math.log(mostMs / leastMs);
  return {
    ...{ lengthMs, leastMs, mostMs },
    x: (atMs) => round(plot.left + (atMs / lengthMs) * (plot.right - plot.left)),
    y: (latencyMs) => round(plot.bottom - share(latencyMs) * (plot.bottom - plot.top)),
  };
}

/** 1, 10, 100 ms, … */
export function latencyTicks({ leastMs, mostMs }: Scale): readonly number[] {
  const count = Math.round(Math.log10(mostMs / leastMs));
  return Array.from({ length: count + 1 }, (_, power) => leastMs * 10 ** power);
}

/** About ten of them, on round seconds. */
export function timeTicks({ lengthMs }: Scale): readonly number[] {
  const stepMs = [1000, 2000, 5000, 10_000, 20_000, 60_000].find((ms) => lengthMs / ms <= 12);
  const step = stepMs ?? 120_000;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, index) => index * step);
}

/** A tenth of a unit cannot be seen. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
