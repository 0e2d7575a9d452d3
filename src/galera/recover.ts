import { exitCode, Failure } from "../system/failure.js";
import { lastWords } from "../system/last-words.js";
import type { RunProcess } from "../system/processes.js";

/**
 * Finds the position of a datadir whose server crashed, by `mariadbd --wsrep-recover`
 * (sql/wsrep_mysqld.cc). Without it, members killed at once re-form a cluster with different rows.
 *
 * @param serverArgs the server's arguments, so that the same datadir and settings are used
 * @returns what `--wsrep_start_position` takes: `uuid:seqno`, with GTIDs behind it in GTID mode
 * @throws Failure 70 with the end of the server's output
 */
export async function recoverPosition(
  server: string,
  serverArgs: readonly string[],
  runProcess: RunProcess,
  signal: AbortSignal,
): Promise<string> {
  const args = [...serverArgs, "--wsrep-recover", "--disable-log-error", "--skip-networking"];
  const end = await runProcess(server, args, { input: "", output: "keep", signal });
  signal.throwIfAborted();
  const position = recoveredPosition(end.output);
  if (end.exitCode === 0 && position !== undefined) return position;
  throw new Failure(
    exitCode.software,
    `${server} --wsrep-recover gave no position (${end.exitCode}): ${lastWords(end)}`,
  );
}

/** The position in the server's output; undefined if it printed none. */
export function recoveredPosition(output: string): string | undefined {
  const pattern =
    /WSREP: Recovered position:\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:-?\d+\S*)/gi;
  return [...output.matchAll(pattern)].at(-1)?.[1];
}
