/*
 * The short way of `galera-peers probe <probe>` with its settings from the environment: a file of its
 * own, without the command line's parser and whatever a start needs.
 */
import { askHealth } from "./agent/http/probe.js";
import { type Program, probeAsked } from "./entrypoint.js";
import { readSettings } from "./settings.js";
import { exitCode, Failure } from "./system/failure.js";
import { writeLine } from "./system/log.js";

/** As `main` of main.ts, for what `probeAsked` knows. */
export async function main(
  program: Program,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { POD_IP, GALERA_AGENT_PORT } = env;
  try {
    const probe = probeAsked(program, argv);
    if (probe === undefined) throw new Failure(exitCode.usage, "probe startup|liveness|readiness");
    const settings = readSettings({}, { POD_IP, GALERA_AGENT_PORT });
    const { signal } = new AbortController(); // a signal ends it by itself
    writeLine(1)(await askHealth(probe, settings, signal));
    return 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const line of error.message.split("\n")) writeLine(2)(`${program}: ${line}`);
    return error.exitCode;
  }
}
