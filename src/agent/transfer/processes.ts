import { allPids, commandLine, processStat } from "../../system/proc.js";

/**
 * The processes of the state transfers that a server has begun: its SST scripts, and all that these have
 * begun. The server reads what the script writes until the last of them has closed it (sql/wsrep_sst.cc).
 */
export function transfersOf(server: number): readonly number[] {
  const table = allPids().flatMap((pid) => processStat(pid) ?? []);
  const childrenOf = (pid: number): readonly number[] =>
    table.filter(({ parent }) => parent === pid).map((one) => one.pid);
  const withAll = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(withAll)];
  return childrenOf(server).filter(isScript).flatMap(withAll);
}

function isScript(pid: number): boolean {
  return commandLine(pid).some((word) => word.includes("wsrep_sst_"));
}
