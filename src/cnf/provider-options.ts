/**
 * `wsrep_provider_options`: `key=value` pairs with `;` between them and white space round either. A
 * backslash protects the next `;` or `=`; of a repeated key the last wins (galerautils,
 * gu_config.cpp, Config::parse).
 */
import { exitCode, Failure } from "../system/failure.js";

/** What stands between two `;`. */
interface Piece {
  readonly text: string;
  readonly key: string;
  /** Undefined without a `=`. */
  readonly value: string | undefined;
}

/**
 * Sets the options of `wanted` in `current`, key by key: a key that is there keeps its place and
 * spacing, a new one is appended. All else stays as it is, also what Galera would refuse.
 *
 * @throws Failure (config) as parseProviderOptions, for `wanted`
 */
export function mergeProviderOptions(current: string, wanted: string): string {
  const pieces = split(current);
  for (const [key, value] of parseProviderOptions(wanted)) {
    const at = pieces.findLastIndex((piece) => piece.key === key);
    const piece = pieces[at];
    if (piece !== undefined) {
      pieces[at] = withValue(piece, value);
      continue;
    }
    while (pieces.at(-1)?.key === "") pieces.pop();
    pieces.push(pieceOf(`${pieces.length === 0 ? "" : " "}${key}=${value}`));
  }
  return pieces.map((piece) => piece.text).join(";");
}

/**
 * The pairs of a provider options string, in order; of a repeated key the last value.
 *
 * @throws Failure (config) naming the piece that Galera would refuse
 */
export function parseProviderOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const { text: piece, key, value } of split(text)) {
    if (trimmed(piece) === "") continue;
    if (key === "" || value === undefined || unescapedEquals.test(value)) {
      throw new Failure(
        exitCode.config,
        `provider options: ${JSON.stringify(key || trimmed(piece))} is not of the form key=value`,
      );
    }
    options.set(key, value);
  }
  return options;
}

const unescapedEquals = /(?<!\\)=/;

function split(text: string): Piece[] {
  return text.split(/(?<!\\);/).map(pieceOf);
}

function pieceOf(text: string): Piece {
  const equals = text.search(unescapedEquals);
  if (equals < 0) return { text, key: trimmed(text), value: undefined };
  return { text, key: trimmed(text.slice(0, equals)), value: trimmed(text.slice(equals + 1)) };
}

function withValue({ text, key, value: old }: Piece, value: string): Piece {
  if (old === undefined) return { text: `${text}=${value}`, key, value };
  const start = text.search(unescapedEquals) + 1;
  const rest = text.slice(start).replace(old, () => value);
  return { text: text.slice(0, start) + rest, key, value };
}

/** Without the white space of C at its ends: String.trim would cut into UTF-8 bytes (A0). */
function trimmed(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");
}
