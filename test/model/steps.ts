/*
 * The steps of the adversary. A step is a number, so that a trace of millions of them is cheap.
 */
import { faultSteps } from "./faults.js";
import { lifeSteps } from "./life.js";
import { lookSteps } from "./looks.js";
import type { Rules } from "./rules.js";
import { serverSteps } from "./servers.js";
import type { Setup } from "./setup.js";
import type { World } from "./world.js";

export interface Context {
  readonly setup: Setup;
  readonly rules: Rules;
}

/** The world after a step; undefined where it is not possible or changes nothing. */
export type Apply = (world: World, i: number, j: number, context: Context) => World | undefined;

const table = { ...lifeSteps, ...lookSteps, ...serverSteps, ...faultSteps };

export type StepKind = keyof typeof table;

const kinds = Object.keys(table) as StepKind[];

/** What the second number of a step ranges over: another member, or so many variants. */
const variants: Partial<Record<StepKind, "member" | number>> = {
  ...{ read: "member", stopTwo: "member", meet: "member" },
  ...{ look: 3, write: 2, transfer: 3, regroup: 1 },
};

/** Steps without a member. */
const global = new Set<StepKind>(["heal"]);

export const encode = (kind: StepKind, i = 0, j = 0): number =>
  kinds.indexOf(kind) * 256 + i * 16 + j;

/** Every step that a setup knows of, possible or not. */
export function allSteps({ kinds: allowed, members }: Setup): number[] {
  const all = Array.from({ length: members }, (_, index) => index);
  return allowed.flatMap((kind) => {
    if (global.has(kind)) return [encode(kind)];
    const second = variants[kind] ?? 1;
    const others = second === "member" ? all : Array.from({ length: second }, (_, index) => index);
    return all.flatMap((i) =>
      others.filter((j) => second !== "member" || i !== j).map((j) => encode(kind, i, j)),
    );
  });
}

export function apply(world: World, step: number, context: Context): World | undefined {
  const kind = kinds[step >> 8];
  return kind && table[kind](world, (step >> 4) & 15, step & 15, context);
}

export function kindOf(step: number): StepKind {
  return kinds[step >> 8] as StepKind;
}

export function describeStep(step: number): string {
  const kind = kinds[step >> 8] ?? "?";
  if (global.has(kind as StepKind)) return kind;
  const j = step & 15;
  const second = variants[kind as StepKind];
  const detail = second === "member" ? ` galera-${j}` : second === undefined ? "" : ` (${j})`;
  return `${kind} galera-${(step >> 4) & 15}${detail}`;
}

/** The step of a line of a trace, as `describeStep` writes it. */
export function parseStep(line: string): number {
  const [kind = "", first = "0", second = "0"] = line.trim().split(/\s+/);
  if (!kinds.includes(kind as StepKind)) throw new Error(`no such step: ${line}`);
  const digits = (text: string) => Number(text.replace(/\D/g, ""));
  return encode(kind as StepKind, digits(first), digits(second));
}

/** The steps of a text, with a semicolon between them. */
export function parseSteps(text: string): number[] {
  const lines = text.split(";").map((line) => line.trim());
  return lines.filter((line) => line !== "").map(parseStep);
}
