import type { Faults } from "./faults.js";
import { type Member, type ServiceIdentity, sameMembers, type Zone } from "./zone.js";

/**
 * All that the server knows, with the moments at which changes show: an answer is computed from it
 * and the time, so lag and staleness need no timers. Times are the clock's milliseconds.
 */
export interface State {
  readonly identity: ServiceIdentity;
  /** Oldest first, at least one; the last is what was set last, perhaps not visible yet. */
  readonly versions: readonly [Version, ...Version[]];
  readonly faults: Faults;
  /** What stale answers hold on to; only while `faults.stale`. */
  readonly frozen: Version | undefined;
}

interface Version {
  readonly visibleAtMs: number;
  readonly members: readonly Member[];
  readonly serial: number;
}

/** The first members are there from the beginning, whatever the lag. */
export function initialState(
  identity: ServiceIdentity,
  members: readonly Member[],
  faults: Faults,
): State {
  const first = { visibleAtMs: Number.NEGATIVE_INFINITY, members, serial: 1 };
  return { identity, versions: [first], faults, frozen: faults.stale ? first : undefined };
}

/** What answers show at `nowMs`. */
export function visibleZone(state: State, nowMs: number): Zone {
  const { members, serial } = state.frozen ?? visibleVersion(state, nowMs);
  return { ...state.identity, members, serial };
}

/** The members that were set last, visible or not. */
export function latestMembers({ versions }: State): readonly Member[] {
  return (versions.at(-1) ?? versions[0]).members;
}

/** Sets the members; the same state if they are what they were. */
export function withMembers(state: State, members: readonly Member[], nowMs: number): State {
  if (sameMembers(latestMembers(state), members)) return state;
  const visibleAtMs = nowMs + state.faults.lagMs;
  const visible = visibleVersion(state, nowMs);
  const serial = 1 + Math.max(...state.versions.map((version) => version.serial));
  // What would have shown at or after the new version is overtaken by it (the lag was shortened).
  const pending = state.versions.filter(
    (version) => version.visibleAtMs > visible.visibleAtMs && version.visibleAtMs < visibleAtMs,
  );
  return { ...state, versions: [visible, ...pending, { visibleAtMs, members, serial }] };
}

export function withFaults(state: State, faults: Faults, nowMs: number): State {
  const frozen = faults.stale ? (state.frozen ?? visibleVersion(state, nowMs)) : undefined;
  return { ...state, faults, frozen };
}

export function withIdentity(state: State, identity: ServiceIdentity): State {
  return { ...state, identity };
}

function visibleVersion({ versions }: State, nowMs: number): Version {
  return versions.findLast((version) => version.visibleAtMs <= nowMs) ?? versions[0];
}
