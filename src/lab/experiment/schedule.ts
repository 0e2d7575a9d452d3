/* What happens to the members while clients go on, and when. */
import type { Order } from "../orders.js";

export interface Happening {
  /** Since the clients' beginning; later where not all members are back by then. */
  readonly atMs: number;
  readonly what: string;
  readonly order: Order;
}

/** From the last thing to the end. */
export const afterMs = 20_000;

/** @param cuts whether members can be cut off here */
export function availabilitySchedule(cuts: boolean): readonly Happening[] {
  const deletion: Order = { kind: "delete", members: [0], wipe: false };
  const kill: Order = { kind: "kill", members: [1], container: "all", signal: "SIGKILL" };
  const cut: Order = { kind: "partition", sides: [[2]], node: true };
  const always = [
    { atMs: 5000, what: "galera-0 is deleted", order: deletion },
    { atMs: 25_000, what: "galera-1 is killed", order: kill },
  ];
  if (!cuts) return always;
  return [
    ...always,
    { atMs: 45_000, what: "galera-2 is cut off", order: cut },
    { atMs: 65_000, what: "the cut is over", order: { kind: "heal" } },
  ];
}
