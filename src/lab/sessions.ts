/*
 * Which processes belong to a member. Each member's process leads a session of its own, which all
 * that it starts in turn (SST scripts, rsync) belong to: the session stands for the container. A
 * recorded PID may have gone to somebody else since, so a session counts only if a process in it
 * names the member's directory on its command line.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The processes of the session that `leader` leads or led; none if it is not that of `dir`. */
export function sessionProcesses(leader: number, dir: string): readonly number[] {
  const pids = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => sessionOf(pid) === leader);
  return pids.some((pid) => commandLine(pid).some((word) => word.includes(`${dir}/`))) ? pids : [];
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

/** Field 6 of proc_pid_stat(5), behind the name in brackets; undefined for a zombie. */
function sessionOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" ? undefined : Number(session);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
