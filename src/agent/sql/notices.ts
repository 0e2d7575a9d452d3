import type { WsrepStatus } from "../../galera/wsrep-status.js";
import type { Log } from "../../system/log.js";

/** From so much on replication is held up; below half of it, it is not any more. */
const muchPaused = 0.5;

/**
 * Says what changes in how the server takes part, once each time, where the server itself tells nobody
 * of it: what wsrep_notify_cmd tells is in the log already.
 */
export function createNotices(log: Log) {
  let isDesynced = false;
  let rejects = false;
  let isPaused = false;
  let isRefused = false;

  const noteStatus = (status: WsrepStatus) => {
    if (status.desync !== isDesynced) {
      isDesynced = status.desync;
      if (isDesynced) {
        log(
          "warn",
          "my server was desynced by hand (wsrep_desync): nobody waits for it, so it may fall behind, until SET GLOBAL wsrep_desync=OFF",
        );
      } else log("info", "my server is not desynced by hand any more");
    }
    if (status.rejects !== rejects) {
      rejects = status.rejects;
      if (rejects) {
        log(
          "warn",
          "my server rejects its clients' queries (wsrep_reject_queries), until SET GLOBAL wsrep_reject_queries=NONE",
        );
      } else log("info", "my server takes its clients' queries again");
    }
  };

  const notePaused = (paused: number) => {
    if (paused > (isPaused ? muchPaused / 2 : muchPaused) === isPaused) return;
    isPaused = !isPaused;
    if (isPaused) {
      log(
        "warn",
        `flow control has paused replication for ${Math.round(paused * 100)} % of the last 10 s: a member does not keep up, and all writes wait for it; galera-peers status shows whose queue is long`,
      );
    } else log("info", "flow control lets replication go on");
  };

  return {
    /** It lets my account not in. */
    refused: (why: string) => {
      if (isRefused) return;
      isRefused = true;
      log("warn", `my server does not answer me: ${why}; readiness goes by what it tells`);
    },
    /** What the server said last; undefined where it could not be asked, which changes nothing. */
    note: (status: WsrepStatus | undefined, paused: number | undefined) => {
      if (status !== undefined) {
        isRefused = false;
        noteStatus(status);
      }
      if (paused !== undefined) notePaused(paused);
    },
    /** Another server, or none. */
    forget: () => {
      isDesynced = false;
      rejects = false;
      isPaused = false;
      isRefused = false;
    },
  };
}
