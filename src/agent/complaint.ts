import type { Log } from "../system/log.js";

/** Says what is wrong once, for as long as it stays the same. */
export interface Complaint {
  readonly say: (what: string) => void;
  /** It is not wrong any more. */
  readonly over: () => void;
}

export function createComplaint(log: Log): Complaint {
  let said: string | undefined;
  return {
    say: (what) => {
      if (what !== said) log("error", what);
      said = what;
    },
    over: () => {
      said = undefined;
    },
  };
}
