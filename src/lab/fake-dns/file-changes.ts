import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../system/clock.js";
import { errnoOf, messageOf } from "../../system/failure.js";

export type Contents =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly message: string };

/** Notifications make a change show at once; where they do not come, this is how late it shows. */
const pollMs = 500;
/** A file that is written in place is empty for a moment: it counts once it stays the same. */
const settleMs = 50;

/** What stands in a file, now. */
export async function readContents(path: string): Promise<Contents> {
  try {
    return { kind: "text", text: await readFile(path, "utf8") };
  } catch (thrown) {
    const message = errnoOf(thrown) === "ENOENT" ? "no such file" : messageOf(thrown);
    return { kind: "unreadable", message };
  }
}

/**
 * Yields a file's contents each time they have changed: written in place, renamed over, removed,
 * or behind a link that now leads elsewhere (a ConfigMap).
 *
 * @param last the contents that are known already
 * @throws the signal's reason once that is aborted
 */
export async function* fileChanges(
  path: string,
  last: Contents,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Contents> {
  const notifications = watchDirectory(dirname(path), signal);
  for (let known = last; ; ) {
    await notifications.next(clock, signal);
    const contents = await settled(path, known, clock, signal);
    if (same(contents, known)) continue;
    known = contents;
    yield contents;
  }
}

async function settled(path: string, known: Contents, clock: Clock, signal: AbortSignal) {
  for (let before = known; ; ) {
    const contents = await readContents(path);
    if (same(contents, before)) return contents;
    before = contents;
    await clock.sleep(settleMs, signal);
  }
}

function same(a: Contents, b: Contents): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function watchDirectory(directory: string, signal: AbortSignal) {
  let notified = new AbortController();
  const watcher = openWatcher(directory, signal);
  watcher?.on("change", () => notified.abort());
  watcher?.on("error", () => watcher.close());
  return {
    /** Resolves at the next notification, at once if one came since the last call, or at the poll. */
    async next(clock: Clock, signal: AbortSignal): Promise<void> {
      await clock.sleep(pollMs, AbortSignal.any([signal, notified.signal])).catch(() => {});
      signal.throwIfAborted();
      notified = new AbortController();
    },
  };
}

/** Nothing where the directory or the system does not allow it; polling remains. */
function openWatcher(directory: string, signal: AbortSignal): FSWatcher | undefined {
  try {
    return watch(directory, { signal });
  } catch {
    return undefined;
  }
}
