import type { Clock } from "../../system/clock.js";
import { formatDuration } from "../../system/duration.js";
import type { Log } from "../../system/log.js";
import { isPayload } from "./payload.js";
import type { Sending } from "./transfer.js";
import { type Walk, walkShare } from "./walk.js";
import { formatBytes } from "./words.js";

export interface SendingPorts {
  readonly walk: Walk;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whoever is a donor for less only lets a joiner have its write-sets (IST), or has little to send. */
const worthSayingMs = 3000;

/** My server as a donor: how much an SST from it brings, counted once for each. */
export function createSending(datadir: string, { walk, clock, log }: SendingPorts) {
  let sinceMs: number | undefined;
  let totalBytes: number | undefined;
  let counting = false;
  let nextMs = Number.NEGATIVE_INFINITY;
  let isSaid = false;

  const count = async () => {
    counting = true;
    totalBytes = undefined;
    const startedMs = clock.now();
    let sum = 0;
    await walk(datadir, ({ path, bytes = 0 }) => {
      if (isPayload(path)) sum += bytes;
    }).finally(() => {
      counting = false;
    });
    totalBytes = sum;
    nextMs = clock.now() + (clock.now() - startedMs) * walkShare;
  };

  return {
    look: (isDonor: boolean): void => {
      const nowMs = clock.now();
      if (!isDonor) {
        if (sinceMs === undefined) return;
        const forMs = formatDuration(nowMs - sinceMs);
        if (isSaid) log("info", `my server is a donor no more, after ${forMs}`);
        sinceMs = undefined;
        isSaid = false;
        return;
      }
      if (sinceMs === undefined) {
        sinceMs = nowMs;
        // One that was a donor a moment ago has about the same still.
        if (!counting && nowMs >= nextMs) count().catch(() => {}); // then nobody knows how much
      }
      if (isSaid || totalBytes === undefined || nowMs - sinceMs < worthSayingMs) return;
      isSaid = true;
      log("info", `my server is the donor of an SST: ${formatBytes(totalBytes)}`, { totalBytes });
    },
    sight: (): Sending | undefined =>
      sinceMs === undefined ? undefined : { role: "donor", totalBytes },
  };
}
