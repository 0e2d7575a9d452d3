/*
 * The agent's part in the decision: passes the participant, and gives the start of this pod its
 * orders.
 */
import type { Decision } from "../bootstrap/decide.js";
import type { Evidence } from "../bootstrap/evidence.js";
import type { View } from "../bootstrap/ledger.js";
import type { Participant, Verdict } from "../bootstrap/participant.js";
import { foldTold } from "../bootstrap/store.js";
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure, messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { createComplaint } from "./complaint.js";
import type { Ending } from "./ending.js";
import { type Ordered, order } from "./ordered.js";
import type { ServerWatch } from "./sql/server-watch.js";
import type { ServerSql } from "./sql/sql.js";

export interface DecidingOptions {
  readonly name: string;
  readonly stateDir: string;
  /** The process that this agent was left behind by; undefined for a sidecar. */
  readonly parent: number | undefined;
}

export interface DecidingPorts {
  readonly participant: Participant;
  readonly watch: ServerWatch;
  readonly sql: ServerSql;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly ending: Ending;
  /** Whether Galera takes the server for a donor, and it is none any more. */
  readonly isUnreleased: () => Promise<boolean>;
  /** Told of each decision. */
  readonly decided: (action: Decision["action"]) => void;
}

/** What a member waits for, and since when. */
export interface Awaited {
  readonly what: string;
  readonly sinceMs: number;
  /** Only a human can go on. */
  readonly held: boolean;
}

/** `run` asks several times a second: who has not asked for so long has ended, and is not to found. */
export const asksWithinMs = 30_000;
/** A start that asks for the first time has so long for its answer. */
const firstLookMs = 1000;
/** In a primary component the others tell of foundings in place, which come when it has changed. */
const settledPassMs = { anew: 5000, later: 30_000 } as const;
/** A component is a new one for so long. */
const isNewMs = 60_000;
/** pc.bootstrap takes effect within this, or is decided and asked for again. */
const bootstrapPassMs = 5000;
/** A server outside a primary component ends after so long, where it keeps another from founding. */
const stopsAfterMs = 10_000;

export type Deciding = ReturnType<typeof createDeciding>;

