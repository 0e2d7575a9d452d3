/*
 * Long random walks, each from its seed, and how a counterexample is made short.
 */
import { type Outcome, settle } from "./fair.js";
import { forgetInterned, internedCount } from "./intern.js";
import { splitBrain } from "./invariants.js";
import type { Setup } from "./setup.js";
import { allSteps, apply, type Context, kindOf, type StepKind } from "./steps.js";
import type { World } from "./world.js";

/** mulberry32: numbers from 0 to 1. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** How often a kind of step is tried, against 1 for those of everyday life. */
const weights: Partial<Record<StepKind, number>> = {
  ...{ read: 2, consider: 3, start: 1, notice: 0.3, look: 0.5, transfer: 2, finish: 2 },
  ...{ crash: 0.05, kill: 0.05, restart: 0.04, mute: 0.02, stop: 0.06, stopTwo: 0.02 },
  ...{ remove: 0.02, isolate: 0.05, meet: 0.05, heal: 0.05, deafen: 0.02, lose: 0.05 },
  ...{ force: 0.1, discard: 0.1, write: 0.2, flush: 0.2, poll: 0.5, revive: 0.1 },
};

export interface Walk {
  readonly trace: readonly number[];
  readonly what: string | undefined;
  readonly exempt: string | undefined;
  readonly outcome: Outcome | undefined;
}

export function walk(context: Context, seed: number, length: number): Walk {
  if (internedCount() > 200_000) {
    forgetInterned();
    context.rules.cache.clear();
  }
  const random = generator(seed);
  const pick = picker(context.setup, random);
  const trace: number[] = [];
  let world = context.setup.initial();
  for (let count = 0; count < length; count += 1) {
    const step = pick();
    const next = apply(world, step, context);
    if (next === undefined) continue;
    trace.push(step);
    world = next;
    const { exempt } = world;
    const what = world.violation ?? splitBrain(world);
    if (what !== undefined || exempt) return { trace, what, exempt, outcome: undefined };
  }
  const outcome = settle(world, context);
  const what = outcome.kind === "stuck" ? `L: ${outcome.why}` : undefined;
  return { trace, what, exempt: undefined, outcome };
}

function picker(setup: Setup, random: () => number): () => number {
  const byKind = new Map<StepKind, number[]>();
  for (const step of allSteps(setup)) {
    const kind = kindOf(step);
    byKind.set(kind, [...(byKind.get(kind) ?? []), step]);
  }
  const kinds = [...byKind.keys()];
  // Each run has its own mood: what never happens in one is frequent in another.
  const moods = kinds.map((kind) => {
    const mood = [0.05, 0.3, 1, 1, 4][Math.floor(random() * 5)] ?? 1;
    return { kind, weight: (weights[kind] ?? 1) * mood };
  });
  const total = moods.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let left = random() * total;
    const mood = moods.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const steps = byKind.get(mood?.kind ?? "consider") ?? [];
    return steps[Math.floor(random() * steps.length)] ?? 0;
  };
}

/** What a trace comes to; steps that are not possible are passed over. */
export function replay(
  context: Context,
  trace: readonly number[],
): { world: World; what?: string } {
  let world = context.setup.initial();
  for (const step of trace) {
    world = apply(world, step, context) ?? world;
    const what = world.violation ?? splitBrain(world);
    if (what !== undefined) return { world, what };
    if (world.exempt !== undefined) return { world };
  }
  const outcome = settle(world, context);
  return outcome.kind === "stuck" ? { world, what: `L: ${outcome.why}` } : { world };
}

/** Leaves out of a counterexample whatever it does without. */
export function shortened(context: Context, trace: readonly number[], what: string): number[] {
  const isSame = (shorter: readonly number[]) =>
    replay(context, shorter).what?.slice(0, 2) === what.slice(0, 2);
  let best = [...trace];
  for (let size = Math.max(1, best.length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      if (isSame(shorter)) best = shorter;
      else at += size;
    }
  }
  for (let before = -1; before !== best.length; ) {
    before = best.length;
    for (let at = best.length - 1; at >= 0; at -= 1) {
      const shorter = [...best.slice(0, at), ...best.slice(at + 1)];
      if (isSame(shorter)) best = shorter;
    }
  }
  return best;
}
