import { parseArgs } from "node:util";

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

Random faults on a real cluster, with clients that write all the while. Needs root and network
namespaces: without partitions it is not the campaign.

  --rounds N      how many rounds
  --seed S        what happens in them follows from it
  --from K        the first one's number: --from K --rounds 1 plays round K again, in a new lab
  --old-way       without agents, and with --bootstrap sole-peer. Of the same rounds those are played
                  that are OrderedReady: with Parallel nobody is ever alone
  --report FILE   what it came to, as JSON, after every round`;

/** @returns what is wrong, where it cannot be read */
export function readArguments(argv: readonly string[]): CampaignArguments | string {
  try {
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
  } catch (error) {
    return (error as Error).message;
  }
}

function readCount(flag: string, text: string | undefined): number {
  if (text === undefined) throw new Error(`${flag} is missing`);
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${flag}: "${text}" is not a whole number from 1 on`);
}
