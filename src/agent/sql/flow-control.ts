/** Over so long a share is measured. */
const windowMs = 10_000;

interface Sample {
  readonly atMs: number;
  readonly pausedNs: bigint;
}

/** Works out which part of the last ten seconds flow control has paused replication for. */
export function createFlowControl() {
  /** The first one is from the window's begin or before, once there is one so old. */
  let samples: readonly Sample[] = [];
  return {
    /**
     * @param pausedNs `wsrep_flow_control_paused_ns`, which only grows while a server runs; undefined
     *   where it could not be asked
     * @returns 0 to 1; in a server's first ten seconds what was seen to be paused counts as a part of
     *   ten, too. Undefined where there is nothing to compare with
     */
    paused: (nowMs: number, pausedNs: bigint | undefined): number | undefined => {
      if (pausedNs === undefined) return undefined;
      const last = samples.at(-1);
      const isAnother = last !== undefined && pausedNs < last.pausedNs; // FLUSH STATUS, or a restart
      const isNew = last === undefined || isAnother || nowMs - last.atMs > windowMs;
      const all = [...(isNew ? [] : samples), { atMs: nowMs, pausedNs }];
      const begin = all.findLastIndex(({ atMs }) => nowMs - atMs >= windowMs);
      samples = all.slice(Math.max(begin, 0));
      const [first = last] = samples;
      if (first === undefined || samples.length < 2) return undefined;
      const spanMs = Math.max(nowMs - first.atMs, windowMs);
      return Math.min(1, Number(pausedNs - first.pausedNs) / 1e6 / spanMs);
    },
    forget: () => {
      samples = [];
    },
  };
}
