/* What a campaign came to, in numbers. */
import type { FindingKind } from "./judge.js";
import type { Act } from "./plan.js";
import type { RoundResult } from "./round.js";

export interface Summary {
  readonly rounds: number;
  /** Undefined for the rounds of several campaigns, which may have run at once. */
  readonly hours: number | undefined;
  /** All servers were to be down at once, and were. */
  readonly withOutage: number;
  readonly withDns: number;
  /** Two kinds at once. */
  readonly withTwo: number;
  /** A round with two kinds counts for both. */
  readonly byKind: Readonly<Record<string, KindSummary>>;
  readonly acknowledged: number;
  readonly lost: number;
  readonly roundsWithLoss: number;
  readonly twoClusters: number;
  readonly humans: number;
  /** Rounds with a finding, by its kind. */
  readonly findings: Readonly<Partial<Record<FindingKind, number>>>;
  readonly recovery: Recovery;
  readonly steps: Steps;
  /** Of them those for a member in the middle of its initialisation, founding or SST. */
  readonly roleKills: Steps;
  readonly writesFailed: number;
  readonly conflicts: number;
  readonly compared: number;
}

export interface Steps {
  readonly planned: number;
  /** What there was nobody for, or no process. */
  readonly leftOut: number;
}

export interface Recovery {
  readonly medianMs: number | null;
  readonly worstMs: number | null;
}

export interface KindSummary {
  readonly rounds: number;
  readonly withFindings: number;
  readonly lost: number;
  readonly humans: number;
  readonly recovery: Recovery;
}

/** @param tookMs of one campaign */
export function summarise(results: readonly RoundResult[], tookMs?: number): Summary {
  const total = (count: (result: RoundResult) => number) =>
    results.reduce((sum, result) => sum + count(result), 0);
  const rounds = (is: (result: RoundResult) => boolean) => results.filter(is).length;
  const kinds = [...new Set(results.flatMap(({ plan }) => plan.kinds))].sort();
  const found = [...new Set(results.flatMap(({ findings }) => findings.map(({ kind }) => kind)))];
  return {
    rounds: results.length,
    hours: tookMs === undefined ? undefined : tookMs / 3_600_000,
    withOutage: rounds(({ plan, allDown }) => plan.outage && allDown),
    withDns: rounds(({ plan }) => plan.dns),
    withTwo: rounds(({ plan }) => plan.kinds.length > 1),
    byKind: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        summariseKind(results.filter(({ plan }) => plan.kinds.includes(kind))),
      ]),
    ),
    acknowledged: total(({ counts }) => counts.acknowledged),
    lost: total(({ lost }) => lost),
    roundsWithLoss: rounds(({ lost }) => lost > 0),
    twoClusters: rounds((result) => has(result, "two clusters")),
    humans: rounds((result) => has(result, "human needed")),
    findings: Object.fromEntries(
      found.map((kind) => [kind, rounds((result) => has(result, kind))]),
    ),
    recovery: recoveryOf(results),
    steps: {
      planned: total(({ plan }) => plan.steps.length),
      leftOut: total(({ leftOut }) => leftOut.length),
    },
    roleKills: {
      planned: total(({ plan }) => plan.steps.filter(isRoleKill).length),
      leftOut: total(({ leftOut }) => leftOut.filter(isRoleKill).length),
    },
    writesFailed: total(({ counts }) => counts.failed),
    conflicts: total(({ counts }) => counts.conflicts),
    compared: total(({ counts }) => counts.compared),
  };
}

function isRoleKill({ act }: { readonly act: Act }): boolean {
  return act.kind === "kill-role";
}

function has({ findings }: RoundResult, kind: FindingKind): boolean {
  return findings.some((finding) => finding.kind === kind);
}

function summariseKind(results: readonly RoundResult[]): KindSummary {
  return {
    rounds: results.length,
    withFindings: results.filter(({ findings }) => findings.length > 0).length,
    lost: results.reduce((sum, { lost }) => sum + lost, 0),
    humans: results.filter((result) => has(result, "human needed")).length,
    recovery: recoveryOf(results),
  };
}

function recoveryOf(results: readonly RoundResult[]): Recovery {
  const times = results
    .flatMap(({ recoveryMs }) => recoveryMs ?? [])
    .toSorted((one, other) => one - other);
  return { medianMs: times[times.length >> 1] ?? null, worstMs: times.at(-1) ?? null };
}

const doneText = ({ planned, leftOut }: Steps) => `${planned - leftOut} of ${planned}`;

const seconds = (ms: number | null) => (ms === null ? "-" : `${(ms / 1000).toFixed(1)} s`);

export function summaryText(summary: Summary): string {
  const { rounds, hours, withOutage, withDns, recovery, byKind } = summary;
  const kinds = Object.entries(byKind).map(
    ([kind, one]) =>
      `  ${kind.padEnd(36)} ${String(one.rounds).padStart(4)} rounds, back in ${seconds(one.recovery.medianMs)} (worst ${seconds(one.recovery.worstMs)}), ${one.lost} rows lost, ${one.humans} humans, ${one.withFindings} with findings`,
  );
  const rate = hours === undefined ? "" : `, ${(rounds / hours).toFixed(0)} an hour`;
  return [
    `${rounds} rounds${rate}: ${withOutage} with a full outage, ${withDns} with DNS faults, ${summary.withTwo} with two kinds of faults at once`,
    ...kinds,
    `${summary.acknowledged} writes acknowledged, ${summary.lost} lost in ${summary.roundsWithLoss} rounds; ${summary.twoClusters} rounds with two clusters; ${summary.humans} needed a human`,
    `back after the last fault in ${seconds(recovery.medianMs)} (median), ${seconds(recovery.worstMs)} (worst)`,
    `${summary.writesFailed} writes failed, ${summary.conflicts} lost against another transaction, ${summary.compared} reads compared`,
    `${doneText(summary.steps)} steps carried out, ${doneText(summary.roleKills)} kills in the middle of an initialisation, a founding or an SST`,
    `findings: ${
      Object.entries(summary.findings)
        .map(([kind, count]) => `${kind} in ${count} rounds`)
        .join(", ") || "none"
    }`,
  ].join("\n");
}
