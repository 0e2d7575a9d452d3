/* `scripts/chaos`: ends with 1 where anything was found. */
import { exitCode, Failure, messageOf } from "../../src/system/failure.js";
import { type CampaignArguments, readArguments, usage } from "./arguments.js";
import { runCampaign } from "./campaign.js";
import { sumOfReports } from "./sum.js";
import { type Summary, summaryText } from "./summary.js";

const say = (line: string) => void process.stdout.write(`${line}\n`);
const given = readArguments(process.argv.slice(2));
if (typeof given === "string") {
  process.stderr.write(`${given}\n${usage}\n`);
  process.exit(exitCode.usage);
}
try {
  const summary = "reports" in given ? sumOfReports(given) : await play(given);
  say(summaryText(summary));
  process.exitCode = Object.keys(summary.findings).length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCode.software;
}

async function play(campaign: CampaignArguments): Promise<Summary> {
  if (process.getuid?.() !== 0)
    throw new Failure(
      exitCode.config,
      "scripts/chaos needs root: it cuts members off from each other",
    );
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      say("ends after this round");
      stop.abort();
    });
  }
  const { summary } = await runCampaign(campaign, { say, signal: stop.signal });
  say("");
  return summary;
}
