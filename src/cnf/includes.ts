import { readdirSync } from "node:fs";
import { exitCode, Failure, messageOf } from "../system/failure.js";
import { type Change, type Changes, wantedValue } from "./edit.js";
import { effectiveLines } from "./effective.js";
import { scan } from "./option-file.js";
import { linesIncludedBy, type PlacedLine } from "./reading-order.js";

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
  for (const line of lines) {
    const { number, content } = line;
    const place = `${path}:${number}`;
    if (content.kind === "includedir") refuseUnreadable(content.path, place);
    const above = Object.entries(changes).filter(([name]) => {
      const [own] = effectiveLines(lines, name);
      return own !== undefined && own.number < number;
    });
    refuseAnyOf(above, linesIncludedBy(line), place);
  }
}

function refuseAnyOf(
  changes: [string, Change][],
  included: readonly PlacedLine[],
  place: string,
): void {
  for (const [name, change] of changes) {
    const winner = effectiveLines(included, name).find(
      ({ content }) => wantedValue(change, content.value) !== content.value,
    );
    if (winner === undefined) continue;
    throw new Failure(
      exitCode.config,
      `${winner.path}:${winner.number}: ${name} is set again here, and ${place} includes this after its own: remove one of the two`,
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
