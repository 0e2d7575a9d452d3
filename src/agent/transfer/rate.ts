/** What counts as now. */
const windowMs = 10_000;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** How fast a number of bytes has grown lately. */
export function createRate() {
  let samples: readonly Sample[] = [];
  return {
    add: (atMs: number, bytes: number): void => {
      // Of those that are older the last one stays: looks may be further apart than the window.
      const oldest = Math.max(
        samples.findLastIndex((one) => one.atMs <= atMs - windowMs),
        samples.findLastIndex((one) => one.bytes === 0), // it begins with the first byte
        0,
      );
      samples = [...samples.slice(oldest), { atMs, bytes }];
    },
    /** Bytes per second; undefined before two samples. */
    perSecond: (): number | undefined => {
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
      return Math.round(((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs));
    },
  };
}
