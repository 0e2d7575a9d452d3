import { exitCode, Failure } from "../system/failure.js";
import { effectiveLines, isOptionLine, isReadAlways, type OptionLine } from "./effective.js";
import { isServerGroup } from "./groups.js";
import { type Line, maxLineBytes, scan } from "./option-file.js";
import { quote, quoteStyleOf } from "./quote.js";

/** The value that an option shall have; a function is given the one so far, if there is one. */
export type Change = string | ((current: string | undefined) => string);

/** Changes by canonical option name (`wsrep_node_name`), in the order in which they are added. */
export type Changes = Readonly<Record<string, Change>>;

/**
 * Sets options in an option file where they take effect (see effective.ts). What is not there is
 * added to the last server group that already holds wsrep options, else to the last `[galera]`,
 * else to the last server group, else to a new `[galera]` at the end. A value that already reads as
 * wanted is not touched; every other byte stays: comments, spacing, spelling, quotes, line ends.
 * Editing twice is editing once.
 *
 * @param text an option file's bytes, one a character (see option-file.ts); so are all values
 * @throws Failure (config) for a value that no line of an option file can hold
 */
export function editOptions(text: string, changes: Changes): string {
  const lines = scan(text);
  const rewritten = new Map<Line, Line>();
  const missing: [name: string, change: Change][] = [];
  for (const [name, change] of Object.entries(changes)) {
    const effective = effectiveLines(lines, name);
    for (const line of effective) rewritten.set(line, { ...line, text: rewrite(line, change) });
    if (!effective.some(isReadAlways)) missing.push([name, change]);
  }
  return missing.reduce(
    (edited, [name, change]) => addOption(edited, name, wantedValue(change, undefined)),
    joined(lines.map((line) => rewritten.get(line) ?? line)),
  );
}

/** The value that a change asks for, given the one so far. */
export function wantedValue(change: Change, current: string | undefined): string {
  return typeof change === "string" ? change : change(current);
}

/** The line's text with the value replaced, between the quotes that it had. */
function rewrite({ text, content }: OptionLine, change: Change): string {
  const wanted = wantedValue(change, content.value);
  if (wanted === content.value) return text;
  const head = text.slice(0, content.valueStart) + (content.value === undefined ? "=" : "");
  const style = quoteStyleOf(text.slice(content.valueStart, content.valueEnd));
  const tail = text.slice(content.valueEnd).replace(/^#/, content.value === "" ? " #" : "#");
  return fitting(head + quote(wanted, style) + tail, content.name);
}

/** Adds a line below the last option of the group where it belongs, laid out as that option is. */
function addOption(text: string, name: string, value: string): string {
  const lines = scan(text);
  const above = placeFor(lines);
  if (above === undefined) return addOption(withNewGroup(text), name, value);
  const head = joined(lines.filter((line) => line.number <= above.number));
  const added = fitting(layoutOf(above)(name, quote(value)), name);
  if (!head.endsWith("\n")) return `${head}${newlineOf(text)}${added}`;
  return `${head}${added}${newlineOf(head.slice(-2))}${text.slice(head.length)}`;
}

/** The line below which a new option goes: an option, or the header of a group without any. */
function placeFor(lines: readonly Line[]): Line | undefined {
  const servers = lines.filter((line) => isServerGroup(groupOf(line)));
  return (
    servers.findLast((line) => isOptionLine(line) && line.content.name.startsWith("wsrep_")) ??
    servers.findLast((line) => groupOf(line).toLowerCase() === "galera") ??
    servers.at(-1)
  );
}

/** The group that a header opens or an option is in. */
function groupOf({ content }: Line): string {
  if (content.kind === "group") return content.name;
  return content.kind === "option" ? (content.group ?? "") : "";
}

function withNewGroup(text: string): string {
  if (text === "") return "[galera]\n";
  const newline = newlineOf(text);
  return text.endsWith("\n")
    ? `${text}${newline}[galera]${newline}`
    : `${text}${newline}${newline}[galera]`;
}

/** Writes an option as the one above it is written: its indentation, its spaces round the `=`. */
function layoutOf(above: Line): (name: string, value: string) => string {
  if (!isOptionLine(above)) return (name, value) => `${name}=${value}`;
  const { content, text } = above;
  const indent = text.slice(0, content.nameEnd - content.spelling.length);
  const isSpaced = /\s=/.test(text.slice(content.nameEnd, content.valueStart));
  return (name, value) => `${indent}${name}${isSpaced ? " = " : "="}${value}`;
}

/** @throws Failure (config) for a line that is too long for MariaDB */
export function fitting(line: string, name: string): string {
  if (line.length + "\r\n".length <= maxLineBytes) return line;
  throw new Failure(
    exitCode.config,
    `${name} would make a line of ${line.length} bytes; MariaDB reads ${maxLineBytes} at most`,
  );
}

function joined(lines: readonly Line[]): string {
  return lines.map((line) => line.text + line.ending).join("");
}

function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