/** The decision of one agent: `pass` is called again and again, the rest by who asks. */
export function createDeciding(options: DecidingOptions, ports: DecidingPorts) {
  const { name, stateDir, parent } = options;
  const { participant, watch, sql, ending, clock, log, signal } = ports;
  const bootstrapping = createComplaint(log);
  let verdict: Verdict | undefined;
  let ordered: Ordered | undefined;
  let considered = Promise.withResolvers<void>();
  let passedMs = Number.NEGATIVE_INFINITY;
  /** What the decision rests on may be about to change: the server ends if it stays. */
  let stops: { readonly why: string; readonly sinceMs: number } | undefined;
  let awaited: Awaited | undefined;
  let askedMs: number | undefined;
  let component: { readonly view: View; readonly sinceMs: number } | undefined;

  /** What was decided, and what the server told, is of the start before. */
  const anew = () => {
    watch.restart();
    ordered = undefined;
    awaited = undefined;
    askedMs = undefined;
    verdict = undefined;
    stops = undefined;
    considered = Promise.withResolvers<void>();
    ending.forget();
  };

  /** The process that waited has become the server: whoever asks now is somebody else. */
  const refuseLate = () => {
    if (parent === undefined || ordered === undefined) return;
    const what = `the start of ${name} that this agent was left behind by is over`;
    throw new Failure(exitCode.config, what);
  };

  /** Why my server is to end, as of now. */
  const reasonToEnd = async (): Promise<string | undefined> => {
    if (await watch.isStuck()) return "which has left the cluster, and is not known to have ended";
    if (await ports.isUnreleased()) {
      return "which Galera takes for the donor of a state transfer that is over";
    }
    const { phase } = participant.state();
    if (phase.kind !== "running" || phase.primary || stops === undefined) return undefined;
    return clock.now() - stops.sinceMs < stopsAfterMs ? undefined : stops.why;
  };

  const lookToEnd = async () => {
    const start = considered;
    const why = await reasonToEnd();
    if (start === considered) await ending.look(why);
  };

  const note = (next: Verdict) => {
    verdict = next;
    const { decision } = next;
    const isToStop = decision.action === "wait" && decision.stops === true;
    const why = `so that another one can found: ${decision.why}`;
    stops = isToStop ? { why, sinceMs: stops?.sinceMs ?? clock.now() } : undefined;
    const held = decision.action === "hold";
    if (decision.action !== "wait" && !held) awaited = undefined;
    else if (awaited?.what !== decision.why || awaited.held !== held) {
      awaited = { what: decision.why, sinceMs: clock.now(), held };
    }
  };

  /** Since when the server has been in its component. */
  const inComponentSinceMs = (): number => {
    const { phase } = participant.state();
    if (phase.kind !== "running") return clock.now();
    if (component?.view !== phase.view) component = { view: phase.view, sinceMs: clock.now() };
    return component.sinceMs;
  };

  const passEveryMs = (): number => {
    const sinceMs = inComponentSinceMs();
    if (isSettled(participant)) {
      if (sinceMs > passedMs) return 0;
      return settledPassMs[clock.now() - sinceMs < isNewMs ? "anew" : "later"];
    }
    return verdict?.decision.action === "bootstrap" ? bootstrapPassMs : 0;
  };

  return {
    ended: () => {
      refuseLate();
      participant.idle();
      anew();
      askedMs = clock.now();
    },
    start: (evidence: Evidence) => {
      refuseLate();
      participant.start(evidence, foldTold(stateDir));
      anew();
      askedMs = clock.now();
      passedMs = Number.NEGATIVE_INFINITY;
    },
    decision: async () => {
      askedMs = clock.now();
      // The first look takes less time than a start that asks again.
      const isFirst = verdict === undefined && participant.state().phase.kind === "waiting";
      if (isFirst) await Promise.race([considered.promise, clock.sleep(firstLookMs)]);
      const asked = ordered !== undefined || participant.state().phase.kind !== "idle";
      return { ...(ordered ?? order(verdict)), asked };
    },
    /** What the member waits for now. */
    awaited: () => awaited,
    /** When a start last asked what to do; undefined before it did. */
    askedMs: () => askedMs,
    /** One look at the server and, where something is to be decided, at the others. */
    pass: async () => {
      await watch.look();
      await lookToEnd();
      const { kind } = participant.state().phase;
      if (kind === "waiting" && clock.now() - (askedMs ?? clock.now()) > asksWithinMs) {
        const forMs = formatDuration(asksWithinMs);
        log("info", `the start waits no longer: nobody has asked what to do for ${forMs}`);
        participant.idle();
        return;
      }
      // Why a start was held stays known when it has ended.
      const isHeld = kind === "idle" && awaited?.held === true;
      if (isSettled(participant) && !isHeld) awaited = undefined;
      if (kind !== "waiting" && kind !== "running") {
        stops = undefined; // nobody has been asked for a while
        return;
      }
      if (clock.now() - passedMs < passEveryMs()) return;
      passedMs = clock.now();
      const before = verdict?.decision.action;
      const asked = considered;
      const next = await participant.pass(signal);
      if (asked !== considered) return; // another start has begun meanwhile
      note(next);
      const { decision } = next;
      considered.resolve();
      ports.decided(decision.action);
      if (decision.action === "found" || decision.action === "join") {
        ordered = order(next);
        watch.restart();
      }
      if (decision.action === "bootstrap") {
        if (before !== "bootstrap") log("info", `making my component primary: ${decision.why}`);
        const failed = (error: unknown) => bootstrapping.say(`pc.bootstrap: ${messageOf(error)}`);
        await sql.bootstrap().then(bootstrapping.over, failed);
      }
    },
    /** A pass has failed: what is to be said to whoever asks. */
    failed: (why: string) => note({ decision: { action: "wait", why }, peers: undefined }),
  };
}

/** Whether nothing is to be decided. */
export function isSettled(participant: Participant): boolean {
  const { phase } = participant.state();
  return phase.kind === "idle" || (phase.kind === "running" && phase.primary);
}
