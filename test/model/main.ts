/*
 * `npm run model`: explores exhaustively, at random, or what each mutation breaks. Exit code 1 for a
 * counterexample, or for a mutation that is not caught.
 */
import { parseArgs } from "node:util";
import { settle } from "./fair.js";
import { catchIt } from "./hunt.js";
import { mutations } from "./mutations.js";
import { shortened, walk } from "./random.js";
import { realRules } from "./rules.js";
import { search } from "./search.js";
import { anything, makeWorld, type WorldName, worldNames } from "./setups.js";
import { describeStep } from "./steps.js";

const usage = `model [--members 3] [--world ${worldNames.join("|")}] [--depth 60] [--states 1000000]
      [--faults 1] [--losses 0] [--writes 3] [--fair 100]      every world up to these bounds
model --random [--members 3] [--seed 1] [--runs 10000] [--steps 600] [--safe]   seeded walks
model --mutations [--runs 20000]                               what each mutation breaks`;

const { values } = parseArgs({
  options: {
    ...{ members: { type: "string" }, world: { type: "string" }, depth: { type: "string" } },
    ...{ states: { type: "string" }, faults: { type: "string" }, losses: { type: "string" } },
    ...{ writes: { type: "string" }, fair: { type: "string" }, seed: { type: "string" } },
    ...{ runs: { type: "string" }, steps: { type: "string" }, help: { type: "boolean" } },
    ...{ random: { type: "boolean" }, mutations: { type: "boolean" }, safe: { type: "boolean" } },
  },
});

const number = (text: string | undefined, otherwise: number) => Number(text ?? otherwise);
const members = number(values.members, 3);
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
const say = (line: string) => process.stdout.write(`${line}\n`);

const tell = (what: string, trace: readonly number[]) => {
  say(`VIOLATION ${what}`);
  for (const [at, step] of trace.entries()) say(`  ${at + 1}. ${describeStep(step)}`);
};

const count = (counts: Map<string, number>, key: string) =>
  counts.set(key, (counts.get(key) ?? 0) + 1);

const listed = (counts: ReadonlyMap<string, number>) =>
  [...counts].toSorted((a, b) => b[1] - a[1]).map(([what, times]) => `  ${times} × ${what}`);

function explore(name: WorldName): boolean {
  const bounds = {
    ...{ members, faults: number(values.faults, 1), losses: number(values.losses, 0) },
    ...{ writes: number(values.writes, 3), tokens: 0 },
  };
  const context = { setup: makeWorld(name, bounds), rules: realRules };
  const every = number(values.fair, 100);
  const outcomes = new Map<string, number>();
  const limits = { depth: number(values.depth, 60), states: number(values.states, 1_000_000) };
  const result = search(context, limits, (world, at) => {
    if (at % every !== 0) return undefined;
    const outcome = settle(world, context);
    count(outcomes, outcome.kind);
    return outcome.kind === "stuck" ? `L: ${outcome.why}` : undefined;
  });
  const end = result.exhausted ? "all there is" : result.complete ? "all" : "cut off by --states";
  say(
    `${name}, ${members} members, at most ${bounds.faults} faults, ${bounds.losses} lost disks, ${bounds.writes} writes: ` +
      `${result.states} states, ${result.edges} steps, ${result.depth} deep (${end}), ${seconds()}, ` +
      `${Math.round(process.memoryUsage().rss / 1e6)} MB; fair runs: ${[...outcomes].map((one) => one.join(" ")).join(", ")}`,
  );
  for (const line of listed(result.exempt)) say(line);
  if (result.found !== undefined) tell(result.found.what, result.found.trace);
  return result.found === undefined;
}

function walks(): boolean {
  const first = number(values.seed, 1);
  const outcomes = new Map<string, number>();
  for (let seed = first; seed < first + number(values.runs, 10_000); seed += 1) {
    const setup = anything(members, seed, values.safe ? { losses: 0, tokens: 0 } : {});
    const context = { setup, rules: realRules };
    const { what, trace, exempt, outcome } = walk(context, seed, number(values.steps, 600));
    if (what !== undefined) {
      say(
        `seed ${seed}: ${setup.name}, remerge of ${setup.remerge}, ${setup.losses} lost disks, ${setup.tokens} tokens`,
      );
      tell(what, shortened(context, trace, what));
      return false;
    }
    const why = outcome?.kind === "held" ? `held: ${plain(outcome.why)}` : outcome?.kind;
    count(outcomes, exempt === undefined ? (why ?? "?") : `exempt: ${exempt}`);
  }
  say(`${members} members, ${number(values.runs, 10_000)} walks from seed ${first}, ${seconds()}:`);
  for (const line of listed(outcomes)) say(line);
  return true;
}

/** A reason without the names and numbers of its case. */
const plain = (why: string): string =>
  (why.split(/[;|]/)[0] ?? "").replace(/galera-\d+/g, "a member").replace(/-?\d+/g, "N");

function hunts(): boolean {
  const missed = mutations.filter((mutation) => {
    const { rules, covered } = mutation;
    const caught = catchIt(mutation, number(values.runs, 5000));
    if (caught === undefined) {
      say(covered ? `not seen, ${covered}: ${rules.name}` : `NOT CAUGHT: ${rules.name}`);
      return covered === undefined;
    }
    const steps = `${caught.trace.length} steps`;
    say(`${rules.name}: caught in ${steps}: ${caught.what.slice(0, 100)}`);
    return false;
  });
  say(`${missed.length} of ${mutations.length} mutations missed, ${seconds()}`);
  return missed.length === 0;
}

function main(): boolean {
  if (values.help) {
    say(usage);
    return true;
  }
  if (values.mutations) return hunts();
  if (values.random) return walks();
  const names = worldNames.filter((name) => values.world === undefined || values.world === name);
  return names.map(explore).every(Boolean);
}

process.exitCode = main() ? 0 : 1;
