import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Line, scan } from "./option-file.js";
import { withoutOwnBlock } from "./own-block.js";

/** A line and the file that it stands in. */
export type PlacedLine = Line & { readonly path: string };

/** What there is to read. Texts are one byte a character. */
export interface OptionFiles {
  readonly text: (path: string) => string;
  readonly names: (directory: string) => readonly string[];
}

/** What a server reads. */
export const filesOnDisk: OptionFiles = { text: textOf, names: namesIn };

/** Without what a start of ours has chosen in galera.cnf, which gives way to all others. */
export const filesOfUser: OptionFiles = {
  ...filesOnDisk,
  text: (path) => withoutOwnBlock(textOf(path)),
};

/** What a server will read once a file is written. */
export function filesWith(planned: { readonly path: string; readonly text: string }): OptionFiles {
  const directory = realPath(dirname(planned.path));
  const name = basename(planned.path);
  const whole = realPath(planned.path);
  return {
    text: (path) => (realPath(path) === whole ? planned.text : textOf(path)),
    names: (path) =>
      realPath(path) === directory ? [...new Set([...namesIn(path), name])] : namesIn(path),
  };
}

/** That of a file that need not be there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const directory = dirname(path);
    return directory === path ? path : join(realPath(directory), basename(path));
  }
}

/**
 * The lines of an option file in the order that mysys/my_default.c reads them, those of included
 * files at their place and each file once. MariaDB passes over a file that it cannot open, and over
 * one that anybody may write: they have none.
 */
export function linesOf(
  path: string,
  seen = new Set<string>(),
  files: OptionFiles = filesOfUser,
): PlacedLine[] {
  if (seen.has(path)) return [];
  seen.add(path);
  return scan(files.text(path)).flatMap((line) => {
    const included = linesIncludedBy(line, seen, files);
    return included.length > 0 ? included : [{ ...line, path }];
  });
}

/** The lines that a line includes, directly or through others; none for a line that is no include. */
export function linesIncludedBy(
  { content }: Line,
  seen = new Set<string>(),
  files: OptionFiles = filesOfUser,
): PlacedLine[] {
  switch (content.kind) {
    case "include":
      return linesOf(content.path, seen, files);
    case "includedir":
      return files
        .names(content.path)
        .filter((name) => name.endsWith(".cnf"))
        .toSorted()
        .flatMap((name) => linesOf(join(content.path, name), seen, files));
    default:
      return [];
  }
}

function textOf(path: string): string {
  try {
    const stats = statSync(path);
    return stats.isFile() && (stats.mode & 0o002) === 0 ? readFileSync(path, "latin1") : "";
  } catch {
    return "";
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
