import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure } from "../system/failure.js";
import type { WriteLine } from "../system/log.js";
import { askStatus } from "./control.js";
import type { Lab } from "./options.js";
import { controllerPaths, podName, podPaths } from "./pod.js";
import { progressLines } from "./progress.js";
import type { LabStatus } from "./status.js";

export interface FollowPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly print: WriteLine;
}

const pollMs = 100;
/** A member that has ended so often before it was ready will not get there. */
const mostEnds = 4;

/**
 * Prints what happens in a lab, each line with the time since `startMs`, until that is the case.
 *
 * @param before what is known already
 * @throws Failure 69 with the end of a log, after `timeoutMs` or where a member keeps failing
 */
export async function follow(
  lab: Lab,
  before: LabStatus | undefined,
  reached: (status: LabStatus) => boolean,
  { startMs, timeoutMs }: { readonly startMs: number; readonly timeoutMs: number },
  { clock, signal, print }: FollowPorts,
): Promise<LabStatus> {
  const { socket, log } = controllerPaths(lab);
  const began = before;
  for (let seen = before; ; ) {
    const status = await askStatus(socket, signal);
    if (status === undefined) {
      throw new Failure(exitCode.unavailable, `the lab's controller has ended:\n${logEnd(log)}`);
    }
    const elapsed = ((clock.now() - startMs) / 1000).toFixed(1).padStart(5);
    for (const line of progressLines(seen, status)) print(`${elapsed} s  ${line}`);
    if (reached(status)) return status;
    refuseFailing(lab, began, status);
    if (clock.now() - startMs > timeoutMs) throw timedOut(lab, status, timeoutMs);
    seen = status;
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
  return new Failure(
    exitCode.unavailable,
    `${name} is not ready after ${formatDuration(timeoutMs)} (${first?.phase}); ${after(lab, name)}`,
  );
}

function after(lab: Lab, name: string): string {
  return `the lab stays as it is until lab down; lab logs ${name} ends with:\n${logEnd(podPaths(lab, name).log)}`;
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
