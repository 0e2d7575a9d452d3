import { exitCode, Failure } from "../../system/failure.js";
import { hasProgram } from "../launch.js";
import { programsFor } from "./script-shell.js";
import { runnable, type Script } from "./scripts.js";

/** The packages of Debian that are not called as their program. */
const packages: Readonly<Record<string, string>> = { xz: "xz-utils", mariadb: "mariadb-client" };

/**
 * Makes sure that the programs are there which the user's files need.
 *
 * @throws Failure 78 with a line for each one that is missing
 */
export function requirePrograms(
  scripts: readonly Script[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  const firstUser = new Map<string, string>();
  for (const { kind, path } of runnable(scripts).toReversed()) {
    for (const program of programsFor(kind)) firstUser.set(program, path);
  }
  const problems = [...firstUser]
    .filter(([program]) => !hasProgram(program, env))
    .map(
      ([program, path]) =>
        `${path} needs the program ${program}, which is not there: install the package ${packages[program] ?? program}`,
    );
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
}
