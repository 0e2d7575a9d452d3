/*
 * The agent: answers the members, this pod's `run` and the kubelet, takes part in the decision, and
 * follows the peers and the server for the pod's life.
 */
import type { Phase } from "../bootstrap/member.js";
import type { Participant } from "../bootstrap/participant.js";
import { readFolded } from "../bootstrap/store.js";
import { firstLabel } from "../dns/name.js";
import type { Clock } from "../system/clock.js";
import { errnoOf, messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { createNap } from "../system/nap.js";
import { createComplaint } from "./complaint.js";
import { createDeciding, isSettled } from "./deciding.js";
import { createDrain } from "./drain/drain.js";
import { createEnding, type EndProcess } from "./ending.js";
import { createHandlers } from "./handlers.js";
import { isStarting, liveness, type Vitals } from "./health.js";
import type { Neighbours } from "./http/neighbours.js";
import type { Accepts } from "./http/port.js";
import { type ListenOptions, serve } from "./http/server.js";
import { createStandBy } from "./http/stand-by.js";
import type { Metrics } from "./metrics/metrics.js";
import type { PeersWatch } from "./peers/peers-watch.js";
import { createProgressWatch } from "./progress.js";
import { reportOf } from "./report.js";
import { createServerWatch } from "./sql/server-watch.js";
import type { ServerSql } from "./sql/sql.js";
import { donorAmong } from "./transfer/donor.js";
import { createUnreleased } from "./transfer/unreleased.js";
import { createTransferWatch } from "./transfer/watch.js";

export interface AgentOptions extends Omit<ListenOptions, "signal"> {
  readonly name: string;
  readonly datadir: string;
  readonly stateDir: string;
  /** An address of this pod, where its own server listens. */
  readonly address: string;
  /** The process that this agent was left behind by, with which it ends; undefined for a sidecar. */
  readonly parent: number | undefined;
}

export interface AgentPorts {
  readonly participant: Participant;
  readonly peers: PeersWatch;
  /** A start begins: DNS is asked anew. */
  readonly lookAnew: () => void;
  readonly sql: ServerSql;
  readonly metrics: Metrics;
  /** Asks other members: how far they are on their way out, and who sends or receives. */
  readonly neighbours: Neighbours;
  readonly accepts: Accepts;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The process that is this one's parent now. */
  readonly parentNow: () => number;
  readonly end: EndProcess;
  /** The processes of the state transfers that a server has begun. */
  readonly transfersOf: (server: number) => readonly number[];
}

/** How often the agent looks again: while something is decided, and while nothing is. */
const everyMs = { deciding: 200, settled: 2000 } as const;

/** Runs until the signal's abort, with whose reason it ends, or until the parent has ended. */
export async function runAgent(options: AgentOptions, ports: AgentPorts): Promise<void> {
  const { participant, sql, clock, log, metrics } = ports;
  const { parent, stateDir } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([ports.signal, stop.signal]);
  const hangs = (sinceMs: number) => progress.hangs(sinceMs);
  const watch = createServerWatch(options, {
    ...{ ...ports, signal, hangs },
    isAlive: () => liveness(vitals()).ok,
  });
  const isUnreleased = createUnreleased(options.name, {
    ...{ clock, server: watch.sight, phase: () => participant.state().phase },
    ask: (names) => ports.neighbours(names, signal),
  });
  const ending = createEnding(parent, { ...ports, hangs });
  const deciding = createDeciding(options, {
    ...{ ...ports, signal, watch, ending, isUnreleased },
    decided: metrics.decided,
  });
  const transfer = createTransferWatch(options.datadir, {
    ...{ clock, log, server: watch.sight },
    phase: () => participant.state().phase,
    askDonor: async () => {
      const others = ports.peers.sight().set?.others ?? [];
      const names = others.map(({ name }) => firstLabel(name));
      return donorAmong(await ports.neighbours(names, signal));
    },
  });
  const progress = createProgressWatch(options.datadir, clock, transfer.pass);
  const passing = createComplaint(log);
  const serving = createComplaint(log);

  const phase = { kind: participant.state().phase.kind, sinceMs: clock.now() };
  /** A joiner tells before its SST that it is connected, outside any component, and no more until its end. */
  const shownPhase = (): Phase =>
    transfer.isReceiving() ? { kind: "joining" } : participant.state().phase;
  const vitals = (): Vitals => {
    const now = shownPhase();
    if (now.kind !== phase.kind) Object.assign(phase, { kind: now.kind, sinceMs: clock.now() });
    return {
      ...{ nowMs: clock.now(), phase: now, phaseSinceMs: phase.sinceMs },
      askedMs: deciding.askedMs(),
      awaited: transfer.isReceiving() ? undefined : deciding.awaited(),
      toEnd: ending.toEnd(),
      ...{ changedMs: progress.changedMs(), server: watch.sight() },
      ...{ sendsBackup: transfer.sendsBackup(), draining: drain.stage() !== undefined },
    };
  };
  const report = () => {
    const sst = transfer.sight();
    const state = { ...participant.state(), phase: shownPhase() };
    return reportOf(state, vitals(), ports.peers.sight(), drain.stage(), sst);
  };
  const drain = createDrain({
    ...{ ...ports, signal },
    self: async () => {
      await watch.look();
      return report();
    },
  });

  const nap = createNap(clock);
  const handlers = createHandlers(options, {
    ...{ participant, watch, deciding, drain, vitals, report, metrics },
    began: () => {
      ports.lookAnew();
      progress.forget();
      transfer.look(); // the server of the start before has ended
      drain.forget();
      nap.wake();
    },
  });

  const decide = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      if (parent !== undefined && ports.parentNow() !== parent) return;
      try {
        await deciding.pass();
        passing.over();
      } catch (error) {
        signal.throwIfAborted();
        // A disk that is full, for one: the others need an agent as long as the server runs.
        const why = cannot(error, stateDir);
        passing.say(why);
        deciding.failed(why);
      }
      if (participant.state().phase.kind === "idle") drain.forget(); // it has left
      if (isStarting(vitals().phase) || ending.isAwaited()) progress.look();
      transfer.look();
      await nap.sleep(everyMs[isSettled(participant) ? "settled" : "deciding"], signal);
    }
  };

  const server = await serve(
    handlers,
    { ...options, signal },
    { clock, fault: serving.say, isAwaited: createStandBy(options, log, signal) },
  );
  let watching: Promise<unknown> | undefined;
  try {
    participant.resume(readFolded(stateDir)); // another agent may have held the port, and written it
    watching = ports.peers.run(signal);
    await Promise.race([decide(), watching]);
  } finally {
    stop.abort();
    await watching?.catch(() => {}); // a hook that runs is ended first
    server.close();
    server.closeAllConnections();
    await sql.close();
  }
}

/** Always the same words: a file's temporary name is in the system's. */
function cannot(error: unknown, stateDir: string): string {
  const [what = ""] = messageOf(error).split(",");
  return errnoOf(error) === undefined ? messageOf(error) : `${stateDir} cannot be written: ${what}`;
}
