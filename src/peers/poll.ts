import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";

/** The first pause between look-ups at a start. */
export const quickPauseMs = 50;

/** The pause after one of `ms`: half as long again, until things are settled. */
export function longer(ms: number, settledMs: number): number {
  return Math.min(settledMs, ms * 1.5);
}

/** How often a wait is said again. */
const reminderMs = 30_000;

export interface PollOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The settled time from the start of one look-up to the next. */
  readonly pollMs: number;
  /** Give up after so long; undefined: never. */
  readonly timeoutMs: number | undefined;
  /** Keep the settled distance from the first look-up on. */
  readonly settled?: boolean;
}

/**
 * Looks up again and again: at once, after 50 ms, then at growing distances, at last every `pollMs`.
 * `look` gets a signal that ends it when the time-out is over. The consumer ends the loop by
 * leaving it.
 *
 * @throws the signal's reason when it is aborted; `TimeUp` after `timeoutMs`
 */
export async function* poll<T>(
  look: (signal: AbortSignal) => Promise<T>,
  { clock, signal, pollMs, timeoutMs, settled = false }: PollOptions,
): AsyncGenerator<T, never> {
  const giveUp = new AbortController();
  const stopTimer = new AbortController();
  const timer =
    timeoutMs === undefined
      ? undefined
      : clock.sleep(timeoutMs, stopTimer.signal).then(
          () => giveUp.abort(new TimeUp(timeoutMs)),
          () => {},
        );
  const limit = AbortSignal.any([signal, giveUp.signal]);
  try {
    let pauseMs = settled ? pollMs : quickPauseMs;
    for (; ; pauseMs = longer(pauseMs, pollMs)) {
      limit.throwIfAborted();
      const started = clock.now();
      yield await look(limit);
      const tookMs = clock.now() - started;
      await clock.sleep(Math.max(0, pauseMs - tookMs), limit);
    }
  } finally {
    stopTimer.abort();
    await timer;
  }
}

/** The reason of a poll that ran out of time. */
export class TimeUp extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super(`gave up after ${formatDuration(ms)}`);
    this.ms = ms;
  }
}

/** Says what a start waits for: a change at once, the same wait every 30 s. */
export interface Progress {
  /**
   * @param awaited what is waited for, in the same words as long as the wait is the same
   * @param hint what a human can do about it; said once it lasts
   */
  waiting(awaited: string, hint?: string): void;
  /** The wait is over. */
  settled(): void;
  /** The end of a start that was to be reached within `--timeout`. */
  gaveUp(ms: number): Failure;
}

export function createProgress(clock: Clock, log: Log): Progress {
  let awaited: string | undefined;
  let sinceMs = 0;
  let saidMs = 0;
  return {
    waiting(what, hint) {
      const nowMs = clock.now();
      if (what !== awaited) {
        awaited = what;
        sinceMs = nowMs;
        saidMs = nowMs;
        log("info", `waiting for ${what}`);
      } else if (nowMs - saidMs >= reminderMs) {
        saidMs = nowMs;
        const advice = hint === undefined ? "" : ` (${hint})`;
        log("info", `still waiting, for ${formatDuration(nowMs - sinceMs)}, for ${what}${advice}`);
      }
    },
    settled() {
      awaited = undefined;
    },
    gaveUp(ms) {
      return new Failure(
        exitCode.unavailable,
        `gave up after ${formatDuration(ms)} (--timeout), still waiting for ${awaited ?? "DNS"}`,
      );
    },
  };
}
