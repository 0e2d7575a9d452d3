/*
 * The end of my server, where it has to end and does not by itself: by SIGTERM where the agent ends with
 * it, else by SQL, and by its liveness probe where it takes no SQL.
 */
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";
import type { ServerSql } from "./sql/sql.js";

/** Ends a process, as container runtimes do. */
export type EndProcess = (pid: number, signal: "SIGTERM" | "SIGKILL") => void;

export interface EndingPorts {
  readonly sql: Pick<ServerSql, "shutdown">;
  readonly clock: Clock;
  readonly log: Log;
  readonly end: EndProcess;
  /** The processes of the state transfers that a server has begun. */
  readonly transfersOf: (server: number) => readonly number[];
  /** When the datadir was last seen to change, while no server is in the cluster. */
  readonly changedMs: () => number | undefined;
}

/** It is told again after so long. */
const againMs = 10_000;
/** A server that ends by SIGTERM does so within this, or changes files: it has much to write, perhaps. */
const heedsWithinMs = 60_000;
/** However much it writes: its log may be what changes. InnoDB recovers what is not written by then. */
const heedsAtLastMs = 600_000;

export type Ending = ReturnType<typeof createEnding>;

/** @param parent the server's own process, where the agent ends with it */
export function createEnding(
  parent: number | undefined,
  { sql, clock, log, end, transfersOf, changedMs }: EndingPorts,
) {
  /** What it was told last; `isDeaf`: it takes no SHUTDOWN. */
  let told: { readonly why: string; readonly atMs: number; isDeaf: boolean } | undefined;
  /** When it first got SIGTERM. */
  let termedMs: number | undefined;

  const tell = async (why: string) => {
    const isNew = told?.why !== why;
    if (isNew) log("warn", `ending my server, ${why}`);
    const now = { why, atMs: clock.now(), isDeaf: told?.isDeaf ?? false };
    told = now;
    if (parent !== undefined) {
      termedMs ??= now.atMs;
      return end(parent, "SIGTERM");
    }
    try {
      await sql.shutdown();
      now.isDeaf = false;
    } catch (error) {
      now.isDeaf = true;
      if (!isNew) return;
      log("warn", `it takes no SHUTDOWN, so its liveness probe fails: ${messageOf(error)}`);
    }
  };

  /**
   * What waits for its SST heeds no SIGTERM, and a container's first process no SIGKILL from within: it
   * ends when its script has.
   */
  const kill = (server: number, sinceMs: number) => {
    const nowMs = clock.now();
    const quietMs = nowMs - Math.max(sinceMs, changedMs() ?? sinceMs);
    if (quietMs < heedsWithinMs && nowMs - sinceMs < heedsAtLastMs) return;
    log("warn", `killing my server: it has not ended for ${formatDuration(nowMs - sinceMs)}`);
    for (const pid of transfersOf(server)) end(pid, "SIGKILL");
    end(server, "SIGKILL");
    termedMs = undefined; // if it is still there, all begins anew
  };

  return {
    /**
     * To be called at each look.
     *
     * @param why the reason for which it is to end, as of now
     */
    look: async (why: string | undefined): Promise<void> => {
      if (why === undefined) told = undefined;
      else if (told === undefined || clock.now() - told.atMs >= againMs) await tell(why);
      if (parent !== undefined && termedMs !== undefined) kill(parent, termedMs);
    },
    /** Why its container is to be ended, by whoever has started it. */
    toEnd: (): string | undefined => (told?.isDeaf ? told.why : undefined),
    /** Another start: what the server before was told is none of its business. */
    forget: (): void => {
      told = undefined;
    },
  };
}
