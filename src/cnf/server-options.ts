import { join } from "node:path";
import { effectiveLines, isOptionLine } from "./effective.js";
import { canonicalName } from "./option-file.js";
import { filesOfUser, linesOf, type OptionFiles } from "./reading-order.js";

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
 * @param files left out: without what a start of ours has chosen in galera.cnf
 * @returns the value that the files give an option, by its canonical name (`datadir`); undefined
 *   where none sets it
 */
export function readServerOptions(
  sources: OptionFileSources,
  files: OptionFiles = filesOfUser,
): (name: string) => string | undefined {
  const lines = linesOfAll(sources, files);
  return (name) => effectiveLines(lines, name).at(-1)?.content.value;
}

/** The user's options of another group, as `my_print_defaults` gives them to the SST scripts. */
export function readGroupOptions(
  sources: OptionFileSources,
  group: string,
): (name: string) => string | undefined {
  const options = linesOfAll(sources, filesOfUser).filter(isOptionLine);
  return (name) =>
    options.findLast(
      ({ content }) => content.group === group && content.name === canonicalName(name),
    )?.content.value;
}

function linesOfAll(sources: OptionFileSources, files: OptionFiles) {
  const seen = new Set<string>();
  return defaultFiles(sources).flatMap((path) => linesOf(path, seen, files));
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
