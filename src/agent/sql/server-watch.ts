import { existsSync } from "node:fs";
import { join } from "node:path";
import { initialisationNote, temporaryServerSocket } from "../../bootstrap/datadir.js";
import { toJson } from "../../bootstrap/format.js";
import type { Participant } from "../../bootstrap/participant.js";
import { loadTold } from "../../bootstrap/store.js";
import { zeroUuid } from "../../galera/grastate.js";
import { galeraPort } from "../../galera/group-port.js";
import type { Clock } from "../../system/clock.js";
import type { Log } from "../../system/log.js";
import type { Accepts } from "../http/port.js";
import { createFlowControl } from "./flow-control.js";
import { createNotices } from "./notices.js";
import type { ServerAnswer, ServerSql } from "./sql.js";

export interface WatchOptions {
  readonly datadir: string;
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
  /** What a liveness probe is told. */
  readonly isAlive: () => boolean;
  /** Whether a server that has been about to end since then gets nowhere. */
  readonly hangs: (sinceMs: number) => boolean;
}

/** The server, as it was seen last. */
export interface ServerSight {
  /** What it said when it was asked last; undefined where it has not been asked since its start. */
  readonly answer: ServerAnswer | undefined;
  /** When it last said anything at all, refusals too. */
  readonly answeredMs: number | undefined;
  /** Which part of the last seconds flow control has paused replication for, 0 to 1. */
  readonly paused: number | undefined;
}

/** A server that has left its cluster takes no clients after this; one that found no way in again does. */
const endsAfterMs = 30_000;
/** A server that has been started has its port open after so long, or it has ended. */
const serverIsUpAfterMs = 90_000;
/** An answer is as new as this. */
const answerIsNewMs = 300;

const unseen: ServerSight = { answer: undefined, answeredMs: undefined, paused: undefined };

/** One server, from its start to its end: an answer of one says nothing of the next. */
interface Watched {
  /** Since when it could come up: its start, or the end of the work before it. */
  sinceMs: number;
  /** Its port was open. */
  isUp: boolean;
  sight: ServerSight;
  /** The question that is under way. */
  asking: Promise<void> | undefined;
  /** When that, or the last one, was asked. */
  askedMs: number;
}

/** A server that is out of its cluster, and may be there still. */
interface Left {
  readonly sinceMs: number;
  /** When it last answered since it was to have ended. */
  answeredMs: number | undefined;
  /** Nothing has told that it left: it has ended, for all that is known until it answers. */
  readonly seemsEnded: boolean;
}

export type ServerWatch = ReturnType<typeof createServerWatch>;

