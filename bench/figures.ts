/** What the benches print. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Milliseconds as seconds, in a column. */
export function seconds(ms: number, width = 8): string {
  return (ms / 1000).toFixed(2).padStart(width);
}

/** A bound's line; whether it is kept. */
export function kept(what: string, value: number, bound: number): boolean {
  const isKept = value <= bound;
  console.log(`${what}: ${value.toFixed(2)} (bound ${bound}${isKept ? "" : ", BROKEN"})`);
  return isKept;
}
