import type { Clock } from "./clock.js";

/** A sleep that can be cut short; one at a time. */
export interface Nap {
  /** Until `ms` are over or somebody wakes it; throws the signal's reason once that is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly wake: () => void;
}

export function createNap(clock: Clock): Nap {
  let wake = () => {};
  return {
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      const waking = new AbortController();
      const stop = () => waking.abort();
      wake = stop;
      signal.addEventListener("abort", stop, { once: true });
      try {
        await clock.sleep(ms, waking.signal).catch(() => {});
      } finally {
        signal.removeEventListener("abort", stop);
      }
      signal.throwIfAborted();
    },
    wake: () => wake(),
  };
}
