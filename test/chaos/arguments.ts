import { parseArgs } from "node:util";
import type { Policy } from "../../src/lab/statefulset.js";

/** What campaigns came to, together. */
export interface SumArguments {
  /** The files of `--report`. */
  readonly reports: readonly string[];
  /** Only the rounds of these labs. */
  readonly policy: Policy | undefined;
}

export interface CampaignArguments {
  readonly seed: number;
  /** The first round, and how many. */
  readonly from: number;
  readonly rounds: number;
  readonly oldWay: boolean;
  /** The file for the report. */
  readonly report: string | undefined;
}

export const usage = `usage: scripts/chaos --rounds N --seed S [--from K] [--old-way] [--report FILE.json]
       scripts/chaos --sum [--policy OrderedReady|Parallel] FILE.json...

Random faults on a real cluster, with clients that write all the while. Needs root and network
namespaces: without partitions it is not the campaign.

  --rounds N      how many rounds
  --seed S        what happens in them follows from it
  --from K        the first one's number: --from K --rounds 1 plays round K again, in a new lab
  --old-way       without agents, and with --bootstrap sole-peer. Of the same rounds those are played
                  that are OrderedReady: with Parallel nobody is ever alone
  --report FILE   what it came to, as JSON, after every round
  --sum           what the campaigns of these reports came to together`;

/** @returns what is wrong, where it cannot be read */
export function readArguments(argv: readonly string[]): CampaignArguments | SumArguments | string {
  try {
    return argv.includes("--sum") ? readSum(argv) : readCampaign(argv);
  } catch (error) {
    return (error as Error).message;
  }
}

function readCampaign(argv: readonly string[]): CampaignArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ rounds: { type: "string" }, seed: { type: "string" }, from: { type: "string" } },
      ...{ "old-way": { type: "boolean" }, report: { type: "string" } },
    },
  });
  return {
    rounds: readCount("--rounds", values.rounds),
    seed: readCount("--seed", values.seed),
    from: readCount("--from", values.from ?? "1"),
    oldWay: values["old-way"] === true,
    report: values.report,
  };
}

function readSum(argv: readonly string[]): SumArguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { sum: { type: "boolean" }, policy: { type: "string" } },
    allowPositionals: true,
  });
  const { policy } = values;
  if (policy !== undefined && policy !== "OrderedReady" && policy !== "Parallel")
    throw new Error(`--policy: "${policy}" is neither OrderedReady nor Parallel`);
  if (positionals.length === 0) throw new Error("--sum: no report is given");
  return { reports: positionals, policy };
}

function readCount(flag: string, text: string | undefined): number {
  if (text === undefined) throw new Error(`${flag} is missing`);
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${flag}: "${text}" is not a whole number from 1 on`);
}
