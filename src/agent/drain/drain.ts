/*
 * How a member leaves (`galera-peers drain`, a pod's preStop): its clients get their time, then
 * members go one after the other, the highest ordinal first, so that those who stay keep quorum.
 */
import type { Clock } from "../../system/clock.js";
import { formatDuration } from "../../system/duration.js";
import { errnoOf, messageOf } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import type { Neighbours } from "../http/neighbours.js";
import type { DrainStage, Report } from "../report.js";
import { type Turn, turnOf } from "./leave-turn.js";

export interface DrainLimits {
  /** What clients have to go elsewhere, from the fall of readiness. */
  readonly delayMs: number;
  /** After so long the member leaves, whatever the others do. */
  readonly timeoutMs: number;
}

/** What a `drain` that asks is told. */
export interface DrainAnswer {
  /** `overdue`: the time is up, and the server may be ended, too. */
  readonly state: "waiting" | "drained" | "overdue";
  /** What is waited for, or was when the time was up, or why nothing is. */
  readonly why: string;
}

export interface DrainPorts {
  /** What is known of my own member, as new as can be. */
  readonly self: () => Promise<Report>;
  readonly neighbours: Neighbours;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** From the first `drain` until the server's end. */
interface Leaving {
  readonly stop: AbortController;
  readonly signal: AbortSignal;
  readonly said: Set<string>;
  /** What the others are shown. */
  stage: DrainStage;
  answer: DrainAnswer;
}

/** So often the others are looked at. */
const everyMs = 200;

export type Drain = ReturnType<typeof createDrain>;

/** One member's way out, for as long as its agent lives. */
export function createDrain({ self, neighbours, clock, log, signal }: DrainPorts) {
  let leaving: Leaving | undefined;
  let begun: Promise<void> | undefined;

  const wait = (mine: Leaving, why: string) => {
    if (!mine.said.has(why)) log("info", `draining: waiting for ${why}`);
    mine.said.add(why);
    mine.answer = { state: "waiting", why };
  };

  const look = async (mine: Leaving): Promise<Turn> => {
    try {
      const me = await self();
      const { phase, name } = me.state;
      const members = phase.kind === "running" ? phase.view.members : [];
      const names = members.filter((member) => member !== name);
      return turnOf({ self: me, others: await neighbours(names, mine.signal) }, mine.stage);
    } catch (error) {
      const what = `a look at the cluster: ${errnoOf(error) ?? messageOf(error)}`;
      return { kind: "wait", what, stage: "waiting" };
    }
  };

  /** The reason to go; undefined where the time is up before there is one. */
  const awaitTurn = async (mine: Leaving, deadlineMs: number): Promise<string | undefined> => {
    while (clock.now() < deadlineMs) {
      const turn = await look(mine);
      mine.signal.throwIfAborted();
      if (turn.kind === "go") return turn.why;
      mine.stage = turn.kind === "mark" ? "leaving" : turn.stage;
      if (turn.kind === "mark") continue;
      wait(mine, turn.what);
      await clock.sleep(Math.min(everyMs, Math.max(0, deadlineMs - clock.now())), mine.signal);
    }
    return undefined;
  };

  const leave = async (mine: Leaving, { delayMs, timeoutMs }: DrainLimits): Promise<void> => {
    const deadlineMs = clock.now() + timeoutMs;
    const clientsMs = Math.min(delayMs, timeoutMs);
    if (clientsMs > 0) {
      wait(mine, `clients to go, for ${formatDuration(clientsMs)}`);
      await clock.sleep(clientsMs, mine.signal);
    }
    const why = await awaitTurn(mine, deadlineMs);
    mine.stage = "leaving";
    if (why !== undefined) {
      log("info", `drained: ${why}`);
      mine.answer = { state: "drained", why };
      return;
    }
    const awaited = mine.answer.why;
    log("warn", `draining: the time is up, and my server leaves without waiting for ${awaited}`);
    mine.answer = { state: "overdue", why: awaited };
  };

  const begin = async (mine: Leaving, limits: DrainLimits): Promise<void> => {
    const phase = await self().then(
      ({ state }) => state.phase,
      () => undefined,
    );
    if (mine.signal.aborted) return;
    if (phase !== undefined && phase.kind !== "running") {
      mine.answer = { state: "drained", why: "my server is not in the cluster" };
      leaving = undefined; // one that comes is as new
      return;
    }
    leave(mine, limits).catch((error) => {
      if (mine.signal.aborted) return;
      log("error", `draining: ${messageOf(error)}`);
      mine.answer = { state: "overdue", why: messageOf(error) };
    });
  };

  return {
    /** How far my member is; undefined where it does not leave. */
    stage: () => leaving?.stage,
    /** Begins, unless it has begun; says how far it is. */
    ask: async (limits: DrainLimits): Promise<DrainAnswer> => {
      if (leaving === undefined) {
        const stop = new AbortController();
        leaving = {
          ...{ stop, signal: AbortSignal.any([signal, stop.signal]), said: new Set() },
          ...{ stage: "waiting", answer: { state: "waiting", why: "its turn to leave" } },
        };
        begun = begin(leaving, limits);
      }
      const mine = leaving;
      await begun;
      return mine.answer;
    },
    /** A server has ended, or another one starts. */
    forget: () => {
      leaving?.stop.abort();
      leaving = undefined;
    },
  };
}
