import type { Clock } from "../../system/clock.js";
import { formatDuration } from "../../system/duration.js";
import type { Log } from "../../system/log.js";

/** Says what DNS is awaited for, each cause once, and how long that took. */
export interface Outage {
  /** @param hasPeers whether there are peers from before, which stay */
  readonly goesOn: (what: string, hasPeers: boolean) => void;
  readonly over: () => void;
}

export function createOutage(clock: Clock, log: Log): Outage {
  const said = new Set<string>();
  let sinceMs: number | undefined;
  return {
    goesOn: (what, hasPeers) => {
      sinceMs ??= clock.now();
      if (said.has(what)) return;
      said.add(what);
      if (hasPeers) log("warn", `waiting for ${what}; the peers stay as they were`);
      else log("info", `waiting for ${what}`);
    },
    over: () => {
      if (sinceMs === undefined) return;
      log("info", `DNS names the peers after ${formatDuration(clock.now() - sinceMs)}`);
      sinceMs = undefined;
      said.clear();
    },
  };
}
