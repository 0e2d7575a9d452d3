/*
 * How a mutation is caught: by its known counterexample, or with random walks.
 */
import { counterexamples } from "./counterexamples.js";
import type { Mutation } from "./mutations.js";
import { replay, shortened, walk } from "./random.js";
import { makeWorld, wild } from "./setups.js";
import { type Context, parseSteps } from "./steps.js";

/** Where a mutation is looked for, and its counterexample is played. */
export function mutated({
  rules,
  world,
  losses = 0,
  tokens = 0,
  remerge = "all",
}: Mutation): Context {
  const bounds = { members: 3, faults: 8, losses, writes: 7, tokens };
  return { setup: makeWorld(world, bounds, { kinds: wild, remerge }), rules };
}

/** What a mutation does wrong: by its known counterexample, else looked for with random walks. */
export function catchIt(mutation: Mutation, walks: number): Caught | undefined {
  const steps = counterexamples[mutation.rules.name];
  if (steps === undefined) return huntFor(mutation, walks);
  const trace = parseSteps(steps);
  const { what } = replay(mutated(mutation), trace);
  return what === undefined ? undefined : { what, trace };
}

/** Looks for what a mutation does wrong, with random walks of three members. */
export function huntFor(mutation: Mutation, walks: number, first = 1): Caught | undefined {
  const context = mutated(mutation);
  for (let seed = first; seed < first + walks; seed += 1) {
    const { what, trace } = walk(context, seed, 400);
    if (what === undefined) continue;
    const short = shortened(context, trace, what);
    return { what: replay(context, short).what ?? what, trace: short };
  }
  return undefined;
}

export interface Caught {
  readonly what: string;
  readonly trace: readonly number[];
}
