import type { Decision } from "../bootstrap/decide.js";
import { FormatError, field, fromJson, readEvidence } from "../bootstrap/format.js";
import type { Participant, Verdict } from "../bootstrap/participant.js";
import { foldTold } from "../bootstrap/store.js";
import type { Clock } from "../system/clock.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";
import type { About } from "./local.js";
import { type Ordered, order } from "./ordered.js";
import type { Accepts } from "./port.js";
import { type Handlers, type ListenOptions, serve } from "./server.js";
import { createServerWatch } from "./server-watch.js";
import type { ServerSql } from "./sql.js";

export interface AgentOptions extends Omit<ListenOptions, "signal"> {
  readonly name: string;
  readonly stateDir: string;
  /** An address of this pod, where its own server listens. */
  readonly address: string;
  /** The process that this agent was left behind by, with which it ends; undefined for a sidecar. */
  readonly parent: number | undefined;
}

export interface AgentPorts {
  readonly participant: Participant;
  readonly sql: ServerSql;
  readonly accepts: Accepts;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The process that is this one's parent now. */
  readonly parentNow: () => number;
  /** Asks a process to end, as container runtimes do. */
  readonly terminate: (pid: number) => void;
}

/** How often the agent looks again: while something is decided, and while nothing is. */
const everyMs = { deciding: 200, settled: 1000 } as const;
/** A start that asks for the first time has so long for its answer. */
const firstLookMs = 1000;
/** In a primary component there is little to learn from the others. */
const settledPassMs = 5000;
/** pc.bootstrap takes effect within this, or is decided and asked for again. */
const bootstrapPassMs = 5000;
/** A server outside a primary component ends after so long, where it keeps another from founding. */
const stopsAfterMs = 10_000;

/** The agent: answers the members and this pod's `run`, and takes part in the decision. */
export async function runAgent(options: AgentOptions, ports: AgentPorts): Promise<void> {
  const { participant, sql, clock, log, signal } = ports;
  const { name, parent } = options;
  let verdict: Verdict | undefined;
  let ordered: Ordered | undefined;
  let considered = Promise.withResolvers<void>();
  let passedMs = Number.NEGATIVE_INFINITY;
  const watch = createServerWatch(options, ports);
  const passing = createComplaint(log);
  const bootstrapping = createComplaint(log);
  const serving = createComplaint(log);

  const about: About = { name, parent };
  let wake = () => {};
  const pause = async (ms: number) => {
    const waking = new AbortController();
    wake = () => waking.abort();
    if (!signal.aborted) await clock.sleep(ms, waking.signal).catch(() => {});
  };
  signal.addEventListener("abort", () => wake(), { once: true });
  /** What was decided, and what the server told, is of the start before. */
  const anew = () => {
    watch.restart();
    ordered = undefined;
    verdict = undefined;
  };
  const handlers: Handlers = {
    about: () => about,
    state: async () => {
      await watch.position();
      return participant.state();
    },
    ended: () => {
      if (parent !== undefined && ordered !== undefined) throw lateStart(name);
      participant.idle();
      anew();
    },
    start: (body) => {
      // The process that waited has become the server: whoever asks now is somebody else.
      if (parent !== undefined && ordered !== undefined) throw lateStart(name);
      const evidence = readStart(body);
      participant.start(evidence, foldTold(options.stateDir));
      anew();
      considered = Promise.withResolvers<void>();
      passedMs = Number.NEGATIVE_INFINITY;
      wake();
    },
    decision: async () => {
      // The first look takes less time than a start that asks again.
      const isFirst = verdict === undefined && participant.state().phase.kind === "waiting";
      if (isFirst) await Promise.race([considered.promise, clock.sleep(firstLookMs)]);
      const asked = ordered !== undefined || participant.state().phase.kind !== "idle";
      return { ...(ordered ?? order(verdict)), asked };
    },
  };
  let stopsSinceMs: number | undefined;
  /** What the decision rests on may be about to change: the server ends if it stays. */
  const stopping = async (decision: Decision) => {
    if (decision.action !== "wait" || decision.stops !== true) {
      stopsSinceMs = undefined;
      return;
    }
    stopsSinceMs ??= clock.now();
    if (clock.now() - stopsSinceMs < stopsAfterMs) return;
    stopsSinceMs = undefined;
    await endServer(`so that another one can found: ${decision.why}`);
  };
  const endServer = async (why: string) => {
    log("warn", `ending my server, ${why}`);
    if (parent !== undefined) return ports.terminate(parent);
    await sql
      .shutdown()
      .catch((error) => log("error", `it has to be ended by hand: ${messageOf(error)}`));
  };
  const pass = async () => {
    await watch.look();
    if (watch.isStuck()) await endServer("which has left the cluster and does not end by itself");
    const { kind } = participant.state().phase;
    if (kind !== "waiting" && kind !== "running") return;
    if (clock.now() - passedMs < passEveryMs(participant, verdict)) return;
    passedMs = clock.now();
    if (kind === "running") await watch.position();
    const before = verdict?.decision.action;
    const asked = considered;
    const next = await participant.pass(signal);
    if (asked !== considered) return; // another start has begun meanwhile
    verdict = next;
    const { decision } = verdict;
    considered.resolve();
    if (decision.action === "found" || decision.action === "join") {
      ordered = order(verdict);
      watch.restart();
    }
    await stopping(decision);
    if (decision.action === "bootstrap") {
      if (before !== "bootstrap") log("info", `making my component primary: ${decision.why}`);
      const failed = (error: unknown) => bootstrapping.say(`pc.bootstrap: ${messageOf(error)}`);
      await sql.bootstrap().then(bootstrapping.over, failed);
    }
  };
  const server = await serve(handlers, { ...options, signal }, { clock, fault: serving.say });
  try {
    for (;;) {
      signal.throwIfAborted();
      if (parent !== undefined && ports.parentNow() !== parent) return;
      try {
        await pass();
        passing.over();
      } catch (error) {
        signal.throwIfAborted();
        // A disk that is full, for one: the others need an agent as long as the server runs.
        const why = cannot(error, options.stateDir);
        passing.say(why);
        verdict = { decision: { action: "wait", why }, peers: undefined };
      }
      await pause(everyMs[isSettled(participant) ? "settled" : "deciding"]);
    }
  } finally {
    server.close();
    server.closeAllConnections();
    await sql.close();
  }
}

function isSettled(participant: Participant): boolean {
  const { phase } = participant.state();
  return phase.kind === "idle" || (phase.kind === "running" && phase.primary);
}

function passEveryMs(participant: Participant, last: Verdict | undefined): number {
  if (isSettled(participant)) return settledPassMs;
  return last?.decision.action === "bootstrap" ? bootstrapPassMs : 0;
}

/** Always the same words: a file's temporary name is in the system's. */
function cannot(error: unknown, stateDir: string): string {
  const [what = ""] = messageOf(error).split(",");
  return errnoOf(error) === undefined ? messageOf(error) : `${stateDir} cannot be written: ${what}`;
}

/** Says what is wrong once, for as long as it stays the same. */
function createComplaint(log: Log) {
  let said: string | undefined;
  return {
    say: (what: string) => {
      if (what !== said) log("error", what);
      said = what;
    },
    over: () => {
      said = undefined;
    },
  };
}

function lateStart(name: string): Failure {
  return new Failure(
    exitCode.config,
    `the start of ${name} that this agent was left behind by is over`,
  );
}

function readStart(body: string) {
  try {
    return field(fromJson(body), "evidence", "start", readEvidence);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Failure(exitCode.software, `a start that cannot be read: ${error.message}`);
  }
}
