/*
 * What a member's data are worth where a founder is looked for, and who comes first.
 */
import { ordinalOf } from "../peers/identity.js";
import { describeEvidence, isData } from "./evidence.js";
import type { MemberState } from "./member.js";
import { shortPosition } from "./words.js";

/** What is known of a member's data. */
export type Standing =
  | { readonly kind: "data"; readonly uuid: string; readonly seqno: bigint; readonly safe: boolean }
  /** It may be half of an SST, or its server could not be asked. */
  | { readonly kind: "doubtful" }
  | { readonly kind: "none" };

/** A member that has to be asked. */
export interface Voter {
  readonly state: MemberState;
  readonly standing: Standing;
}

export function standingOf({ phase, evidence, ledger }: MemberState): Standing {
  if (phase.kind === "running") {
    const uuid = ledger?.uuid;
    return uuid === undefined || phase.seqno === undefined
      ? { kind: "doubtful" }
      : { kind: "data", uuid, seqno: phase.seqno, safe: false };
  }
  switch (evidence?.kind) {
    case "position":
      return evidence.certain
        ? { ...evidence, kind: "data", safe: evidence.safeToBootstrap }
        : { kind: "doubtful" };
    case "interrupted":
      return { kind: evidence.by === "sst" ? "doubtful" : "none" };
    case "unclustered":
    case "unrecovered":
      return { kind: "doubtful" };
    case "initialised":
    case "empty":
    case undefined:
      return { kind: "none" };
    default:
      return evidence satisfies never;
  }
}

/** The higher position first, then who runs, then safe_to_bootstrap, then the lower ordinal. */
export function byRank(one: Voter, other: Voter): number {
  return compare(rank(other), rank(one)) || byOrdinal(one.state, other.state);
}

/** The lower ordinal first. */
export function byOrdinal(one: MemberState, other: MemberState): number {
  return (ordinalOf(one.name) ?? 0) - (ordinalOf(other.name) ?? 0);
}

function rank({ state, standing }: Voter): readonly bigint[] {
  if (standing.kind !== "data") return [standing.kind === "none" ? 1n : 0n];
  return [2n, standing.seqno, state.phase.kind === "running" ? 1n : 0n, standing.safe ? 1n : 0n];
}

function compare(one: readonly bigint[], other: readonly bigint[]): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? 0n;
    if (value !== against) return value < against ? -1 : 1;
  }
  return 0;
}

/** `galera-0 has 8b1f…:41`. */
export function describeMember({ name, phase, evidence, ledger }: MemberState): string {
  if (phase.kind === "running") {
    if (phase.seqno === undefined) return `${name} runs, its position cannot be asked for`;
    return `${name} runs at ${shortPosition({ uuid: ledger?.uuid ?? "?", seqno: phase.seqno })}`;
  }
  if (evidence === undefined || phase.kind === "idle") return `${name} has not been started`;
  return isData(evidence)
    ? `${name} has ${shortPosition(evidence)}${evidence.certain ? "" : " (perhaps half of an SST)"}`
    : `${name}: ${describeEvidence(evidence)}`;
}
