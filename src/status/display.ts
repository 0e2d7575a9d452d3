/*
 * Where the overview is shown: a terminal has colour and is drawn over, all else gets plain blocks.
 */
import { isatty } from "node:tty";
import { styleText } from "node:util";
import { toJson } from "../bootstrap/format.js";
import { formatOverview, type Look, type Paint } from "./format.js";
import type { Overview } from "./overview.js";

export interface Display {
  readonly show: (overview: Overview) => void;
  /** From now on each `show` takes the place of the one before. */
  readonly begin: () => void;
  /** Gives the terminal back, with what was shown last. */
  readonly end: () => void;
}

type Print = (line: string) => void;

/** A document a line. */
export function jsonDisplay(print: Print): Display {
  return { show: (overview) => print(toJson(overview)), begin: () => {}, end: () => {} };
}

/** Plain text, one block after the other. */
export function plainDisplay(print: Print): Display {
  let gap = "";
  return {
    show: (overview) => {
      const lines = formatOverview(overview, { paint: plain, columns: undefined });
      print(gap + lines.join("\n"));
      gap = "\n";
    },
    begin: () => {},
    end: () => {},
  };
}

/** xterm's control sequences: another screen, without a cursor and without wrapping, and back. */
const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const home = "\x1b[H";
const clearLine = "\x1b[K";
const clearBelow = "\x1b[J";

export interface TerminalOptions {
  readonly isColoured: boolean;
  /** Now: a window may change. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly print: Print;
}

/** A terminal: drawn over in place, without a flicker, and never scrolled. */
export function terminalDisplay({ isColoured, size, print }: TerminalOptions): Display {
  const paint = isColoured ? colour : plain;
  let isOver = false;
  let last: readonly string[] = [];
  return {
    show: (overview) => {
      const { columns, rows } = size();
      last = formatOverview(overview, { paint, columns });
      if (!isOver) return print(last.join("\n"));
      const shown = fitting(last, rows - 1); // print ends the last line too
      print(`${home}${shown.map((line) => line + clearLine).join("\n")}${clearBelow}`);
    },
    begin: () => {
      isOver = true;
      print(enter);
    },
    end: () => {
      print(leave + last.join("\n"));
      isOver = false;
    },
  };
}

function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const kept = lines.slice(0, Math.max(0, rows - 1));
  return [...kept, `(${lines.length - kept.length} more lines in a higher window)`];
}

const styles = {
  head: "bold",
  good: "green",
  impaired: "yellow",
  bad: "red",
  quiet: "dim",
} as const satisfies Record<Look, Parameters<typeof styleText>[0]>;

const plain: Paint = (_look, text) => text;

/** Node would look at its own standard output; what this one is has been found out. */
const colour: Paint = (look, text) => styleText(styles[look], text, { validateStream: false });

/** What standard output is. */
export function openDisplay(
  env: Readonly<Record<string, string | undefined>>,
  print: Print,
): Display {
  if (!isatty(1) || env.TERM === "dumb") return plainDisplay(print);
  const size = () => ({
    columns: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
  });
  return terminalDisplay({ isColoured: !env.NO_COLOR, size, print });
}
