/*
 * Other processes, as proc(5) shows them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { errnoOf } from "./failure.js";

/** What proc_pid_stat(5) says of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** `Z` for a zombie, `T` for one that is stopped. */
  readonly state: string;
}

/** All that can be seen. */
export function allPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Undefined for one that has just ended. */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === "") return undefined;
  // The name before may have spaces and parentheses in it.
  const [state = "", parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid, parent: Number(parent), session: Number(session), state };
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
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
