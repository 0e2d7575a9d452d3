/*
 * The processes of a member that the tests start themselves, without a lab. Each one's first process
 * leads a session of its own, which all that it starts in turn (SST scripts, rsync) belong to: the session
 * stands for the container. A recorded PID may have gone to somebody else since, so a session counts only
 * if a process in it names the member's directory on its command line.
 */
import { readProcesses } from "../../src/lab/processes.js";
import type { Clock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";

/** The processes of the session that `leader` leads or led; none if it is not that of `dir`. */
export function sessionProcesses(leader: number, dir: string): readonly number[] {
  const pids = readProcesses()
    .filter(({ session, state }) => session === leader && state !== "Z")
    .map(({ pid }) => pid);
  return pids.some((pid) => commandLine(pid).some((word) => word.includes(`${dir}/`))) ? pids : [];
}

/** What PID 1 of a container leaves behind does not survive it. */
export async function endSession(leader: number, dir: string, clock: Clock): Promise<void> {
  for (;;) {
    const left = sessionProcesses(leader, dir);
    if (left.length === 0) return;
    for (const pid of left) signalProcess(pid, "SIGKILL");
    await clock.sleep(20);
  }
}
