import { closeSync, openSync, readSync } from "node:fs";
import { errnoOf } from "../system/failure.js";

/** What has been added to a file, piece by piece. */
export interface Tail {
  /** The whole lines that have come since; none where the file is not there. */
  lines(): readonly string[];
}

/** @param fromBytes where to begin */
export function openTail(path: string, fromBytes = 0): Tail {
  let offset = fromBytes;
  let rest = Buffer.alloc(0);
  const piece = Buffer.alloc(65_536);
  const more = (file: number): boolean => {
    const length = readSync(file, piece, 0, piece.length, offset);
    offset += length;
    rest = Buffer.concat([rest, piece.subarray(0, length)]);
    return length > 0;
  };
  return {
    lines: () => {
      const file = openIfThere(path);
      if (file === undefined) return [];
      try {
        while (more(file));
      } finally {
        closeSync(file);
      }
      const end = rest.lastIndexOf("\n");
      if (end < 0) return [];
      const text = rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
      return text.split("\n");
    },
  };
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
