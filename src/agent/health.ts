/*
 * What the kubelet is told. A member that waits, or that receives the cluster's data, is alive as
 * long as that goes on; it is ready when clients can work with it. An end of the server's container
 * costs an SST everything that it has received, so each limit here is far longer than what it is for
 * takes, and whoever cannot be judged is alive. Pure.
 */
import type { Phase } from "../bootstrap/member.js";
import { localState, type WsrepStatus } from "../galera/wsrep-status.js";
import { formatDuration } from "../system/duration.js";
import { type Awaited, asksWithinMs } from "./deciding.js";
import type { Probe } from "./probes.js";
import type { ServerSight } from "./sql/server-watch.js";

/** A probe's answer, and the reason for it in one line: the same for as long as nothing changes. */
export interface Health {
  readonly ok: boolean;
  readonly why: string;
}

/** What the agent answers to a probe. */
export function healthOf(probe: Probe, vitals: Vitals): Health {
  switch (probe) {
    case "startup":
      return startup(vitals);
    case "liveness":
      return liveness(vitals);
    case "readiness":
      return readiness(vitals);
    default:
      return probe satisfies never;
  }
}

/** What a probe's answer rests on; times are the agent's clock's. */
export interface Vitals {
  readonly nowMs: number;
  readonly phase: Phase;
  /** Since when it is in this phase. */
  readonly phaseSinceMs: number;
  /** When `run` last spoke to the agent; undefined before it did. */
  readonly askedMs: number | undefined;
  readonly awaited: Awaited | undefined;
  /** Why the server is to end, where it cannot be told to. */
  readonly toEnd: string | undefined;
  /** When the datadir was last seen to change, while no server is in the cluster. */
  readonly changedMs: number | undefined;
  readonly server: ServerSight;
  /** The SST that the server sends is mariabackup's, as far as its files tell; else it may be blocked. */
  readonly sendsBackup: boolean;
  readonly draining: boolean;
}

/**
 * A start, an SST, a crash recovery change files all the time. The longest pause is a joiner's that
 * waits for a donor: its end loses nothing, for it has received nothing.
 */
const changesWithinMs = 1_800_000;
/** A server that has answered before answers again within this, however much it has to do. */
const answersWithinMs = 120_000;
/** What the server said is worth so long. */
const answerIsGoodMs = 3000;

const yes = (why: string): Health => ({ ok: true, why });
const no = (why: string): Health => ({ ok: false, why });

/** A start goes on, or has come to its end. */
export function startup(vitals: Vitals): Health {
  const { phase, askedMs, changedMs } = vitals;
  const hasBegun = phase.kind !== "idle" || askedMs !== undefined || changedMs !== undefined;
  return hasBegun ? liveness(vitals) : no("no server has been started");
}

/** Nothing would be better for an end of the server's container. */
export function liveness(vitals: Vitals): Health {
  const { phase, toEnd } = vitals;
  if (toEnd !== undefined) return no(`the server is to end, ${toEnd}`);
  switch (phase.kind) {
    case "idle":
      return moving("no server is in the cluster", vitals);
    case "waiting":
      return waiting(vitals);
    case "founding":
      return moving("founding the cluster", vitals);
    case "joining":
      return moving("joining the cluster", vitals);
    case "running":
      return serving(vitals);
    default:
      return phase satisfies never;
  }
}

/**
 * Whether nobody but the files tells how far the server is. An SST's joiner says that it is
 * connected, and then nothing until it ends (there is no socket); so does crash recovery, before the start
 * (`--wsrep-recover`, in which the agent is idle) and in it; and a server that takes long to end.
 */
export function isStarting(phase: Phase): boolean {
  return phase.kind === "idle" || phase.kind === "founding" || phase.kind === "joining";
}

function waiting({ nowMs, phaseSinceMs, askedMs = phaseSinceMs, awaited }: Vitals): Health {
  if (nowMs - askedMs <= asksWithinMs) {
    const { held = false, what = "the first look at DNS and the other members" } = awaited ?? {};
    return yes(held ? `held: ${what}` : `waiting for ${what}`);
  }
  return no(`the start waits no longer: it has not asked for ${formatDuration(asksWithinMs)}`);
}

function moving(what: string, { nowMs, phaseSinceMs, ...signs }: Vitals): Health {
  const { askedMs, changedMs, server } = signs;
  const all = [phaseSinceMs, askedMs, changedMs, server.answeredMs];
  const lastMs = Math.max(...all.filter((ms) => ms !== undefined));
  if (nowMs - lastMs <= changesWithinMs) return yes(what);
  return no(`${what}: nothing in the datadir has changed for ${formatDuration(changesWithinMs)}`);
}

/** Whether or not its component is primary: what follows from that is the agents' to decide. */
function serving({ nowMs, server: { answer, answeredMs } }: Vitals): Health {
  if (answeredMs === undefined) return yes("the server has told of itself, and cannot be asked");
  if (nowMs - answeredMs > answersWithinMs) {
    return no(`the server has not answered for ${formatDuration(answersWithinMs)}`);
  }
  return yes(answer?.kind === "silent" ? "the server answered before" : "the server answers");
}

/** Clients can work with it: it is in the primary component, up to date, and not about to leave. */
export function readiness({ phase, server, sendsBackup, draining, nowMs }: Vitals): Health {
  if (draining) return no("draining");
  switch (phase.kind) {
    case "idle":
      return no("no server is in the cluster");
    case "waiting":
      return no("the start waits");
    case "founding":
      return no("founding the cluster");
    case "joining":
      return no("joining the cluster");
    case "running":
      break;
    default:
      return phase satisfies never;
  }
  const { answer, answeredMs } = server;
  if (answer?.kind === "silent") return no(`the server does not answer: ${answer.why}`);
  if (answer === undefined || answeredMs === undefined || nowMs - answeredMs > answerIsGoodMs) {
    return no("the server has not answered yet");
  }
  switch (answer.kind) {
    case "status":
      return bySql(answer.status, phase.status, sendsBackup);
    case "refuses":
      return byNotice(phase.primary, phase.status);
    default:
      return answer satisfies never;
  }
}

function bySql(status: WsrepStatus, told: string, sendsBackup: boolean): Health {
  const { primary, rejects, desync, ready, state, comment } = status;
  if (!primary) return no("the server's component is not primary");
  if (rejects) return no("the server rejects queries (wsrep_reject_queries)");
  if (desync) return no("the server is desynced (wsrep_desync)");
  // Galera's comment goes into details ("Joining: receiving State Transfer"), which change.
  const isDonor = state === localState.donor;
  // One that was a donor when it lost its component is one without being told so (transfer/unreleased.ts).
  if (state !== localState.synced && (!isDonor || told === "joined")) {
    return no(`the server is not synced (${comment.split(":")[0]})`);
  }
  // A lock desyncs a server as well, and tells nobody (FLUSH TABLES WITH READ LOCK).
  if (isDonor && told !== "donor") return no("the server is locked by a backup");
  // The method is the joiner's to choose, whatever the donor's own wsrep_sst_method says.
  if (isDonor && !sendsBackup) {
    return no("the server is a donor, and SST by anything but mariabackup blocks it");
  }
  if (!ready) return no("the server takes no queries (wsrep_ready)");
  return yes(isDonor ? "a donor that is not blocked" : "synced");
}

/** What the server told last, where it lets this account not in. */
function byNotice(primary: boolean, status: string): Health {
  if (!primary) return no("the server's component is not primary");
  if (status !== "synced") return no(`the server is not synced (${status})`);
  return yes("synced, as the server told");
}
