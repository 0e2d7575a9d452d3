/*
 * Which processes belong to a container. Each has a variable in its environment that names it, which
 * all that it starts in turn inherits: SST scripts, hooks and temporary servers, in sessions of their
 * own too. What cleans its environment is found by its parent and its session.
 */
import { readFileSync } from "node:fs";
import type { Clock } from "../system/clock.js";
import { errnoOf } from "../system/failure.js";
import {
  allPids,
  commandLine,
  type ProcessStat,
  processStat,
  signalProcess,
} from "../system/proc.js";
import { containerMark } from "./pod.js";

export interface ProcessEntry extends ProcessStat {
  /** The container that it is of, as `markOf` has it; undefined where it says nothing. */
  readonly mark: string | undefined;
}

/**
 * The processes of containers, of pods or of a whole lab.
 *
 * @param places marks, or directories above them
 */
export function processesOf(
  places: readonly string[],
  table: readonly ProcessEntry[],
): readonly ProcessEntry[] {
  const isMarked = ({ mark }: ProcessEntry) =>
    places.some((place) => mark === place || mark?.startsWith(`${place}/`));
  const living = table.filter(({ state }) => state !== "Z" && state !== "X");
  let found = living.filter(isMarked);
  for (;;) {
    const pids = new Set(found.map(({ pid }) => pid));
    const sessions = new Set(found.map(({ session }) => session));
    const grown = living.filter(
      ({ pid, parent, session, mark }) =>
        pids.has(pid) || (mark === undefined && (pids.has(parent) || sessions.has(session))),
    );
    if (grown.length === found.length) return found;
    found = grown;
  }
}

/** All processes of this machine that can be seen; not this one. */
export function readProcesses(): readonly ProcessEntry[] {
  return allPids()
    .filter((pid) => pid !== process.pid)
    .flatMap((pid) => readProcess(pid) ?? []);
}

function readProcess(pid: number): ProcessEntry | undefined {
  const known = processStat(pid);
  return known && { ...known, mark: markOf(pid) };
}

const variable = `${containerMark}=`;

function markOf(pid: number): string | undefined {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
    return environ
      .split("\0")
      .find((entry) => entry.startsWith(variable))
      ?.slice(variable.length);
  } catch (error) {
    // Root without CAP_SYS_PTRACE, as in containers, does not read that of a server's account.
    return errnoOf(error) === "EACCES" ? markInWords(commandLine(pid)) : undefined;
  }
}

/** The container that a command line is of, as the lab writes them: all name files of their pod. */
export function markInWords(words: readonly string[]): string | undefined {
  const [, pod] = /=(\/\S*\/galera-\d+)\//.exec(words.join(" ")) ?? [];
  return pod === undefined ? undefined : `${pod}/${words.includes("agent") ? "agent" : "mariadb"}`;
}

/** The same signal to all processes of these places. */
export function signalAll(places: readonly string[], signal: NodeJS.Signals): void {
  for (const { pid } of processesOf(places, readProcesses())) signalProcess(pid, signal);
}

/** SIGKILL, until nothing is left: a process may start another one before its own end. */
export async function endAll(places: readonly string[], clock: Clock): Promise<void> {
  for (;;) {
    const left = processesOf(places, readProcesses());
    if (left.length === 0) return;
    for (const { pid } of left) signalProcess(pid, "SIGKILL");
    await clock.sleep(10);
  }
}

/** SIGSTOP, until everything stands still. */
export async function stopAll(places: readonly string[], clock: Clock): Promise<void> {
  for (;;) {
    const going = processesOf(places, readProcesses()).filter(({ state }) => state !== "T");
    if (going.length === 0) return;
    for (const { pid } of going) signalProcess(pid, "SIGSTOP");
    await clock.sleep(10);
  }
}

/** The PID that a file records; undefined if there is none. */
export function recordedPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "latin1"), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
