import type { Clock } from "../../src/system/clock.js";

/** A clock for a whole agent with real sockets, whose other ends are all in this process. */
export interface SoakClock extends Clock {
  /** Lets time pass; before each sleeper wakes, all that is under way has come to its end. */
  advance(ms: number): Promise<void>;
  readonly sleepers: () => number;
}

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** What goes to and fro over loopback needs so many turns of the event loop at most. */
const turns = 16;

export function soakClock(): SoakClock {
  let nowMs = 0;
  const sleepers = new Set<Sleeper>();
  const next = (endMs: number): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const one of sleepers) if (one.atMs <= (first?.atMs ?? endMs)) first = one;
    return first;
  };
  return {
    now: () => nowMs,
    sleepers: () => sleepers.size,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const end = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", abort);
        };
        const abort = () => {
          end();
          reject(signal?.reason);
        };
        const wake = () => {
          end();
          resolve();
        };
        const sleeper = { atMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", abort);
      }),
    advance: async (ms) => {
      const endMs = nowMs + ms;
      await settle();
      for (let one = next(endMs); one !== undefined; one = next(endMs)) {
        nowMs = Math.max(nowMs, one.atMs);
        one.wake();
        await settle();
      }
      nowMs = endMs;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}
