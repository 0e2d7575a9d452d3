/* What runs in the lab's containers: who has which role, and what should not be there any more. */
import { basename } from "node:path";
import type { Lab } from "../../src/lab/options.js";
import { markOf, podName } from "../../src/lab/pod.js";
import { type ProcessEntry, processesOf, readProcesses } from "../../src/lab/processes.js";
import type { LabStatus } from "../../src/lab/status.js";
import { commandLine } from "../../src/system/proc.js";
import type { Role } from "./plan.js";

/** The role that a command line tells of its member. */
export function roleOf(words: readonly string[]): Role | undefined {
  const line = words.join(" ");
  if (/wsrep_sst_\w+ .*--role '?joiner/.test(line)) return "joiner";
  // With --bypass nothing is copied: an IST follows.
  if (/wsrep_sst_\w+ .*--role '?donor/.test(line))
    return /--bypass/.test(line) ? undefined : "donor";
  if (/mariadb-install-db/.test(line)) return "initialising";
  const isServer = basename(words[0] ?? "") === "mariadbd";
  return isServer && words.includes("--wsrep-new-cluster") ? "founder" : undefined;
}

export interface RoleHolder {
  readonly pid: number;
  readonly role: Role;
  readonly ordinal: number;
}

/** Of these members, all processes that tell a role. */
export function readRoles(lab: Lab, ordinals: readonly number[]): readonly RoleHolder[] {
  const table = readProcesses();
  return ordinals.flatMap((ordinal) =>
    processesOf([markOf(lab, podName(ordinal), "mariadb")], table).flatMap(({ pid }) => {
      const role = roleOf(commandLine(pid));
      return role === undefined ? [] : [{ pid, role, ordinal }];
    }),
  );
}

/**
 * Processes with the lab's mark that no container and no network of a pod accounts for.
 *
 * @param wordsOf a process's command line
 */
export function leftoversOf(
  lab: Lab,
  { members }: Pick<LabStatus, "members">,
  table: readonly ProcessEntry[],
  wordsOf: (pid: number) => readonly string[] = commandLine,
): readonly ProcessEntry[] {
  const pids = new Set(members.flatMap(({ pid, agent }) => [pid, agent?.pid]));
  const networks = markOf(lab, "network", "");
  const holders = members.filter(({ address }) => address !== null).length;
  const marked = processesOf([lab.dir], table);
  const held = marked.filter(({ mark }) => mark?.startsWith(networks));
  // A `run` whose sidecar was not there has left one behind, which ends with its server.
  const isOwnAgent = ({ pid, parent }: ProcessEntry) =>
    pids.has(parent) && isAgentOf(parent, wordsOf(pid));
  const others = marked.filter(
    (one) => !pids.has(one.pid) && !one.mark?.startsWith(networks) && !isOwnAgent(one),
  );
  const names = new Set(held.map(({ mark }) => mark));
  // One for each pod, and the bridge; a network whose pod is gone would be one more.
  return names.size > holders + 1 ? [...others, ...held] : others;
}

function isAgentOf(parent: number, words: readonly string[]): boolean {
  const at = words.indexOf("--parent");
  return words.includes("agent") && at >= 0 && words[at + 1] === String(parent);
}

export function leftoverTexts(lab: Lab, status: LabStatus): readonly string[] {
  return leftoversOf(lab, status, readProcesses()).map(
    ({ pid, mark }) =>
      `${mark?.slice(lab.dir.length + 1)}: ${commandLine(pid).join(" ").trim().slice(0, 120)}`,
  );
}
