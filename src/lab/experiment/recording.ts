/* All that was seen of one way. */
import type { Call } from "./client.js";
import type { Lane } from "./lanes.js";

export interface Recording {
  /** Of the way. */
  readonly name: string;
  readonly about: string;
  readonly lengthMs: number;
  readonly calls: readonly Call[];
  readonly lanes: readonly Lane[];
  /** When each thing has happened. */
  readonly marks: readonly Mark[];
  /** All members were ready in the end. */
  readonly allBack: boolean;
  readonly proof: Proof;
}

export interface Mark {
  readonly atMs: number;
  readonly what: string;
}

/** Whether all that was acknowledged is there at the end. */
export interface Proof {
  readonly acknowledged: number;
  readonly members: readonly {
    readonly name: string;
    /** Acknowledged rows that it has not; undefined where it did not answer. */
    readonly missing: number | undefined;
  }[];
}
