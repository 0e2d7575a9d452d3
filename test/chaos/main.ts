/* `scripts/chaos`: ends with 1 where anything was found. */
import { exitCode, Failure, messageOf } from "../../src/system/failure.js";
import { readArguments, usage } from "./arguments.js";
import { runCampaign } from "./campaign.js";
import { summaryText } from "./summary.js";

const say = (line: string) => void process.stdout.write(`${line}\n`);
const given = readArguments(process.argv.slice(2));
if (typeof given === "string") {
  process.stderr.write(`${given}\n${usage}\n`);
  process.exit(exitCode.usage);
}
if (process.getuid?.() !== 0) {
  process.stderr.write("scripts/chaos needs root: it cuts members off from each other\n");
  process.exit(exitCode.config);
}
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    say("ends after this round");
    stop.abort();
  });
}
try {
  const { summary } = await runCampaign(given, { say, signal: stop.signal });
  say("");
  say(summaryText(summary));
  process.exitCode = Object.keys(summary.findings).length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`the campaign cannot go on: ${messageOf(error)}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : exitCode.software;
}
