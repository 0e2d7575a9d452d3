import { toJson } from "../bootstrap/format.js";
import type { Participant } from "../bootstrap/participant.js";
import { loadTold } from "../bootstrap/store.js";
import { zeroUuid } from "../galera/grastate.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { galeraPort } from "./contact.js";
import type { Accepts } from "./port.js";
import type { ServerSql } from "./sql.js";

export interface WatchOptions {
  readonly stateDir: string;
  /** An address of this pod, where its own server listens. */
  readonly address: string;
  /** The server's own process, where the agent ends with it. */
  readonly parent: number | undefined;
}

export interface WatchPorts {
  readonly participant: Participant;
  readonly sql: ServerSql;
  readonly accepts: Accepts;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A server that has left its cluster ends within this; one that found no way in again does not. */
const endsAfterMs = 30_000;
/** A server that has been started has its port open after so long, or it has ended. */
const serverIsUpAfterMs = 90_000;
/** A position is as new as this. */
const positionIsNewMs = 300;

/** Follows the server: what it tells, how far it is, and whether it is still there. */
export function createServerWatch(
  { stateDir, address, parent }: WatchOptions,
  { participant, sql, accepts, clock, log, signal }: WatchPorts,
) {
  /** What the server told, as it was taken over last; a file's inode may come back. */
  let seen: string | undefined;
  let isUp = false;
  let sinceMs = clock.now();
  let askedMs = Number.NEGATIVE_INFINITY;
  let leftMs: number | undefined;

  const told = () => {
    const what = loadTold(stateDir);
    const now = toJson(what);
    if (now === seen) return;
    if (what?.current === undefined) {
      seen = now;
      if (what?.status === "disconnected") leave();
      return;
    }
    leftMs = undefined;
    const { primary, view } = what.current;
    const uuid = what.primary?.uuid ?? participant.state().ledger?.uuid ?? zeroUuid;
    participant.told({ uuid, primary, status: what.status, view });
    seen = now; // only now: a ledger that could not be written is tried again
    const place = primary ? "the primary component" : "a component that is not primary";
    log("info", `my server is ${what.status}, in ${place}: ${view.members.join(", ")}`);
  };

  /** It has left the group: because it ends, or since it cannot go on. */
  const leave = () => {
    log("info", "my server has left the cluster");
    leftMs = clock.now();
    participant.idle();
  };

  /** Once for each time that it has left and does not end. */
  const isStuck = () => {
    if (leftMs === undefined || clock.now() - leftMs < endsAfterMs) return false;
    leftMs = undefined;
    return true;
  };

  const isGone = async () => {
    if (parent !== undefined) return false; // this process would have ended with it
    const open = await accepts(address, galeraPort, signal);
    const wasUp = isUp;
    isUp = open;
    return !open && (wasUp || clock.now() - sinceMs >= serverIsUpAfterMs);
  };

  return {
    isStuck,
    /** A start has begun, or what it shall do was decided. */
    restart: () => {
      isUp = false;
      leftMs = undefined;
      sinceMs = clock.now();
      seen = toJson(loadTold(stateDir));
    },
    look: async () => {
      const { kind } = participant.state().phase;
      if (kind === "waiting") return;
      if (kind === "idle" && !(await accepts(address, galeraPort, signal))) return;
      told();
      if (kind !== "idle" && (await isGone())) {
        log("info", "my server has ended");
        participant.idle();
        seen = undefined; // it was only slow, perhaps, and is heard again
      }
    },
    position: async () => {
      if (participant.state().phase.kind !== "running") return;
      const nowMs = clock.now();
      if (nowMs - askedMs < positionIsNewMs) return;
      askedMs = nowMs;
      participant.stands(await sql.lastCommitted());
    },
  };
}
