import { join } from "node:path";
import { effectiveLines } from "./effective.js";
import { linesOf } from "./reading-order.js";

/** Which option files a server reads: its first arguments, and where its user is at home. */
export interface OptionFileSources {
  /** The arguments in front that choose option files: `--defaults-file=…` and its like. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the option files of a server: what mysys/my_default.c reads, in its order, included files
 * at their place. (To ask my_print_defaults costs a start 10 ms, which is why it is the tests'
 * oracle instead.)
 *
 * @returns the value that the files give an option, by its canonical name (`datadir`); undefined
 *   where none sets it
 */
export function readServerOptions(
  sources: OptionFileSources,
): (name: string) => string | undefined {
  const seen = new Set<string>();
  const lines = defaultFiles(sources).flatMap((path) => linesOf(path, seen));
  return (name) => effectiveLines(lines, name).at(-1)?.content.value;
}

/** The files that are read without being asked for, or those that the arguments name instead. */
function defaultFiles({ args, env }: OptionFileSources): string[] {
  const given = (option: string) =>
    args
      .findLast((arg) => arg.replaceAll("_", "-").startsWith(`--${option}=`))
      ?.replace(/^.*?=/s, "");
  if (args.some((arg) => arg.replaceAll("_", "-") === "--no-defaults")) return [];
  const only = given("defaults-file");
  if (only !== undefined) return [only];
  const home = env.MARIADB_HOME ?? env.MYSQL_HOME;
  const extra = given("defaults-extra-file");
  return [
    "/etc/my.cnf",
    "/etc/mysql/my.cnf",
    ...(home ? [join(home, "my.cnf")] : []),
    ...(extra === undefined ? [] : [extra]),
    ...(env.HOME ? [join(env.HOME, ".my.cnf")] : []),
  ];
}
