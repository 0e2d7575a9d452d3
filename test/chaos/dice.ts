import type { Random } from "../dns/mutate.js";

export function chance(random: Random, part: number): boolean {
  return random(1000) < part * 1000;
}

/** A whole number, both ends included. */
export function between(random: Random, [least, most]: readonly [number, number]): number {
  return least + random(most - least + 1);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

/** So many of them, each at most once, in their order. */
export function some<T>(random: Random, from: readonly T[], count: number): readonly T[] {
  const left = [...from.keys()];
  const taken = Array.from({ length: count }, () => left.splice(random(left.length), 1)).flat();
  return from.filter((_, index) => taken.includes(index));
}
