import type { Dirent, Stats } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What lies below a directory, as it was when a walk came by. */
export interface Found {
  /** From that directory on. */
  readonly path: string;
  /** Undefined for what is no file. */
  readonly bytes: number | undefined;
  /** The time of change, which nobody can set: rsync sets that of modification, for one. */
  readonly changedMs: number;
}

export type See = (found: Found) => void;

/** Goes through all that lies below a directory; what cannot be read is left out. */
export type Walk = (directory: string, see: See) => Promise<void>;

/** Of the time, walks take one part in so many: 20,000 files take a second. */
export const walkShare = 20;

/** Files of this program are nothing of the server's. */
const ownPrefix = "galera-peers.";

export const walk: Walk = (directory, see) => visit(directory, "", "real", see);

async function visit(
  root: string,
  path: string,
  directory: "real" | "linked",
  see: See,
): Promise<void> {
  for await (const entry of entriesOf(join(root, path))) {
    if (entry.name.startsWith(ownPrefix)) continue;
    const child = join(path, entry.name);
    const about = await quietly(stat(join(root, child)));
    if (about === undefined) continue;
    const bytes = about.isFile() ? about.size : undefined;
    see({ path: child, bytes, changedMs: about.ctimeMs });
    const kind = subdirectory(entry, about);
    if (kind !== undefined && directory === "real") await visit(root, child, kind, see);
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
