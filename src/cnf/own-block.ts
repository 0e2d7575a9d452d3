/*
 * The part of galera.cnf that is made anew at each start: options that this program chooses where the
 * user has set none. It stands between two comments at the end of the file, so that a value of the last
 * start is never taken for the user's.
 */
import { exitCode, Failure } from "../system/failure.js";
import { fitting } from "./edit.js";
import { mergeProviderOptions } from "./provider-options.js";
import { quote } from "./quote.js";

/** An option that this program chooses. */
export interface OwnOption {
  /** Who reads it: the server, Galera's library (`wsrep_provider_options`), or the SST scripts. */
  readonly of: "server" | "provider" | "sst";
  /** Canonical (`innodb_buffer_pool_size`); of the library and the scripts as they spell it. */
  readonly name: string;
  readonly value: string;
  /** Stands above it as a comment: one line. */
  readonly why: string;
}

const first = "# What galera-peers has chosen at this start, where nobody else has set it:";
const last = "# (so far)";
const beginning = /^# What galera-peers has chosen at this start,/m;
/** Whatever line ends an editor has given it. */
const block = /^# What galera-peers has chosen at this start,[\s\S]*?^# \(so far\)\r?(?:\n|$)/gm;

/** An option file's text without that part; whatever stands below it stays. */
export function withoutOwnBlock(text: string): string {
  return text.replace(block, "");
}

/** That part of a text, as it stands there. */
export function ownBlockOf(text: string): string {
  return text.match(block)?.join("") ?? "";
}

/**
 * Ends the program for a file in which that part has lost its last line: nobody can tell how far it
 * reaches.
 *
 * @throws Failure (data) naming the path, the line, and what to do
 */
export function refuseCutBlock(path: string, text: string): void {
  const rest = text.replace(block, (whole) => whole.replace(/[^\n]/g, " "));
  const start = rest.search(beginning);
  if (start === -1) return;
  const line = rest.slice(0, start).split("\n").length;
  throw new Failure(
    exitCode.data,
    `${path}:${line}: what galera-peers has chosen begins here and has lost its last line, ${JSON.stringify(last)}: remove these options, or put that line below them`,
  );
}

/**
 * The part's text; empty where there is nothing to choose.
 *
 * @param provider the `wsrep_provider_options` that the user has set: its keys win
 * @param group what a line belongs to that is added below: the last group above
 * @throws Failure (config) for a value that no line of an option file can hold
 */
export function ownBlock(
  options: readonly OwnOption[],
  provider: string | undefined,
  group = "galera",
): string {
  const server = options.filter((option) => option.of === "server");
  const sst = options.filter((option) => option.of === "sst");
  const library = options.filter((option) => option.of === "provider");
  const lines = [
    ...(server.length + library.length > 0 ? ["[mariadbd]"] : []),
    ...server.flatMap(optionLines),
    ...providerLines(library, provider),
    ...(sst.length > 0 ? ["[sst]"] : []),
    ...sst.flatMap(optionLines),
  ];
  return lines.length === 0 ? "" : [first, ...lines, `[${group}]`, last, ""].join("\n");
}

/** A text with that part at its end. */
export function withOwnBlock(text: string, block: string): string {
  if (block === "") return text;
  return text === "" || text.endsWith("\n") ? text + block : `${text}\n${block}`;
}

function optionLines({ name, value, why }: OwnOption): string[] {
  return [`# ${why}`, fitting(`${name}=${quote(value)}`, name)];
}

function providerLines(options: readonly OwnOption[], current = ""): string[] {
  if (options.length === 0) return [];
  const name = "wsrep_provider_options";
  const wanted = options.map((option) => `${option.name}=${option.value}`).join("; ");
  const comments = options.map((option) => `# ${option.name}: ${option.why}`);
  return [...comments, fitting(`${name}=${quote(mergeProviderOptions(current, wanted))}`, name)];
}
