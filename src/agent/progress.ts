import type { Clock } from "../system/clock.js";
import type { Pass } from "./transfer/receiving.js";
import { type See, walk as walkFiles, walkShare } from "./transfer/walk.js";

/** So often at most the datadir is looked through. */
const everyMs = 2000;
/** A server that is to end, and has much to write, changes files within this. */
const changesWithinMs = 60_000;
/** However much it changes: its log may be what does. InnoDB recovers what is not written by then. */
const endsWithinMs = 600_000;

/**
 * Whether a server that starts, receives or ends gets anywhere: its files change.
 *
 * @param pass who counts with a walk that begins; undefined for nobody
 * @param walk looks through the datadir
 */
export function createProgressWatch(
  datadir: string,
  clock: Clock,
  pass: () => Pass | undefined,
  walk = fingerprint,
) {
  let seen: string | undefined;
  let changedMs: number | undefined;
  /** When the last look ended. */
  let lookedMs = Number.NEGATIVE_INFINITY;
  let nextMs = Number.NEGATIVE_INFINITY;
  let walking = false;

  const look = async () => {
    walking = true;
    const startedMs = clock.now();
    const counting = pass();
    const now = await walk(datadir, counting?.see).finally(() => {
      walking = false;
    });
    counting?.end();
    const endedMs = clock.now();
    nextMs = endedMs + Math.max(everyMs, (endedMs - startedMs) * walkShare);
    lookedMs = endedMs;
    if (seen !== undefined && now !== seen) changedMs = endedMs;
    seen = now;
  };

  return {
    /** When a change was seen last; undefined before the first. */
    changedMs: () => changedMs,
    /**
     * Whether a server that has been about to end since then gets nowhere, as far as was looked: a walk
     * through many files takes its time.
     */
    hangs: (sinceMs: number): boolean =>
      lookedMs - Math.max(sinceMs, changedMs ?? sinceMs) >= changesWithinMs ||
      clock.now() - sinceMs >= endsWithinMs,
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
 * change. Sums, since a clock that is put back makes a file look older.
 *
 * @param see shown each of them as well
 */
export async function fingerprint(directory: string, see: See = () => {}): Promise<string> {
  const sums = { files: 0, bytes: 0, changes: 0 };
  await walkFiles(directory, (found) => {
    sums.files += 1;
    sums.bytes += found.bytes ?? 0;
    sums.changes += found.changedMs % 1e9; // the sum of millions stays exact
    see(found);
  });
  const { files, bytes, changes } = sums;
  return `${files} ${bytes} ${Math.round(changes)}`;
}
