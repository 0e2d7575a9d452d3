/*
 * Which processes belong to a container. Each has a variable in its environment that names it, which
 * all that it starts in turn inherits: SST scripts, hooks and temporary servers, in sessions of their
 * own too. What cleans its environment is found by its parent and its session.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Clock } from "../system/clock.js";
import { errnoOf } from "../system/failure.js";
import { containerMark } from "./pod.js";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** `Z` for a zombie, `T` for one that is stopped (proc_pid_stat(5)). */
  readonly state: string;
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
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => readProcess(Number(entry)) ?? []);
}

function readProcess(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", parent, , session] = fields;
    return { pid, parent: Number(parent), session: Number(session), state, mark: markOf(pid) };
  } catch {
    return undefined; // it has just ended
  }
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

/** The words of a process's command line; none where it has ended. */
export function commandLine(pid: number): readonly string[] {
  return read(`/proc/${pid}/cmdline`).split("\0");
}

/** Sends a signal to a process; one that is gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The PID that a file records; undefined if there is none. */
export function recordedPid(path: string): number | undefined {
  const pid = Number.parseInt(read(path), 10);
  return pid > 1 ? pid : undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
