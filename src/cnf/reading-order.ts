import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Line, scan } from "./option-file.js";

/** A line and the file that it stands in. */
export type PlacedLine = Line & { readonly path: string };

/**
 * The lines of an option file in the order that mysys/my_default.c reads them, those of included
 * files at their place and each file once. MariaDB passes over a file that it cannot open, and over
 * one that anybody may write: they have none.
 */
export function linesOf(path: string, seen = new Set<string>()): PlacedLine[] {
  if (seen.has(path)) return [];
  seen.add(path);
  return scan(textOf(path)).flatMap((line) => {
    const included = linesIncludedBy(line, seen);
    return included.length > 0 ? included : [{ ...line, path }];
  });
}

/** The lines that a line includes, directly or through others; none for a line that is no include. */
export function linesIncludedBy({ content }: Line, seen = new Set<string>()): PlacedLine[] {
  switch (content.kind) {
    case "include":
      return linesOf(content.path, seen);
    case "includedir":
      return namesIn(content.path)
        .filter((name) => name.endsWith(".cnf"))
        .sort()
        .flatMap((name) => linesOf(join(content.path, name), seen));
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
