/*
 * What a lab can be told to do, as data: a command line gives one, an experiment or a campaign a list
 * that can be told again.
 */
import type { Faults } from "./fake-dns/faults.js";
import type { ContainerName } from "./pod.js";

/** Members by their ordinals. */
export type Ordinals = readonly number[];

export type Order =
  /**
   * To the first process of a container, or with `all` to every process of the pod, as a node that
   * loses its power does. All members get it at once.
   */
  | {
      readonly kind: "kill";
      readonly members: Ordinals;
      readonly container: ContainerName | "all";
      readonly signal: NodeJS.Signals;
    }
  /** preStop, SIGTERM, SIGKILL after the grace period; the StatefulSet creates them anew. */
  | {
      readonly kind: "delete";
      readonly members: Ordinals;
      /** Their disks go with them. */
      readonly wipe: boolean;
      /** The lab's, if left out; 0 is SIGKILL at once, without preStop. */
      readonly graceMs?: number;
    }
  /** Deletes them, and no node takes their pods until `start`. */
  | { readonly kind: "stop" | "start"; readonly members: Ordinals }
  /** SIGSTOP and SIGCONT to every process of the pods. */
  | { readonly kind: "pause" | "resume"; readonly members: Ordinals }
  /** Nobody reaches members of another side; those that are in none are a side as well. */
  | {
      readonly kind: "partition";
      readonly sides: readonly Ordinals[];
      /** The named ones reach neither DNS nor clients, as on a node that is cut off. */
      readonly node: boolean;
    }
  | { readonly kind: "heal" }
  /** These faults and no others, on top of the lab's lag. */
  | { readonly kind: "dns"; readonly faults: Partial<Faults> }
  /** SIGKILL, and a pod with an empty disk in its place. */
  | { readonly kind: "disk-loss"; readonly members: Ordinals }
  | { readonly kind: "scale"; readonly replicas: number }
  /** All members lose their power at once. */
  | { readonly kind: "outage" };

/** The members that an order names. */
export function namedIn(order: Order): Ordinals {
  switch (order.kind) {
    case "partition":
      return order.sides.flat();
    case "heal":
    case "dns":
    case "scale":
    case "outage":
      return [];
    default:
      return order.members;
  }
}
