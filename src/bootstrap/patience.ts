/*
 * A decision that is made is not always carried out at once: what the others said may be about to
 * change, and Galera takes members in one after the other.
 */
import type { Clock } from "../system/clock.js";
import type { Decision } from "./decide.js";
import type { MemberState } from "./member.js";
import { answering, isPrimary, type Observation } from "./observation.js";
import { byOrdinal } from "./standing.js";

/** A hold that rests on what others said has to last so long: they may be about to change. */
const holdAfterMs = 5000;
/**
 * A component that still counts me in has not noticed that my server ended (evs.suspect_timeout, 5 s,
 * at most evs.inactive_timeout, 15 s), and may not be primary once it does: a join that then finds
 * no primary component gives up only after 30 s.
 */
const noticedMs = 20_000;
/**
 * Galera lets members in one at a time: of two that come in the same second, the second one waits
 * for about six. So a member waits for those before it, but not longer than this.
 */
const turnMs = 5000;

export interface Patience {
  /** The decision, or the wait that comes before it. */
  wait(decision: Decision, observation: Observation): Decision;
  /** Another start begins. */
  renew(): void;
}

/** Holds decisions back, as long as these rules say. */
export function createPatience(clock: Clock): Patience {
  let countedMs: number | undefined;
  let turn = { names: "", sinceMs: 0 };
  let held: { readonly about: string; readonly why: string; readonly sinceMs: number } | undefined;

  /** What others said may have just changed: a hold has to last. */
  const steady = (decision: Decision): Decision => {
    if (decision.action !== "hold" || decision.own) {
      held = undefined;
      return decision;
    }
    const nowMs = clock.now();
    const { why, about = why } = decision;
    if (held?.about !== about) held = { about, why, sinceMs: nowMs };
    if (nowMs - held.sinceMs >= holdAfterMs) return { action: "hold", why: held.why };
    return { action: "wait", why: `a human, unless this changes: ${held.why}` };
  };

  /** Joins a component that knows that I have left it. */
  const asNewcomer = (decision: Decision, { contacts, self }: Observation): Decision => {
    const isCounted = decision.action === "join" && stillCounts(self, contacts);
    const nowMs = clock.now();
    if (!isCounted) countedMs = undefined;
    else countedMs ??= nowMs;
    if (countedMs === undefined || nowMs - countedMs >= noticedMs) return decision;
    return { action: "wait", why: "the primary component to notice that my server has ended" };
  };

  /** Joins after those before me, so that each of us is let in at once. */
  const inTurn = (decision: Decision, { contacts, self }: Observation): Decision => {
    const before = decision.action === "join" ? comingBefore(self, contacts) : [];
    const names = before.join(", ");
    const nowMs = clock.now();
    if (turn.names !== names) turn = { names, sinceMs: nowMs };
    if (before.length === 0 || nowMs - turn.sinceMs >= turnMs) return decision;
    return { action: "wait", why: `${names} to be let into the cluster first` };
  };

  return {
    wait: (decision, observation) => inTurn(asNewcomer(steady(decision), observation), observation),
    renew: () => {
      held = undefined;
      countedMs = undefined;
    },
  };
}

/** Whether every primary component that answers has me as a member. */
function stillCounts(self: MemberState, contacts: Observation["contacts"]): boolean {
  const views = answering(contacts).flatMap(({ phase }) => (isPrimary(phase) ? [phase.view] : []));
  return views.length > 0 && views.every(({ members }) => members.includes(self.name));
}

/** The members with a lower ordinal that are about to join, and not in the group yet. */
function comingBefore(self: MemberState, contacts: Observation["contacts"]): string[] {
  const states = answering(contacts);
  const inside = new Set(
    states.flatMap(({ phase }) => (isPrimary(phase) ? phase.view.members : [])),
  );
  if (inside.size === 0) return []; // of a primary component, Galera alone knows
  return states
    .filter(({ phase }) => phase.kind === "waiting" || phase.kind === "joining")
    .filter((other) => !inside.has(other.name) && byOrdinal(other, self) < 0)
    .map(({ name }) => name);
}
