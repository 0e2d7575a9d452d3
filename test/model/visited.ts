/*
 * The worlds that were seen, as 64 bits each in an open-addressing table, and how each was reached.
 */
export interface Visited {
  /** @returns the world's number, or -1 where it is known */
  add(hash: readonly [number, number], from: number, step: number): number;
  size(): number;
  /** The steps from the initial world. */
  trace(number: number): number[];
}

export function createVisited(): Visited {
  let slots = 1 << 20;
  let table = new Int32Array(slots).fill(-1);
  let keys = new Uint32Array(slots);
  let parents = new Int32Array(slots / 2);
  let steps = new Uint16Array(slots / 2);
  let count = 0;

  const place = (high: number, low: number): number => {
    let slot = (high ^ Math.imul(low, 0x9e3779b1)) >>> 0;
    for (slot &= slots - 1; ; slot = (slot + 1) & (slots - 1)) {
      const number = table[slot] ?? -1;
      if (number < 0) return slot;
      if (keys[2 * number] === high && keys[2 * number + 1] === low) return slot;
    }
  };

  const grow = () => {
    slots *= 2;
    table = new Int32Array(slots).fill(-1);
    const [oldKeys, oldParents, oldSteps] = [keys, parents, steps];
    keys = new Uint32Array(slots);
    keys.set(oldKeys);
    parents = new Int32Array(slots / 2);
    parents.set(oldParents);
    steps = new Uint16Array(slots / 2);
    steps.set(oldSteps);
    for (let number = 0; number < count; number += 1) {
      table[place(keys[2 * number] ?? 0, keys[2 * number + 1] ?? 0)] = number;
    }
  };

  return {
    add([high, low], from, step) {
      const slot = place(high, low);
      if ((table[slot] ?? -1) >= 0) return -1;
      const number = count;
      table[slot] = number;
      keys[2 * number] = high;
      keys[2 * number + 1] = low;
      parents[number] = from;
      steps[number] = step;
      count += 1;
      if (count >= slots / 2) grow();
      return number;
    },
    size: () => count,
    trace(number) {
      const found: number[] = [];
      for (let at = number; at > 0; at = parents[at] ?? 0) found.push(steps[at] ?? 0);
      return found.reverse();
    },
  };
}
