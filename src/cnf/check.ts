import { exitCode, Failure } from "../system/failure.js";
import { type Line, maxLineBytes, scan } from "./option-file.js";

/** What is wrong with an option file, and on which line, from 1. */
export interface Problem {
  readonly line: number;
  readonly what: string;
}

/**
 * What MariaDB would refuse in an option file, or read otherwise than it looks without a word.
 * Unknown options are not its subject: mariadbd names them itself.
 *
 * @param text the file's bytes (see option-file.ts)
 */
export function problemsOf(text: string): Problem[] {
  const lines = scan(text);
  return lines.flatMap((line, index) => {
    const what = problemOf(line, index === lines.length - 1);
    return what === undefined ? [] : [{ line: line.number, what }];
  });
}

/**
 * Ends the program if the file has a problem.
 *
 * @throws Failure (data) naming the path, the first line with a problem, and what to do
 */
export function refuseProblems(path: string, text: string): void {
  const [problem] = problemsOf(text);
  if (problem === undefined) return;
  throw new Failure(exitCode.data, `${path}:${problem.line}: ${problem.what}`);
}

/**
 * Ends the program for a file that MariaDB passes over with a mere warning, since anybody may write
 * it (my_default.c).
 *
 * @param mode as stat gives it
 * @throws Failure (config) with the command that mends it
 */
export function refuseWorldWritable(path: string, mode: number): void {
  if ((mode & 0o002) === 0) return;
  throw new Failure(
    exitCode.config,
    `${path} is writable by everybody, so MariaDB ignores it: chmod o-w ${path}`,
  );
}

function problemOf({ number, text, ending, content }: Line, isLast: boolean): string | undefined {
  if (text.includes("\0")) {
    return "a NUL byte: this is not an option file";
  }
  if (number === 1 && /^(?:\xef\xbb\xbf|\xfe\xff|\xff\xfe)/.test(text)) {
    return "a byte order mark, which MariaDB takes for an option: save the file without it";
  }
  if (ending === "" && !isLast) {
    return `a line of over ${maxLineBytes - 1} bytes, of which MariaDB reads the rest as a new line: shorten it`;
  }
  switch (content.kind) {
    case "unclosed-group":
      return "a group without its closing bracket";
    case "option":
      if (content.group === undefined) return "an option before any group: put it below [galera]";
      return content.spelling === "" ? "an option without a name" : undefined;
    case "unknown-directive":
      return "an unknown directive, which MariaDB skips: it knows !include and !includedir";
    case "include":
    case "includedir":
      if (content.path === "") return `!${content.kind} without a path`;
      // See get_argument in mysys/my_default.c: it takes the last byte for a newline.
      if (ending === "")
        return `!${content.kind} on a last line without a newline: MariaDB cuts off the end of its path`;
      return undefined;
    case "blank":
    case "comment":
    case "group":
      return undefined;
    default:
      return content satisfies never;
  }
}
