import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { planRound } from "./plan.js";
import type { RoundResult } from "./round.js";
import { sumOfReports } from "./sum.js";
import { summarise, summaryText } from "./summary.js";

const result = (round: number, change: Partial<RoundResult> = {}): RoundResult => ({
  ...{ plan: planRound(1, round), findings: [], recoveryMs: round * 1000, tookMs: 40_000 },
  counts: { acknowledged: 100, failed: 2, conflicts: 1, compared: 10 },
  ...{ lost: 0, leftOut: [], allDown: false, timeline: [], ...change },
});

const human = { kind: "human needed", text: "galera-1 waits" } as const;
const two = { kind: "two clusters", text: "galera-0 and galera-1" } as const;
const lost = { kind: "lost row", text: "galera-1 lacks 3" } as const;

test("sums over all rounds", () => {
  const results = [
    result(1),
    result(2, { findings: [lost, lost], lost: 3 }),
    result(3, { findings: [two] }),
    result(4, { findings: [human], recoveryMs: null }),
  ];
  const summary = summarise(results, 3_600_000 / 20);
  expect(summary).toMatchObject({
    ...{ rounds: 4, hours: 0.05, acknowledged: 400, lost: 3, roundsWithLoss: 1, humans: 1 },
    ...{
      twoClusters: 1,
      findings: { "lost row": 1, "two clusters": 1, "human needed": 1 },
      writesFailed: 8,
    },
    recovery: { medianMs: 2000, worstMs: 3000 },
  });
  const kinds = Object.values(summary.byKind);
  expect(kinds.reduce((sum, { rounds }) => sum + rounds, 0)).toBe(4 + summary.withTwo);
  expect(kinds.some(({ withFindings }) => withFindings > 0)).toBe(true);
  const text = summaryText(summary);
  expect(text).toContain("4 rounds, 80 an hour");
  expect(text).toContain(
    "400 writes acknowledged, 3 lost in 1 rounds; 1 rounds with two clusters; 1 needed a human",
  );
});

test("an outage is one in which no server has answered", () => {
  const outage = result(1, { plan: { ...planRound(1, 1), outage: true } });
  const without = result(2, { plan: { ...planRound(1, 2), outage: false } });
  const both = [outage, { ...outage, allDown: true }, { ...without, allDown: true }];
  expect(summarise(both, 1000).withOutage).toBe(1);
});

test("kills that there was nobody for are none", () => {
  const act = { kind: "kill-role", container: "all" } as const;
  const when = { kind: "role", role: "donor", thenMs: 0, withinMs: 1000 } as const;
  const outage = { when: { kind: "after", ms: 0 }, act: { kind: "outage" } } as const;
  const plan = { ...planRound(1, 2), steps: [outage, { when, act }] };
  const results = [
    result(2, { plan }),
    result(2, { plan, leftOut: [{ act, why: "nobody was donor" }] }),
    result(2, { plan, leftOut: [{ act: outage.act, why: "nobody runs" }] }),
  ];
  const { steps, roleKills } = summarise(results, 1000);
  expect(steps).toEqual({ planned: 6, leftOut: 2 });
  expect(roleKills).toEqual({ planned: 3, leftOut: 1 });
});

test("no round has come back", () => {
  const { recovery } = summarise([result(1, { recoveryMs: null })], 1000);
  expect(recovery).toEqual({ medianMs: null, worstMs: null });
});

describe("several reports", () => {
  const directory = () => {
    const dir = mkdtempSync(join(tmpdir(), "chaos-reports-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  };

  test("are summed, of all rounds or those of one kind of lab", () => {
    const dir = directory();
    const report = (name: string, rounds: readonly RoundResult[]) => {
      writeFileSync(join(dir, name), JSON.stringify({ rounds }));
      return join(dir, name);
    };
    const first = result(1, { lost: 2, findings: [lost] });
    const other = result(11, { lost: 5, findings: [lost] });
    expect(first.plan.policy).not.toBe(other.plan.policy);
    const reports = [report("one.json", [first, result(2)]), report("two.json", [other])];
    const all = sumOfReports({ reports, policy: undefined });
    expect(all).toMatchObject({ rounds: 3, lost: 7, roundsWithLoss: 2, acknowledged: 300 });
    expect(summaryText(all)).toMatch(/^3 rounds: /);
    const { policy } = other.plan;
    expect(sumOfReports({ reports, policy })).toMatchObject({ rounds: 1, lost: 5 });
  });

  test.each([
    ["no JSON", "{", /^.*file: .*JSON/],
    ["no report", "{}", /^.*file: it is no report of a campaign$/],
    ["no file", undefined, /^.*file: ENOENT/],
  ])("%s", (_, text, what) => {
    const file = join(directory(), "file");
    if (text !== undefined) writeFileSync(file, text);
    expect(() => sumOfReports({ reports: [file], policy: undefined })).toThrow(what);
  });
});
