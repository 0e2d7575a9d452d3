import { readdirSync, readFileSync } from "node:fs";

/** The processes of a group that run, without those that only wait to be reaped (proc_pid_stat(5)). */
export function living(group: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      const [state, , processGroup] = statOf(pid);
      return Number(processGroup) === group && state !== "Z";
    })
    .map(Number);
}

/** The fields behind the command's name, which is in parentheses; none for one that is gone. */
function statOf(pid: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
