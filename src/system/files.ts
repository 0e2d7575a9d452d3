import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { errnoOf } from "./failure.js";

/** What a file's replacement takes over from it. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
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
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    if (errnoOf(error) !== "EPERM") throw error;
  }
}

/** Makes durable which names a directory has: a rename is not, by itself. */
export function flushDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
