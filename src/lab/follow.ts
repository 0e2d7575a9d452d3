import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure } from "../system/failure.js";
import type { WriteLine } from "../system/log.js";
import { askStatus } from "./control.js";
import { eventText, isTold, readEvents } from "./events.js";
import { callFor, type Lab } from "./options.js";
import { controllerPaths, podName, podPaths } from "./pod.js";
import type { LabStatus } from "./status.js";
import { openTail } from "./tail.js";

export interface FollowPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly print: WriteLine;
}

export interface FollowOptions {
  readonly startMs: number;
  readonly timeoutMs: number;
  /** Where in the file of events to begin (`eventsEnd`). */
  readonly fromBytes: number;
  /** What was known before it began; undefined for a lab that has just been started. */
  readonly before: LabStatus | undefined;
}

const pollMs = 100;
/** A member that has ended so often before it was ready will not get there. */
const mostEnds = 4;

/** How far the file of events goes by now. */
export function eventsEnd(lab: Lab): number {
  return statSync(controllerPaths(lab).events, { throwIfNoEntry: false })?.size ?? 0;
}

/** Prints the events of a lab from there on, each with the time since `startMs`, when it is called. */
export function teller(
  lab: Lab,
  { startMs, fromBytes }: Pick<FollowOptions, "startMs" | "fromBytes">,
  print: WriteLine,
): () => void {
  const tail = openTail(controllerPaths(lab).events, fromBytes);
  return () => {
    for (const event of readEvents(tail.lines()).filter(isTold)) {
      const elapsed = ((event.atMs - startMs) / 1000).toFixed(1).padStart(5);
      print(`${elapsed} s  ${eventText(event)}`);
    }
  };
}

/**
 * Prints what happens in a lab until that is the case.
 *
 * @throws Failure 69 with the end of a log, after `timeoutMs` or where a member keeps failing
 */
export async function follow(
  lab: Lab,
  reached: (status: LabStatus) => boolean,
  options: FollowOptions,
  { clock, signal, print }: FollowPorts,
): Promise<LabStatus> {
  const { startMs, timeoutMs, before } = options;
  const { socket, log } = controllerPaths(lab);
  const tell = teller(lab, options, print);
  for (;;) {
    const status = await askStatus(socket, signal);
    tell();
    if (status === undefined) {
      throw new Failure(exitCode.unavailable, `the lab's controller has ended:\n${logEnd(log)}`);
    }
    if (reached(status)) return status;
    refuseFailing(lab, before, status);
    if (clock.now() - startMs > timeoutMs) throw timedOut(lab, status, timeoutMs);
    await clock.sleep(pollMs, signal);
  }
}

function refuseFailing(lab: Lab, began: LabStatus | undefined, { members }: LabStatus): void {
  for (const { name, phase, ended, incarnation, restarts } of members) {
    const earlier = began?.members.find((member) => member.name === name);
    const known = earlier?.incarnation === incarnation ? earlier.restarts : 0;
    if (phase !== "BackOff" || restarts + 1 - known < mostEnds) continue;
    throw new Failure(
      exitCode.unavailable,
      `${name} has ended ${mostEnds} times, last: ${ended}; ${after(lab, name)}`,
    );
  }
}

function timedOut(lab: Lab, { members }: LabStatus, timeoutMs: number): Failure {
  const first = members.find(({ ready }) => !ready) ?? members[0];
  const name = first?.name ?? podName(0);
  const why = first?.why ? `: ${first.why}` : "";
  return new Failure(
    exitCode.unavailable,
    `${name} is not ready after ${formatDuration(timeoutMs)} (${first?.phase}${why}); ${after(lab, name)}`,
  );
}

function after(lab: Lab, name: string): string {
  return `the lab stays as it is until ${callFor(lab, "down")}; ${callFor(lab, "logs", name)} ends with:\n${logEnd(podPaths(lab, name).log)}`;
}

const keptBytes = 2048;
const keptLines = 10;

/** The last lines of a log. */
export function logEnd(path: string): string {
  try {
    const file = openSync(path, "r");
    const bytes = Buffer.alloc(keptBytes);
    const length = readSync(
      file,
      bytes,
      0,
      keptBytes,
      Math.max(0, fstatSync(file).size - keptBytes),
    );
    closeSync(file);
    return bytes.toString("utf8", 0, length).trimEnd().split("\n").slice(-keptLines).join("\n");
  } catch {
    return `(no ${path})`;
  }
}
