/* Lines as those of `kubectl get pods -w`, with the time of each. Pure. */

import { type LabStatus, type MemberStatus, stateText } from "../status.js";
import { since } from "./units.js";

const columns = [10, 10, 7, 13, 0] as const;

export const podWatchHead = podLine(["   AFTER", "NAME", "READY", "STATUS", "WSREP STATE"]);

/** Gives a line for each member in which anything has changed since the look before. */
export function createPodWatch(): (status: LabStatus, afterMs: number) => readonly string[] {
  const shown = new Map<string, string>();
  return ({ members }, afterMs) =>
    members.flatMap((member) => {
      const cells = cellsOf(member);
      const text = cells.join("\t");
      if (shown.get(member.name) === text) return [];
      shown.set(member.name, text);
      return [podLine([since(afterMs), ...cells])];
    });
}

function cellsOf(member: MemberStatus): readonly string[] {
  const { name, ready, phase } = member;
  return [name, ready ? "yes" : "no", phase, stateText(member)];
}

function podLine(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padEnd(columns[index] ?? 0)).join("");
}
