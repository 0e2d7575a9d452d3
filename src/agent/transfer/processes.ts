import { readdirSync, readFileSync } from "node:fs";

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
}

/**
 * The processes of the state transfers that a server has begun: its SST scripts, and all that these have
 * begun. The server reads what the script writes until the last of them has closed it (sql/wsrep_sst.cc).
 */
export function transfersOf(server: number): readonly number[] {
  const table = readTable();
  const childrenOf = (pid: number): readonly number[] =>
    table.filter(({ parent }) => parent === pid).map((one) => one.pid);
  const withAll = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(withAll)];
  return childrenOf(server).filter(isScript).flatMap(withAll);
}

function readTable(): readonly ProcessEntry[] {
  return readdirSync("/proc").flatMap((entry) => {
    const stat = /^\d+$/.test(entry) ? readOf(entry, "stat") : "";
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return stat === "" ? [] : { pid: Number(entry), parent: Number(parent) };
  });
}

function isScript(pid: number): boolean {
  return readOf(`${pid}`, "cmdline").includes("wsrep_sst_");
}

/** Empty for one that has just ended. */
function readOf(pid: string, file: "stat" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
