import type { MemberState, Phase, Running } from "./member.js";

/** Who may found: `safe`, what configure-galera.sh did, or nobody. */
export type BootstrapMode = "safe" | "sole-peer" | "never";

/** What a look at another member came to. */
export type Contact =
  | { readonly kind: "answers"; readonly state: MemberState }
  /** No agent answers there, and Galera's port does: a member without an agent. */
  | { readonly kind: "present"; readonly what: string }
  /** Nothing is known of it; `what` says how that shows. */
  | { readonly kind: "silent"; readonly what: string };

/** A human's one-shot permission: for whom, and in which epoch. */
export interface Token {
  readonly pod: string;
  readonly epoch: number;
}

/** All that a decision rests on. */
export interface Observation {
  readonly mode: BootstrapMode;
  /** How many members the StatefulSet has, where all of them come up at once. */
  readonly replicas: number | undefined;
  readonly self: MemberState;
  /** The pods that DNS names, me among them. */
  readonly named: readonly string[];
  /** What keeps the answer of DNS from being newer than my start; undefined for a fresh one. */
  readonly stale: string | undefined;
  /** The other members that DNS or a ledger names; who is missing is silent. */
  readonly contacts: ReadonlyMap<string, Contact>;
  /** To give up data that the cluster does not have (GALERA_ALLOW_DISCARD). */
  readonly discard: Token | undefined;
}

/** The members that answered. */
export function answering(contacts: Observation["contacts"]): MemberState[] {
  return [...contacts.values()].flatMap((one) => (one.kind === "answers" ? [one.state] : []));
}

export function isPrimary(phase: Phase): phase is Running & { readonly primary: true } {
  return phase.kind === "running" && phase.primary;
}
