import { execFile } from "node:child_process";
import { errnoOf, exitCode, Failure } from "../system/failure.js";

/**
 * The server's options from its option files, as `--name=value`, by MariaDB's own reader. Plain
 * `child_process`: this stands on every way to exec, where loading execa would cost as much as all
 * else.
 *
 * @param defaults the arguments that choose option files
 * @returns none where the program is not installed
 * @throws Failure 78 where it refuses an option file, with its own words
 */
export async function readOptionFiles(
  defaults: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const args = [...defaults, "--mysqld"];
    execFile("my_print_defaults", args, { signal, encoding: "utf8" }, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason);
      else if (error === null) resolve(stdout.split("\n").filter(Boolean));
      else if (errnoOf(error) === "ENOENT") resolve([]);
      else {
        const said = stderr.trim().split("\n")[0] || error.message;
        reject(new Failure(exitCode.config, `the option files cannot be read: ${said}`));
      }
    });
  });
}
