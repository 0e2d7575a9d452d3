/*
 * One object for equal values, and a number for each: what makes worlds cheap to compare.
 */
const objects = new Map<string, object>();
const ids = new Map<object, number>();

const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);

/** The one object that stands for all that are equal to this one. */
export function intern<T extends object>(value: T): T {
  if (ids.has(value)) return value;
  const key = JSON.stringify(value, plain);
  const known = objects.get(key);
  if (known !== undefined) return known as T;
  objects.set(key, value);
  ids.set(value, ids.size + 1);
  return value;
}

/** The number of an object that was interned; 0 for none. */
export function idOf(value: object | undefined): number {
  if (value === undefined) return 0;
  const id = ids.get(value);
  if (id === undefined) throw new Error(`not interned: ${JSON.stringify(value, plain)}`);
  return id;
}

/** Random runs meet ever new values, and do not come back to old ones. */
export function forgetInterned(): void {
  objects.clear();
  ids.clear();
}

export function internedCount(): number {
  return ids.size;
}
