/*
 * Whose turn it is to leave. Pure.
 *
 * Members leave one at a time, the highest ordinal first. Who sees nobody in its way shows that it is
 * `leaving`, looks at everybody once more, and goes only if nobody else shows the same: of two that
 * do so at least one sees the other. It shows that until its server has left the component, so that
 * nobody else goes before.
 */
import type { MemberState } from "../../bootstrap/member.js";
import { isPrimary } from "../../bootstrap/observation.js";
import { byOrdinal } from "../../bootstrap/standing.js";
import type { DrainStage, Report } from "../report.js";

/** What is known of another member of the component. */
export type Neighbour =
  | { readonly kind: "answers"; readonly report: Report }
  /** Its agent says nothing, for so many looks by now, and Galera's port is open. */
  | { readonly kind: "mute"; readonly looks: number }
  /** Neither its server answers nor Galera's port, whatever its agent says. */
  | { readonly kind: "gone" };

export interface LeaveView {
  readonly self: Report;
  /** The other members of my server's component, by name. */
  readonly others: ReadonlyMap<string, Neighbour>;
}

export type Turn =
  | { readonly kind: "go"; readonly why: string }
  /** Nothing is in the way: that is to be shown to the others, who are then looked at once more. */
  | { readonly kind: "mark" }
  /** `stage`: what the others are shown meanwhile. */
  | { readonly kind: "wait"; readonly what: string; readonly stage: DrainStage };

/** An agent may be slow, or begin anew; after so many looks it is taken for none. */
const muteLooks = 3;

/**
 * Whether a member goes now, and if not, what it waits for.
 *
 * @param stage what the others have been shown since before this look
 */
export function turnOf(view: LeaveView, stage: DrainStage): Turn {
  const { self, others } = view;
  const { phase } = self.state;
  if (phase.kind !== "running") return { kind: "go", why: "my server is not in the cluster" };
  if (!phase.primary) return { kind: "go", why: "my server's component is not primary" };
  if (others.size === 0) return { kind: "go", why: "my server is alone in the cluster" };
  const what = unsettled(others) ?? transferring(view);
  if (what !== undefined) return { kind: "wait", what, stage: "waiting" };

  const draining = answering(others).filter((one) => one.draining !== undefined);
  const before = draining.find((one) => goesBefore(one.state, self.state));
  if (before !== undefined) return { kind: "wait", what: toLeave(before), stage: "waiting" };
  // Whoever comes after me steps back, unless it had its turn already: then I go next.
  const leaving = draining.find((one) => one.draining === "leaving");
  if (leaving !== undefined) return { kind: "wait", what: toLeave(leaving), stage };
  return stage === "leaving" ? { kind: "go", why: "it is my turn" } : { kind: "mark" };
}

/** Of any two members, exactly one. */
function goesBefore(one: MemberState, other: MemberState): boolean {
  return (byOrdinal(other, one) || (one.name > other.name ? -1 : 1)) < 0;
}

function toLeave({ state }: Report): string {
  return `${state.name} to leave first`;
}

/** Galera counts in a member that is not there: if I left now, the others could lose their quorum. */
function unsettled(others: LeaveView["others"]): string | undefined {
  for (const [name, neighbour] of others) {
    const what = unsettledBy(name, neighbour);
    if (what !== undefined) return what;
  }
  return undefined;
}

function unsettledBy(name: string, neighbour: Neighbour): string | undefined {
  switch (neighbour.kind) {
    case "gone":
      return `the cluster to notice that ${name} has ended`;
    case "mute":
      return neighbour.looks < muteLooks ? `the agent of ${name} to answer` : undefined;
    case "answers":
      if (isInside(neighbour.report)) return undefined;
      return `the cluster to notice that ${name} is not in it any more`;
    default:
      return neighbour satisfies never;
  }
}

/**
 * Galera counts in a joiner from its first message on, which itself knows of no primary component
 * until it has its data, and answers no SQL.
 */
function isInside({ state: { phase }, server }: Report): boolean {
  if (isPrimary(phase) || phase.kind === "joining") return true;
  return phase.kind === "running" && server === undefined;
}

/**
 * A member that receives its data would have to begin anew, or would be left with half of them: its
 * donor has the last write-sets to send after it is a donor no more.
 */
function transferring({ self, others }: LeaveView): string | undefined {
  if (isDonor(self)) return "the state transfer that my server gives";
  if (!hasAllData(self)) return undefined;
  const receiving = answering(others).find((one) => !hasAllData(one));
  return receiving && `${receiving.state.name} to have all data`;
}

/** As the server told: one that is desynced by hand, or locked by a backup, only looks like it. */
function isDonor({ state: { phase } }: Report): boolean {
  return phase.kind === "running" && phase.status === "donor";
}

function hasAllData({ state: { phase } }: Report): boolean {
  return phase.kind === "running" && ["synced", "donor"].includes(phase.status);
}

function answering(others: LeaveView["others"]): Report[] {
  return [...others.values()].flatMap((one) => (one.kind === "answers" ? [one.report] : []));
}
