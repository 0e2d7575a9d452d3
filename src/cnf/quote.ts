import { exitCode, Failure } from "../system/failure.js";

/** What MariaDB puts for `\x` in a value, quoted or not; any other `\x` stays as it is written. */
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  s: " ",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

const escaped: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\\": "\\\\",
};

/** How a value is written: bare, or between quotes of one kind. */
export type QuoteStyle = "" | '"' | "'";

/** The quotes that MariaDB strips: the same at both ends, whatever stands between them. */
export function quoteStyleOf(raw: string): QuoteStyle {
  const first = raw[0];
  return raw.length > 1 && (first === '"' || first === "'") && raw.endsWith(first) ? first : "";
}

/**
 * The value that MariaDB reads from `raw`, which is trimmed and without its trailing comment
 * (mysys/my_default.c, search_default_file_with_ext).
 */
export function unquote(raw: string): string {
  const body = quoteStyleOf(raw) === "" ? raw : raw.slice(1, -1);
  return body.replace(/\\([ntrbs"'\\])/g, (_, letter: string) => escapes[letter] ?? letter);
}

/**
 * Writes a value so that MariaDB reads exactly it. A bare value stays bare if nothing in it is
 * syntax to any reader of option files: MariaDB itself needs no quotes for `a=1;b=2`, but others
 * take the `;` for a comment.
 *
 * @param style the quotes that the value had so far
 * @throws Failure (config) for a NUL, which ends a line for MariaDB and has no escape
 */
export function quote(value: string, style: QuoteStyle = ""): string {
  if (value.includes("\0")) {
    throw new Failure(exitCode.config, "a value with a NUL byte cannot stand in an option file");
  }
  if (style === "" && /^[\w.,:/?&=@%+~[\]-]+$/.test(value)) return value;
  const mark = style === "'" ? "'" : '"';
  const body = value.replace(/["'\\\n\t\r\b]/g, (character) => {
    if (character === '"' || character === "'") {
      return character === mark ? `\\${character}` : character;
    }
    return escaped[character] ?? character;
  });
  return mark + body + mark;
}

/**
 * Where the comment of an option's line begins, or the line's length. Quotes count from the start
 * of the name and anywhere in the value (`it's # this` is no comment); a backslash protects a quote
 * only between quotes; white space before `#` is not needed (my_default.c, remove_end_comment).
 */
export function commentStart(line: string, from: number): number {
  let open = "";
  for (let at = from; at < line.length; at++) {
    const character = line[at];
    if (character === "#" && open === "") return at;
    if (character === "\\" && open !== "") at++;
    else if (character === open) open = "";
    else if ((character === '"' || character === "'") && open === "") open = character;
  }
  return line.length;
}
