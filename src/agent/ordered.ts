import type { Verdict } from "../bootstrap/participant.js";
import type { Target } from "../dns/service.js";

/** What a start that waits is to do. */
export interface Ordered {
  readonly action: "found" | "join" | "wait" | "hold";
  readonly why: string;
  /** What a human can do about a wait that does not end. */
  readonly hint?: string;
  /** What DNS names; undefined until it names this member. */
  readonly targets: readonly Target[] | undefined;
  /** The join gives up what this member has. */
  readonly discard: boolean;
  /** False where the agent knows of no start that waits. */
  readonly asked: boolean;
}

/** A wait of a start that nobody could be asked about. */
export function waitFor(why: string): Ordered {
  return { action: "wait", why, targets: undefined, discard: false, asked: true };
}

/** What a verdict means to the start that it was made for. */
export function order(verdict: Verdict | undefined): Ordered {
  if (verdict === undefined) {
    return waitFor("the first look at DNS and the other members");
  }
  const { decision, peers } = verdict;
  const { why } = decision;
  const targets = peers?.peers.map(({ ordinal: _, ...target }) => target);
  switch (decision.action) {
    case "wait": {
      const hint = decision.hint === undefined ? {} : { hint: decision.hint };
      return { action: "wait", why, ...hint, targets, discard: false, asked: true };
    }
    case "found":
    case "hold":
      return { action: decision.action, why, targets, discard: false, asked: true };
    case "join":
      return { action: "join", why, targets, discard: decision.discard !== undefined, asked: true };
    case "bootstrap":
    case "rest":
      return { action: "wait", why, targets, discard: false, asked: true };
    default:
      return decision satisfies never;
  }
}
