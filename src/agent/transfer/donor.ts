/*
 * Which of the other members is the donor. Pure.
 */
import type { Neighbour } from "../drain/leave-turn.js";

/** What the others know of the SST that comes from one of them. */
export interface Donor {
  /** Undefined where nobody says to be it, or several do. */
  readonly name: string | undefined;
  /** What it has; of several the most, for members have about the same. */
  readonly totalBytes: number | undefined;
}

export function donorAmong(neighbours: ReadonlyMap<string, Neighbour>): Donor {
  const donors = [...neighbours].flatMap(([name, one]) => {
    const transfer = one.kind === "answers" ? one.report.transfer : undefined;
    return transfer?.role === "donor" ? [{ name, totalBytes: transfer.totalBytes }] : [];
  });
  const totals = donors.flatMap(({ totalBytes }) => totalBytes ?? []);
  return {
    name: donors.length === 1 ? donors[0]?.name : undefined,
    totalBytes: totals.length === 0 ? undefined : Math.max(...totals),
  };
}
