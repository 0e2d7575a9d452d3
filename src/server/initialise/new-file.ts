import { closeSync, fchownSync, openSync, rmSync, writeFileSync } from "node:fs";
import type { ProcessAccount } from "../../system/processes.js";

/**
 * Makes a file anew in a directory that another account can write in, and opens it to read and write.
 * What is there is removed: a symbolic link would lead root to any file.
 *
 * @param owner whom root gives it to
 * @returns the descriptor; it stays this file's, whatever becomes of the name
 */
export function openNew(path: string, mode: number, owner: ProcessAccount | undefined): number {
  rmSync(path, { force: true });
  const fd = openSync(path, "wx+", mode);
  if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
  return fd;
}

/** Makes such a file, which everybody may read, with a text in it. */
export function writeNew(path: string, text: string): void {
  const fd = openNew(path, 0o644, undefined);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
