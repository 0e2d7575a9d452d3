import { describe, expect, test } from "vitest";
import { counterexamples } from "./counterexamples.js";
import { settle } from "./fair.js";
import { mutated } from "./hunt.js";
import { mutations } from "./mutations.js";
import { replay, walk } from "./random.js";
import { realRules } from "./rules.js";
import { scenarios } from "./scenarios.js";
import { search } from "./search.js";
import { anything, makeWorld, type WorldName, wild } from "./setups.js";
import { type Context, describeStep, parseSteps } from "./steps.js";

const traceOf = (trace: readonly number[] = []) => trace.map(describeStep).join("; ");

describe("every order of steps of three members, from each start", { timeout: 60_000 }, () => {
  const starts: [WorldName, number][] = [
    ["outage", 1],
    ["migrated", 1],
    ["ordered", 1],
    ["parallel", 1],
    ["split", 1],
    ["shrunk", 1],
  ];
  test.each(starts)("%s, with %i fault", (name, faults) => {
    const bounds = { members: 3, faults, losses: 0, writes: 3, tokens: 0 };
    const context: Context = { setup: makeWorld(name, bounds), rules: realRules };
    const result = search(context, { depth: 60, states: 20_000 }, (world, number) => {
      if (number % 100 !== 0) return undefined;
      const outcome = settle(world, context);
      return outcome.kind === "stuck" ? outcome.why : undefined;
    });
    const { what, trace } = result.found ?? {};
    expect(what, traceOf(trace)).toBeUndefined();
    expect(result.states).toBeGreaterThan(10_000);
  });
});

describe("random walks, with lost disks and tokens", { timeout: 60_000 }, () => {
  test.each([3, 5, 7])("%i members", (members) => {
    for (let seed = 1; seed <= 2400 / members; seed += 1) {
      const context = { setup: anything(members, seed), rules: realRules };
      const { what, trace } = walk(context, seed, 500);
      expect(what, `seed ${seed}: ${traceOf(trace)}`).toBeUndefined();
    }
  });
});

describe("what was found once", () => {
  test.each(scenarios)("$name", ({ world, losses, tokens, steps }) => {
    const bounds = { members: 3, faults: 9, losses, writes: 7, tokens };
    const context = { setup: makeWorld(world, bounds, { kinds: wild }), rules: realRules };
    expect(replay(context, parseSteps(steps)).what).toBeUndefined();
  });
});

describe("a mutation is caught, and not the real code", { timeout: 20_000 }, () => {
  const known = mutations.filter(({ covered }) => covered === undefined);
  test.each(known.map((one) => [one.rules.name, one] as const))("%s", (name, mutation) => {
    const trace = parseSteps(counterexamples[name] ?? "");
    const context = mutated(mutation);
    expect(replay(context, trace).what).toMatch(/^(S1|S2|S3|L): /);
    expect(replay({ ...context, rules: realRules }, trace).what).toBeUndefined();
  });
});
