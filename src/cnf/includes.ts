import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { type Change, type Changes, wantedValue } from "./edit.js";
import { effectiveLines } from "./effective.js";
import { type Line, scan } from "./option-file.js";

/**
 * Refuses an edited option file whose changes would not count, because a file that it includes
 * further down sets the same option to something else. Relative paths start at the working
 * directory, as MariaDB takes them.
 *
 * @param path the file's own path, for messages
 * @throws Failure (config) naming the two files and lines
 */
export function refuseOverrides(path: string, text: string, changes: Changes): void {
  if (!text.includes("!")) return;
  const lines = scan(text);
  for (const { number, content } of lines) {
    const place = `${path}:${number}`;
    if (content.kind === "includedir") refuseUnreadable(content.path, place);
    const above = Object.entries(changes).filter(([name]) => {
      const [own] = effectiveLines(lines, name);
      return own !== undefined && own.number < number;
    });
    for (const file of filesOf(content, new Set())) refuseAnyOf(above, file, place);
  }
}

function refuseAnyOf(changes: [string, Change][], file: IncludedFile, place: string): void {
  for (const [name, change] of changes) {
    const winner = effectiveLines(file.lines, name).find(
      ({ content }) => wantedValue(change, content.value) !== content.value,
    );
    if (winner === undefined) continue;
    throw new Failure(
      exitCode.config,
      `${file.path}:${winner.number}: ${name} is set again here, and ${place} includes this after its own: remove one of the two`,
    );
  }
}

/** MariaDB does not start without a directory that its own file includes. */
function refuseUnreadable(directory: string, place: string): void {
  try {
    readdirSync(directory);
  } catch (error) {
    throw new Failure(exitCode.config, `${place}: !includedir cannot be done: ${messageOf(error)}`);
  }
}

interface IncludedFile {
  readonly path: string;
  readonly lines: readonly Line[];
}

/** The files that a line includes, directly or through others, each once. */
function filesOf(content: Line["content"], seen: Set<string>): IncludedFile[] {
  switch (content.kind) {
    case "include":
      return fileAt(content.path, seen);
    case "includedir":
      return optionFilesIn(content.path).flatMap((file) => fileAt(file, seen));
    default:
      return [];
  }
}

/** MariaDB passes over a file that it cannot open, and over one that anybody may write. */
function fileAt(path: string, seen: Set<string>): IncludedFile[] {
  if (seen.has(path)) return [];
  seen.add(path);
  try {
    const stats = statSync(path);
    if (!stats.isFile() || (stats.mode & 0o002) !== 0) return [];
    const lines = scan(readFileSync(path, "latin1"));
    return [{ path, lines }, ...lines.flatMap((line) => filesOf(line.content, seen))];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function optionFilesIn(directory: string): string[] {
  return listOf(directory)
    .filter((name) => name.endsWith(".cnf"))
    .sort()
    .map((name) => join(directory, name));
}

function listOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
