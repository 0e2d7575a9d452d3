/*
 * How much of an SST has come, from looks at the joiner's files. Pure.
 *
 * What was there before counts for nothing until it is replaced. rsync writes over a stale joiner's
 * files in place, and while it does so nobody can see how far it is: such a file counts once it has
 * stopped to change. Where the joiner was empty, and in mariabackup's own directory, files only grow.
 */
import { isPayload } from "./payload.js";
import type { Found } from "./walk.js";

interface Before {
  readonly bytes: number;
  readonly changedMs: number;
  /** When it had changed as of the last look. */
  readonly lastMs: number;
}

/** What a look has counted. */
export interface Counted {
  readonly bytes: number;
  /** Files that are as they were before the SST, which leaves none so. */
  readonly untouched: number;
}

export interface Look {
  readonly see: (found: Found) => void;
  readonly end: () => Counted;
}

/** One joiner's way in. */
export function createTally() {
  let before: ReadonlyMap<string, Before> = new Map();
  return {
    /** What is there before anything has come. */
    baseline: (): Look => {
      const still = new Map<string, Before>();
      const see = ({ path, bytes, changedMs }: Found) => {
        if (bytes === undefined || !isPayload(path)) return;
        still.set(path, { bytes, changedMs, lastMs: changedMs });
      };
      return {
        see,
        end: () => {
          before = still;
          return { bytes: 0, untouched: still.size };
        },
      };
    },
    /** @param writing whether the SST may be in the middle of a file */
    look: (writing: boolean): Look => {
      const still = new Map<string, Before>();
      let [received, untouched] = [0, 0];
      const see = ({ path, bytes, changedMs }: Found) => {
        if (bytes === undefined || !isPayload(path)) return;
        const known = before.get(path);
        // One that is smaller was made anew, as all are that a look does not find any more.
        if (known === undefined || bytes < known.bytes) {
          received += bytes;
          return;
        }
        still.set(path, { ...known, lastMs: changedMs });
        if (changedMs === known.changedMs) untouched += 1;
        else if (!writing || changedMs === known.lastMs) received += bytes;
      };
      return {
        see,
        end: () => {
          before = still;
          return { bytes: received, untouched };
        },
      };
    },
  };
}
