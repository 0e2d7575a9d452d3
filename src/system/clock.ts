import { setTimeout as delay } from "node:timers/promises";

/** Time passes only through this port. */
export interface Clock {
  /** Milliseconds since a fixed point in the past; never jumps. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason once that is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own monotonic clock. */
export const systemClock: Clock = {
  // To use `performance` costs a start 4 ms.
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
