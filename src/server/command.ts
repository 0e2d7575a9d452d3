import { basename } from "node:path";

/** What `run` is to become. */
export type ServerCommand =
  /** A command that has nothing to do with us, or a server that only prints something: untouched. */
  | { readonly kind: "untouched"; readonly argv: readonly string[] }
  | {
      readonly kind: "server";
      /** The server's program and arguments. */
      readonly argv: readonly string[];
      /** The official image's entrypoint in front of it: initialisation is its business. */
      readonly script: string | undefined;
    };

/** The start of a server. */
export type StartCommand = Extract<ServerCommand, { kind: "server" }>;

const servers = new Set(["mariadbd", "mysqld"]);
const officialScript = "docker-entrypoint.sh";

/** Arguments with which the server prints and ends (the official image's `_mysql_want_help`). */
const printing = new Set(["-?", "--help", "--print-defaults", "-V", "--version"]);

/** Reads the command line behind `run --`; nothing there is mariadbd, a lone option is its own. */
export function readCommand(words: readonly string[]): ServerCommand {
  const [first = "mariadbd"] = words;
  if (first.startsWith("-")) return readCommand(["mariadbd", ...words]);
  if (basename(first) === officialScript) {
    const inner = readCommand(words.slice(1));
    return inner.kind === "server"
      ? { ...inner, script: first }
      : { kind: "untouched", argv: words };
  }
  if (!servers.has(basename(first))) return { kind: "untouched", argv: words };
  const argv = words.length === 0 ? [first] : words;
  if (argv.some((word) => printing.has(word))) return { kind: "untouched", argv };
  return { kind: "server", argv, script: undefined };
}

/** The options that are looked for, with what else mariadbd takes for them (sql/mysqld.cc). */
const spellings = {
  datadir: /^(?:--(?:loose[-_])?datad(?:i|ir)?|-h)$/,
  user: /^(?:--(?:loose[-_])?user|-u)$/,
  socket: /^(?:--(?:loose[-_])?socket|-S)$/,
} as const;

/**
 * The last value of an option in server arguments, as my_getopt takes them: `--name=value`,
 * `--name value`, `-n value` or `-nvalue`.
 */
export function serverOption(
  args: readonly string[],
  name: keyof typeof spellings,
): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of args.entries()) {
    const [, long, , given] = /^(--[^=]+)(=(.*))?$/s.exec(arg) ?? [];
    const [, short, rest] = /^(-[a-zS])(.*)$/s.exec(arg) ?? [];
    if (spellings[name].test(long ?? short ?? "")) value = given ?? (rest || args[index + 1]);
  }
  return value;
}

/** Arguments that set one of these options, which are given by their canonical names. */
function anyOf(names: readonly string[]): RegExp {
  const spelt = names.map((name) => name.replaceAll("_", "[-_]")).join("|");
  return new RegExp(`^--(?:loose[-_])*(?:${spelt})(=|$)`);
}

/**
 * What an option of several words has on the server's command line, by its canonical name; empty
 * for one without a value.
 */
export function argumentOf(args: readonly string[], name: string): string | undefined {
  const pattern = anyOf([name]);
  const index = args.findLastIndex((arg) => pattern.test(arg));
  if (index === -1) return undefined;
  const [, separator] = pattern.exec(args[index] ?? "") ?? [];
  return separator === "=" ? args[index]?.replace(/^[^=]*=/, "") : (args[index + 1] ?? "");
}

/** The server's arguments without some options, their values too. */
export function withoutArguments(
  args: readonly string[],
  names: readonly string[],
): readonly string[] {
  const pattern = anyOf(names);
  return args.filter((arg, index) => {
    const before = args[index - 1] ?? "";
    return !pattern.test(arg) && !(pattern.test(before) && !before.includes("="));
  });
}

/** The arguments that would decide about the cluster in our place. */
export function decisiveArgs(args: readonly string[]): readonly string[] {
  const pattern = anyOf(["wsrep_new_cluster", "wsrep_cluster_address", "wsrep_node_name"]);
  return args.filter((arg) => pattern.test(arg));
}

/** The arguments that choose option files; the server wants them in front (my_default.c). */
export function defaultsArgs(args: readonly string[]): readonly string[] {
  const pattern = /^--(no-defaults$|defaults-(file|extra-file|group-suffix)=)/;
  const end = args.findIndex((arg) => !pattern.test(arg.replaceAll("_", "-")));
  return end === -1 ? args : args.slice(0, end);
}
