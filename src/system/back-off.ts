/** How long to wait before something is tried again. */
export interface BackOff {
  /** It has failed once more: a second at first, twice as long each time, at most a minute. */
  readonly failed: () => number;
  /** It has not, or what is tried is another thing now. */
  readonly over: () => void;
}

const firstMs = 1000;
const longestMs = 60_000;

export function createBackOff(): BackOff {
  let nextMs = firstMs;
  return {
    failed: () => {
      const ms = nextMs;
      nextMs = Math.min(longestMs, 2 * ms);
      return ms;
    },
    over: () => {
      nextMs = firstMs;
    },
  };
}
