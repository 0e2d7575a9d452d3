/*
 * Breadth first through all worlds up to a bound: the first counterexample is a shortest one.
 */
import { splitBrain } from "./invariants.js";
import { allSteps, apply, type Context } from "./steps.js";
import { createVisited } from "./visited.js";
import { hashWorld, type World } from "./world.js";

export interface Bounds {
  readonly depth: number;
  readonly states: number;
}

export interface Found {
  readonly what: string;
  readonly trace: readonly number[];
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  readonly depth: number;
  /** Whether everything up to this depth was seen. */
  readonly complete: boolean;
  /** Nothing is left beyond it either. */
  readonly exhausted: boolean;
  readonly exempt: ReadonlyMap<string, number>;
  readonly found: Found | undefined;
}

interface Frontier {
  readonly worlds: readonly World[];
  readonly numbers: readonly number[];
}

/** Called for each new world; what it returns is a violation. */
export type Inspect = (world: World, number: number) => string | undefined;

export function search(context: Context, bounds: Bounds, inspect?: Inspect): Explored {
  const steps = allSteps(context.setup);
  const initial = context.setup.initial();
  const visited = createVisited();
  visited.add(hashWorld(initial), -1, 0);
  const exempt = new Map<string, number>();
  let frontier: Frontier = { worlds: [initial], numbers: [0] };
  let edges = 0;
  let depth = 0;
  const outcome = (found: Found | undefined, complete: boolean): Explored => ({
    ...{ states: visited.size(), edges, depth, complete, found, exempt },
    exhausted: frontier.worlds.length === 0,
  });
  while (frontier.worlds.length > 0 && depth < bounds.depth) {
    const worlds: World[] = [];
    const numbers: number[] = [];
    for (const [at, world] of frontier.worlds.entries()) {
      const from = frontier.numbers[at] ?? 0;
      for (const step of steps) {
        const next = apply(world, step, context);
        if (next === undefined) continue;
        edges += 1;
        const number = visited.add(hashWorld(next), from, step);
        if (number < 0) continue;
        const what = next.violation ?? splitBrain(next) ?? inspect?.(next, number);
        if (what !== undefined) return outcome({ what, trace: visited.trace(number) }, false);
        if (next.exempt !== undefined) {
          exempt.set(next.exempt, (exempt.get(next.exempt) ?? 0) + 1);
          continue;
        }
        worlds.push(next);
        numbers.push(number);
      }
      if (visited.size() >= bounds.states) return outcome(undefined, false);
    }
    frontier = { worlds, numbers };
    depth += 1;
  }
  return outcome(undefined, true);
}
