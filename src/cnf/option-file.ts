/**
 * Reads an option file exactly as MariaDB does (mysys/my_default.c, search_default_file_with_ext),
 * and loses no byte of it: the lines' `text` and `ending` joined are the file.
 *
 * Text is bytes here, one character (U+0000 to U+00FF) a byte, as `readFile(path, "latin1")` gives
 * it: so lengths are MariaDB's, and bytes that are no UTF-8 survive.
 */
import { commentStart, unquote } from "./quote.js";

/** An option with its group, and where in the line's text its parts stand. */
export interface OptionContent {
  readonly kind: "option";
  /** As the file's last `[…]` spells it; undefined before the first one. */
  readonly group: string | undefined;
  /** As written. */
  readonly spelling: string;
  /** In lower case with underscores and without `loose_`: what mariadbd compares. */
  readonly name: string;
  /** As MariaDB reads it; undefined without a `=`. */
  readonly value: string | undefined;
  readonly nameEnd: number;
  /** The value with its quotes; without a `=`, both are `nameEnd`. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

export type LineContent =
  | { readonly kind: "blank" | "comment" | "unclosed-group" | "unknown-directive" }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "include" | "includedir"; readonly path: string }
  | OptionContent;

/** What MariaDB reads at once: a line of the file, or a piece of one that is too long. */
export interface Line {
  /** The line of the file, from 1; pieces of one line share it. */
  readonly number: number;
  readonly text: string;
  /** Empty on a last line without a newline, and where a line is too long and cut. */
  readonly ending: "\n" | "";
  readonly content: LineContent;
}

/** The bytes that one line may have, its newline included; the rest is read as the next line. */
export const maxLineBytes = 4094;

/** An option's name as mariadbd compares it: no case, `-` is `_`, `loose_` is only a wish. */
export function canonicalName(spelling: string): string {
  return spelling
    .toLowerCase()
    .replaceAll("-", "_")
    .replace(/^(?:loose_)+/, "");
}

/** All lines of an option file. Any text is accepted; `problemsOf` says what is wrong with it. */
export function scan(text: string): Line[] {
  const lines: Line[] = [];
  let number = 1;
  let group: string | undefined;
  for (const whole of text.match(/[^\n]{0,4093}\n|[^\n]{1,4094}/g) ?? []) {
    const ending = whole.endsWith("\n") ? "\n" : "";
    const line = ending === "" ? whole : whole.slice(0, -1);
    const content = scanLine(line, ending, group);
    if (content.kind === "group") group = content.name;
    lines.push({ number, text: line, ending, content });
    if (ending !== "") number++;
  }
  return lines;
}

// MariaDB's white space is latin1's: the no-break space A0, a byte of many UTF-8 letters, is in it.
const notSpace = /[^\t-\r \xa0]/;
const spaceAtEnd = /[\t-\r \xa0]+$/;

function scanLine(line: string, ending: string, group: string | undefined): LineContent {
  const nul = line.indexOf("\0");
  const text = nul < 0 ? line : line.slice(0, nul);
  const start = text.search(notSpace);
  switch (text[start]) {
    case undefined:
      return { kind: "blank" };
    case "#":
    case ";":
      return { kind: "comment" };
    case "!":
      return scanDirective(text.slice(start) + (nul < 0 ? ending : ""));
    case "[": {
      const close = text.indexOf("]", start);
      if (close < 0) return { kind: "unclosed-group" };
      return { kind: "group", name: text.slice(start + 1, close).replace(spaceAtEnd, "") };
    }
    default:
      return scanOption(text, start, group);
  }
}

/** MariaDB cuts the path's last byte, supposing that it is the newline: see get_argument. */
function scanDirective(text: string): LineContent {
  const match = /^![\t-\r \xa0]*(include|includedir)[\t-\r \xa0]+(.*)$/s.exec(text);
  if (match === null) return { kind: "unknown-directive" };
  const [, keyword, argument = ""] = match;
  const path = argument.slice(0, -1).replace(spaceAtEnd, "");
  return { kind: keyword === "include" ? "include" : "includedir", path };
}

function scanOption(text: string, start: number, group: string | undefined): OptionContent {
  const end = commentStart(text, start);
  const equals = text.slice(0, end).indexOf("=", start);
  const spelling = text.slice(start, equals < 0 ? end : equals).replace(spaceAtEnd, "");
  const nameEnd = start + spelling.length;
  const option = {
    kind: "option",
    group,
    spelling,
    name: canonicalName(spelling),
    nameEnd,
  } as const;
  if (equals < 0) {
    return { ...option, value: undefined, valueStart: nameEnd, valueEnd: nameEnd };
  }
  const rest = text.slice(equals + 1, end);
  const blanks = rest.search(notSpace);
  // An empty value stands where it would be written: in `name = ` after the space.
  const gap = blanks >= 0 ? blanks : rest.startsWith(" ") && equals > nameEnd ? 1 : 0;
  const raw = rest.slice(gap).replace(spaceAtEnd, "");
  const valueStart = equals + 1 + gap;
  return { ...option, value: unquote(raw), valueStart, valueEnd: valueStart + raw.length };
}
