/* Round after round, each era in a lab of its own, and another one after every finding. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../../src/system/clock.js";
import { exitCode, Failure, messageOf } from "../../src/system/failure.js";
import type { CampaignArguments } from "./arguments.js";
import { awaitWhole, endEra, fillEra, keepLogs, type RunningEra, startEra } from "./era.js";
import { planRound, type RoundPlan } from "./plan.js";
import { actText, planText } from "./plan-text.js";
import { playRound, type RoundResult } from "./round.js";
import { type Summary, summarise } from "./summary.js";

export interface Report {
  readonly arguments: CampaignArguments;
  readonly summary: Summary;
  readonly rounds: readonly RoundResult[];
}

export interface CampaignPorts {
  readonly say: (line: string) => void;
  /** Ends it after the round that is under way. */
  readonly signal: AbortSignal;
}

/** For all members to be back. */
const limitMs = 180_000;
/** For a first start without faults. */
const startMs = 120_000;

export async function runCampaign(
  given: CampaignArguments,
  { say, signal }: CampaignPorts,
): Promise<Report> {
  const parent = mkdtempSync(join(tmpdir(), "chaos-"));
  chmodSync(parent, 0o755);
  const begunMs = clock.now();
  const results: RoundResult[] = [];
  let era: RunningEra | undefined;
  let eras = 0;
  let findings = 0;

  const report = (): Report => ({
    arguments: given,
    summary: summarise(results, clock.now() - begunMs),
    rounds: results,
  });
  const save = () => {
    if (given.report === undefined) return;
    try {
      writeFileSync(given.report, `${JSON.stringify(report(), null, 1)}\n`);
    } catch (error) {
      throw new Failure(exitCode.config, `--report: it cannot be written: ${messageOf(error)}`);
    }
  };
  const endLab = async () => {
    const own = era;
    era = undefined;
    if (own !== undefined) await endEra(own);
  };
  /** The lab that a round is played in. */
  const labFor = async (plan: RoundPlan): Promise<RunningEra> => {
    if (era !== undefined && !plan.newCluster) return era;
    await endLab();
    eras += 1;
    const { policy, failover } = plan;
    era = await startEra({ parent, number: eras, policy, failover, oldWay: given.oldWay });
    if (plan.newCluster) return era;
    if ((await awaitWhole(era, startMs)) === undefined)
      throw new Error(`no cluster within ${startMs} ms`);
    await fillEra(era);
    era.uuid = era.watcher.latest()?.views[0]?.uuid;
    return era;
  };
  const play = async (plan: RoundPlan): Promise<RoundResult> =>
    playRound(await labFor(plan), plan, limitMs);
  const tellFinding = (result: RoundResult) => {
    const { round } = result.plan;
    const logs = join(parent, `round-${round}`);
    mkdirSync(logs, { recursive: true });
    if (era !== undefined) keepLogs(era, logs);
    writeFileSync(join(logs, "timeline"), `${result.timeline.join("\n")}\n`);
    for (const { kind, text } of result.findings) say(`  FOUND ${kind}: ${text}`);
    for (const line of result.timeline) say(`    ${line}`);
    const old = given.oldWay ? " --old-way" : "";
    say(`  again: scripts/chaos --seed ${given.seed} --from ${round} --rounds 1${old}`);
    say(`  logs: ${logs}`);
  };

  try {
    save(); // a file that cannot be written is better known now
    say(`its labs are in ${parent}`);
    for (let round = given.from; round < given.from + given.rounds; round += 1) {
      if (signal.aborted) break;
      const plan = planRound(given.seed, round);
      // Of several that start at once nobody is a sole peer: with Parallel the old way has no cluster.
      if (given.oldWay && plan.policy === "Parallel") continue;
      say(planText(plan));
      const result = await play(plan).catch((error) => brokenOff(plan, error));
      results.push(result);
      say(resultText(result));
      if (result.findings.length > 0) {
        findings += 1;
        tellFinding(result);
        await endLab();
      }
      save();
    }
  } finally {
    await endLab();
    if (findings === 0) rmSync(parent, { recursive: true, force: true });
  }
  return report();
}

/** A fault of the campaign itself, or of the lab. */
function brokenOff(plan: RoundPlan, error: unknown): RoundResult {
  if (error instanceof Failure && error.exitCode === exitCode.config) throw error; // no lab can be here
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    ...{ plan, findings: [{ kind: "campaign", text }], recoveryMs: null, tookMs: 0, lost: 0 },
    ...{ counts: { acknowledged: 0, failed: 0, conflicts: 0, compared: 0 } },
    ...{ leftOut: [], allDown: false, timeline: [] },
  };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function resultText(result: RoundResult): string {
  const { findings, recoveryMs, tookMs, counts, lost, leftOut } = result;
  const missing = leftOut.map(({ act, why }) => `${actText(act)}: ${why}`);
  const without = missing.length === 0 ? "" : `; left out: ${missing.join("; ")}`;
  const back = recoveryMs === null ? "not back" : `back in ${seconds(recoveryMs)}`;
  const what = findings.length === 0 ? "ok" : findings.map(({ kind }) => kind).join(", ");
  return `  ${what}: ${back}, ${counts.acknowledged} writes acknowledged, ${counts.failed} failed, ${lost} lost (${seconds(tookMs)})${without}`;
}