/** Follows the server: what it tells, how far it is, and whether it is still there. */
export function createServerWatch(
  { datadir, stateDir, address, parent }: WatchOptions,
  { participant, sql, accepts, clock, log, signal, isAlive, hangs }: WatchPorts,
) {
  const flowControl = createFlowControl();
  const notices = createNotices(log);

  /** Another server, or none. */
  const another = (): Watched => {
    flowControl.forget();
    notices.forget();
    const never = Number.NEGATIVE_INFINITY;
    const nothing = { isUp: false, sight: unseen, asking: undefined, askedMs: never };
    return { ...nothing, sinceMs: clock.now() };
  };

  let server = another();
  /** What the server told, as it was taken over last; a file's inode may come back. */
  let seen: string | undefined;
  let left: Left | undefined;

  const told = () => {
    const what = loadTold(stateDir);
    const now = toJson(what);
    if (now === seen) return;
    if (what?.current === undefined) {
      seen = now;
      if (what?.status === "disconnected") leave();
      return;
    }
    left = undefined;
    const { primary, view } = what.current;
    const { phase: before } = participant.state();
    const uuid = what.primary?.uuid ?? participant.state().ledger?.uuid ?? zeroUuid;
    participant.told({ uuid, primary, status: what.status, view });
    seen = now; // only now: a ledger that could not be written is tried again
    const place = primary ? "the primary component" : "a component that is not primary";
    // Each start begins outside.
    const level = !primary && before.kind === "running" && before.primary ? "warn" : "info";
    log(level, `my server is ${what.status}, in ${place}: ${view.members.join(", ")}`);
  };

  /** It has left the group: because it ends, or since it cannot go on. */
  const leave = () => {
    log("info", "my server has left the cluster");
    left = { sinceMs: clock.now(), answeredMs: undefined, seemsEnded: false };
    participant.idle();
    server = another();
  };

  /**
   * Whether `run` still works on the datadir, before it becomes the server: init scripts and an upgrade
   * take hours where they have much to do. A `run` that was killed leaves the same files behind. Its
   * container is started again within minutes, however long the back-off (kubelet's is five at most), and
   * the next `run` says first that this start is over. Until then its member is shown as one that starts:
   * the others wait, which costs minutes, and nobody is asked for a force token, which might make a
   * second cluster. If none comes, no file changes, and the start is over when liveness gives it up.
   */
  const isPreparing = (): boolean => {
    const { kind } = participant.state().phase;
    if (kind !== "founding" && kind !== "joining") return false; // the server has told of itself
    const signs = [initialisationNote, temporaryServerSocket];
    return signs.some((name) => existsSync(join(datadir, name))) && isAlive();
  };

  const isGone = async (one: Watched) => {
    if (parent !== undefined) return false; // this process would have ended with it
    const answers = one.sight.answer?.kind === "status";
    const isOpen = answers || (await accepts(address, galeraPort, signal));
    if (one !== server) return false; // another start has begun meanwhile
    const { isUp: wasUp } = one;
    one.isUp = isOpen;
    if (!isOpen && isPreparing()) one.sinceMs = clock.now();
    return !isOpen && (wasUp || clock.now() - one.sinceMs >= serverIsUpAfterMs);
  };

  const ask = async (one: Watched) => {
    const answer = await sql.status();
    if (one !== server) return;
    const nowMs = clock.now();
    const answeredMs = answer.kind === "silent" ? one.sight.answeredMs : nowMs;
    const status = answer.kind === "status" ? answer.status : undefined;
    one.sight = { answer, answeredMs, paused: flowControl.paused(nowMs, status?.pausedNs) };
    if (answer.kind === "refuses") notices.refused(answer.why);
    notices.note(status, one.sight.paused);
    participant.stands(status?.lastCommitted);
  };

  return {
    /** Whether the server has left, or seemed to have ended, and is there still. */
    isStuck: async (): Promise<boolean> => {
      const one = left;
      if (one === undefined || clock.now() - one.sinceMs < endsAfterMs) return false;
      const answers = (await sql.status()).kind !== "silent";
      const { sinceMs, answeredMs, seemsEnded } = one;
      if (!answers)
        return (!seemsEnded || answeredMs !== undefined) && hangs(answeredMs ?? sinceMs);
      if (seemsEnded && (await accepts(address, galeraPort, signal))) return false; // it was only slow
      one.answeredMs = clock.now();
      return true;
    },
    /** Asks the server, unless it has just been asked, or there is none to ask. */
    refresh,
    sight: () => server.sight,
    /** A start has begun, or what it shall do was decided. */
    restart: () => {
      left = undefined;
      seen = toJson(loadTold(stateDir));
      server = another();
    },
    look: async () => {
      const { kind } = participant.state().phase;
      if (kind === "waiting") return;
      if (kind === "idle" && !(await accepts(address, galeraPort, signal))) return;
      told();
      await refresh();
      if (kind !== "idle" && (await isGone(server))) {
        log("info", "my server has ended");
        // Or Galera has closed its port, and the server goes on: an IST that fails is not told.
        left = { sinceMs: clock.now(), answeredMs: undefined, seemsEnded: true };
        participant.idle();
        seen = undefined; // it was only slow, perhaps, and is heard again
        server = another();
      }
    },
  };

  async function refresh(): Promise<void> {
    const { kind } = participant.state().phase;
    if (kind === "idle" || kind === "waiting") return;
    const one = server;
    if (one.asking === undefined) {
      const isLost = one.sight.answer?.kind === "status" && !sql.isConnected();
      if (clock.now() - one.askedMs < answerIsNewMs && !isLost) return;
      one.askedMs = clock.now();
      one.asking = ask(one).finally(() => {
        one.asking = undefined;
      });
    }
    await one.asking;
  }
}
