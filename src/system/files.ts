import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf } from "./failure.js";

/** What a file's replacement takes over from it. */
export interface Ownership {
  readonly mode: number;
  /** Left out, with the group: whoever writes it. */
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Replaces a file whole or not at all: a temporary file beside it is written, flushed and renamed.
 * The temporary file is gone afterwards, whatever happens.
 *
 * Not by write-file-atomic 8: it takes a short write for a whole one, so on a disk that fills up it
 * renames a cut file over the old one; and to load it costs a start 12 ms.
 *
 * @param like the file so far, whose mode and owner are kept (the owner, if the user may); without
 *   one the mode is 0644
 * @param temporary beside it; another one each time, unless the file has one writer
 * @throws the system's error; the old file is then intact
 */
export function replaceFile(
  path: string,
  bytes: Buffer,
  like: Ownership | undefined,
  temporary = `${path}.${Math.random().toString(36).slice(2)}`,
): void {
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, "wx", 0o600);
  try {
    try {
      writeFileSync(fd, bytes);
      if (like !== undefined) keepOwner(fd, like);
      fchmodSync(fd, like === undefined ? 0o644 : like.mode & 0o7777);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Only root may give a file away; another user's replacement is that user's own. */
function keepOwner(fd: number, { uid, gid }: Ownership): void {
  if (uid === undefined || gid === undefined) return;
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    if (errnoOf(error) !== "EPERM") throw error;
  }
}

/** Makes durable which names a directory has: a rename is not, by itself. */
export function flushDirectory(path: string): void {
  flush(path);
}

/** Makes durable a directory with all that is below it; symbolic links are not followed. */
export function flushTree(path: string): void {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const within = entries.filter((entry) => entry.isFile() || entry.isDirectory());
  for (const { parentPath, name } of within) flush(join(parentPath, name));
  flush(path);
}

function flush(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens a file that has no name, with a content: nobody else finds it, and no kill leaves it behind. It is
 * in memory where that can be had.
 *
 * @returns its descriptor
 * @throws the system's error, of the second directory
 */
export function openUnnamed(content: string): number {
  const name = `galera-peers-${Math.random().toString(36).slice(2)}`;
  const fd = openFirst([join("/dev/shm", name), join(tmpdir(), name)]);
  writeFileSync(fd, content);
  return fd;
}

function openFirst([path = "", ...others]: readonly string[]): number {
  try {
    const fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    return fd;
  } catch (error) {
    if (others.length === 0) throw error;
    return openFirst(others);
  }
}

/**
 * Reads a file of somebody else's choice: never one without an end, or one that waits for a writer.
 *
 * @returns undefined for a file that is longer
 * @throws what opening or reading it throws, and Error for what is no regular file
 */
export function readAtMost(path: string, limit: number): Buffer | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is no regular file`);
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, null);
      if (count === 0) return bytes.subarray(0, length);
      length += count;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}
