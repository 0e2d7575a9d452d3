/* What several campaigns came to, from their reports. */
import { readFileSync } from "node:fs";
import { exitCode, Failure, messageOf } from "../../src/system/failure.js";
import type { SumArguments } from "./arguments.js";
import type { Report } from "./campaign.js";
import { type Summary, summarise } from "./summary.js";

/** @throws Failure, with the file that is no report */
export function sumOfReports({ reports, policy }: SumArguments): Summary {
  const rounds = reports.flatMap((file) => readRounds(file));
  return summarise(rounds.filter(({ plan }) => policy === undefined || plan.policy === policy));
}

function readRounds(file: string): Report["rounds"] {
  try {
    const { rounds } = JSON.parse(readFileSync(file, "utf8")) as Partial<Report>;
    if (Array.isArray(rounds)) return rounds;
  } catch (error) {
    throw new Failure(exitCode.data, `${file}: ${messageOf(error)}`);
  }
  throw new Failure(exitCode.data, `${file}: it is no report of a campaign`);
}
