import type { Clock } from "../system/clock.js";
import { createNap } from "../system/nap.js";
import type { Look, Sight } from "./look.js";
import { longer, quickPauseMs } from "./poll.js";

/** One look serves all who want to know: DNS is asked at most once a second, sooner at a start. */
export interface PacedLook {
  /** Who looks again too soon gets what was seen last. */
  readonly look: Look;
  /** A start begins: what was seen before it does not count, and the next looks come soon. */
  readonly renew: () => void;
  /** Until another look is due: `pollMs` after the last one, sooner at a start. */
  readonly pause: (pollMs: number, signal: AbortSignal) => Promise<void>;
}

const settledMs = 1000;

export function paceLook(look: Look, clock: Clock): PacedLook {
  const nap = createNap(clock);
  let last: Promise<Sight> | undefined;
  let isUnderWay = false;
  let atMs = Number.NEGATIVE_INFINITY;
  let everyMs = quickPauseMs;

  const lookNow = (signal: AbortSignal): Promise<Sight> => {
    if (atMs !== Number.NEGATIVE_INFINITY) everyMs = longer(everyMs, settledMs);
    atMs = clock.now();
    const mine = look(signal);
    last = mine;
    isUnderWay = true;
    const isOver = (seen: Promise<Sight> | undefined) => {
      if (last !== mine) return; // it was of the start before
      isUnderWay = false;
      last = seen;
    };
    mine.then(
      () => isOver(mine),
      () => isOver(undefined), // nothing was seen
    );
    return mine;
  };

  return {
    look: (signal) => {
      const isRecent = isUnderWay || clock.now() - atMs < everyMs;
      return isRecent && last !== undefined ? last : lookNow(signal);
    },
    renew: () => {
      last = undefined;
      isUnderWay = false;
      atMs = Number.NEGATIVE_INFINITY;
      everyMs = quickPauseMs;
      nap.wake();
    },
    pause: (pollMs, signal) => {
      const dueMs = atMs + (everyMs < settledMs ? everyMs : Math.max(settledMs, pollMs));
      return nap.sleep(Math.max(0, dueMs - clock.now()), signal);
    },
  };
}
