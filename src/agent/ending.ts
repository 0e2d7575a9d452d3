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
  /** Whether a server that has been about to end since then gets nowhere. */
  readonly hangs: (sinceMs: number) => boolean;
}

/** It is told again after so long. */
const againMs = 10_000;
/** The reason for it is over when it was none for so long: a server may be slow to answer once. */
const overAfterMs = 5000;

export type Ending = ReturnType<typeof createEnding>;

/** @param parent the server's own process, where the agent ends with it */
export function createEnding(
  parent: number | undefined,
  { sql, clock, log, end, transfersOf, hangs }: EndingPorts,
) {
  /** What it was told last; `isDeaf`: it takes no SHUTDOWN. */
  let told: { readonly why: string; readonly atMs: number; isDeaf: boolean } | undefined;
  let wantedMs = Number.NEGATIVE_INFINITY;
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
    if (!hangs(sinceMs)) return;
    termedMs = undefined; // if it is still there then, all begins anew
    const forMs = formatDuration(clock.now() - sinceMs);
    log("warn", `killing my server: it has not ended for ${forMs}`);
    for (const pid of transfersOf(server)) end(pid, "SIGKILL");
    end(server, "SIGKILL");
  };

  return {
    /**
     * To be called at each look.
     *
     * @param why the reason for which it is to end, as of now
     */
    look: async (why: string | undefined): Promise<void> => {
      const nowMs = clock.now();
      if (why !== undefined) {
        wantedMs = nowMs;
        if (told === undefined || nowMs - told.atMs >= againMs) await tell(why);
      } else if (nowMs - wantedMs >= overAfterMs) told = undefined;
      if (parent !== undefined && termedMs !== undefined) kill(parent, termedMs);
    },
    /** Whether it got SIGTERM, and its end is waited for. */
    isAwaited: (): boolean => termedMs !== undefined,
    /** Why its container is to be ended, by whoever has started it. */
    toEnd: (): string | undefined => (told?.isDeaf ? told.why : undefined),
    /** Another start: what the server before was told is none of its business. */
    forget: (): void => {
      told = undefined;
    },
  };
}
