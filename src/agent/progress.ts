import type { Dirent, Stats } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../system/clock.js";

/** So often at most the datadir is looked through. */
const everyMs = 2000;
/** Of the time, a walk takes one part in so many: 20,000 files take a second. */
const share = 20;
/** Files of this program are no progress of the server's. */
const ownPrefix = "galera-peers.";

export type ProgressWatch = ReturnType<typeof createProgressWatch>;

/**
 * Whether a server that starts, receives or ends gets anywhere: its files change.
 *
 * @param walk looks through the datadir
 */
export function createProgressWatch(datadir: string, clock: Clock, walk = fingerprint) {
  let seen: string | undefined;
  let changedMs: number | undefined;
  let nextMs = Number.NEGATIVE_INFINITY;
  let walking = false;

  const look = async () => {
    walking = true;
    const startedMs = clock.now();
    const now = await walk(datadir).finally(() => {
      walking = false;
    });
    const endedMs = clock.now();
    nextMs = endedMs + Math.max(everyMs, (endedMs - startedMs) * share);
    if (seen !== undefined && now !== seen) changedMs = endedMs;
    seen = now;
  };

  return {
    /** When a change was seen last; undefined before the first. */
    changedMs: () => changedMs,
    /** Begins a walk, unless one is under way or has just been; a disk that hangs holds nobody up. */
    look: (): void => {
      if (!walking && clock.now() >= nextMs) look().catch(() => {}); // a walk that fails has seen nothing
    },
    /** Another start: what was seen before is none of its progress. */
    forget: () => {
      seen = undefined;
      changedMs = undefined;
    },
  };
}

/**
 * Of all files below a directory: how many there are, how large they are together, and their times of
 * change, which nobody can set (rsync sets those of modification to the donor's). Sums, since a clock
 * that is put back makes a file look older. What cannot be read is left out.
 */
export async function fingerprint(directory: string): Promise<string> {
  const sums = { files: 0, bytes: 0, changes: 0 };
  await visit(directory, "real", sums);
  const { files, bytes, changes } = sums;
  return `${files} ${bytes} ${Math.round(changes)}`;
}

async function visit(
  path: string,
  directory: "real" | "linked",
  sums: { files: number; bytes: number; changes: number },
): Promise<void> {
  for await (const entry of entriesOf(path)) {
    if (entry.name.startsWith(ownPrefix)) continue;
    const child = join(path, entry.name);
    const about = await quietly(stat(child));
    if (about === undefined) continue;
    sums.files += 1;
    sums.bytes += about.isFile() ? about.size : 0;
    sums.changes += about.ctimeMs % 1e9; // the sum of millions stays exact
    const kind = subdirectory(entry, about);
    if (kind !== undefined && directory === "real") await visit(child, kind, sums);
  }
}

/** A database may be a link to elsewhere; whatever is linked from there is none. */
function subdirectory(entry: Dirent, about: Stats): "real" | "linked" | undefined {
  if (!about.isDirectory()) return undefined;
  return entry.isDirectory() ? "real" : "linked";
}

/** A few at a time: a database of ten thousand tables is read without a stop. */
async function* entriesOf(path: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(path, { bufferSize: 128 });
  } catch {
    // It is gone, or not ours to read.
  }
}

function quietly<T>(what: Promise<T>): Promise<T | undefined> {
  return what.catch(() => undefined);
}
