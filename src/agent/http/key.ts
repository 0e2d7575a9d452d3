import { exitCode, Failure, messageOf } from "../../system/failure.js";
import { readAtMost } from "../../system/files.js";

/** Shorter ones can be guessed. */
const shortestKey = 16;
/** A key has no need of more. */
const longestFileBytes = 65_536;

/**
 * The key that the members share, from `GALERA_AGENT_KEY` or the file that `GALERA_AGENT_KEY_FILE`
 * names; never from an argument. Undefined where neither is set.
 *
 * @throws Failure 78 for a key that cannot be one; it is not in the message
 */
export function readAgentKey(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { GALERA_AGENT_KEY: given, GALERA_AGENT_KEY_FILE: file } = env;
  if (given && file) {
    throw new Failure(
      exitCode.config,
      "GALERA_AGENT_KEY and GALERA_AGENT_KEY_FILE are both set: set one",
    );
  }
  const source = file ? "GALERA_AGENT_KEY_FILE" : "GALERA_AGENT_KEY";
  const key = file ? readKeyFile(file) : given?.trim();
  if (!file && !given) return undefined;
  if (key !== undefined && key.length >= shortestKey) return key;
  throw new Failure(exitCode.config, `${source}: a key has at least ${shortestKey} characters`);
}

function readKeyFile(path: string): string {
  let bytes: Buffer | undefined;
  try {
    bytes = readAtMost(path, longestFileBytes);
  } catch (error) {
    throw new Failure(exitCode.config, `GALERA_AGENT_KEY_FILE: ${messageOf(error)}`);
  }
  if (bytes !== undefined) return bytes.toString("utf8").trim();
  const what = `${path} is longer than ${longestFileBytes} bytes`;
  throw new Failure(exitCode.config, `GALERA_AGENT_KEY_FILE: ${what}`);
}
