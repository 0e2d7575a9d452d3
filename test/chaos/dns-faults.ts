import type { Faults } from "../../src/lab/fake-dns/faults.js";
import type { Random } from "../dns/mutate.js";
import { between, chance, pick } from "./dice.js";

const single: readonly ((random: Random) => Partial<Faults>)[] = [
  (random) => ({ drop: between(random, [3, 10]) / 10 }),
  () => ({ servfail: true }),
  () => ({ nxdomain: true }),
  // Answers that name those who are gone matter most where pods are made anew.
  () => ({ stale: true }),
  () => ({ stale: true }),
  (random) => ({ lagMs: between(random, [1000, 6000]) }),
  (random) => ({ delayMs: between(random, [200, 3000]) }),
  () => ({ truncate: true }),
];

/** One fault of DNS, now and then two at once. */
export function chooseFaults(random: Random): Partial<Faults> {
  const first = pick(random, single)(random);
  return chance(random, 0.25) ? { ...first, ...pick(random, single)(random) } : first;
}
