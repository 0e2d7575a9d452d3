/*
 * Liveness: with no more faults, and everybody at its work in turn, all members come together.
 */

import { whole } from "./galera.js";
import { existing, observe } from "./life.js";
import { apply, type Context, encode, type StepKind } from "./steps.js";
import type { World } from "./world.js";

const rounds = 40;

/** What each member does in its turn, in this order. */
const turn: readonly StepKind[] = ["start", "notice", "learn", "save", "look", "poll"];
const after: readonly StepKind[] = ["consider", "halt", "act", "regroup", "end"];

export type Outcome =
  | { readonly kind: "together"; readonly world: World; readonly rounds: number }
  /** Somebody holds: only a human may go on. */
  | { readonly kind: "held"; readonly world: World; readonly why: string }
  | { readonly kind: "stuck"; readonly world: World; readonly why: string };

/** Lets everybody work, from any world, without faults. */
export function settle(from: World, context: Context): Outcome {
  const fair = { ...context, setup: { ...context.setup, kinds: [...context.setup.kinds, "look"] } };
  const wide = fair as Context;
  const attempt = (world: World, kind: StepKind, i = 0, j = 0): World =>
    world.violation === undefined && world.exempt === undefined
      ? (apply(world, encode(kind, i, j), wide) ?? world)
      : world;
  const all = from.members.map((_, index) => index);
  let world = attempt(from, "heal");
  for (let round = 0; round < rounds; round += 1) {
    for (const i of all) {
      if (world.members[i]?.created || isFirst(from, world)) world = turnOf(world, i, all, attempt);
    }
    if (isTogether(world)) return { kind: "together", world, rounds: round };
    if (world.exempt !== undefined) return { kind: "held", world, why: world.exempt };
    if (world.violation !== undefined) return { kind: "stuck", world, why: world.violation };
  }
  const reasons = whys(world, context);
  const holds = reasons.filter(([action]) => action === "hold").map(([, why]) => why);
  // Without a lost disk or a token, nobody needs a human.
  const excused =
    world.lost !== 0 || world.members.some(({ forces, discards }) => forces + discards);
  if (holds.length > 0 && excused) return { kind: "held", world, why: holds.join(" | ") };
  return { kind: "stuck", world, why: reasons.map(([, why]) => why).join(" | ") };
}

/** Members that were never made come to be; those that were scaled away do not. */
const isFirst = (from: World, world: World): boolean =>
  from.faults >= 0 && world.members.every(({ created, ledger }) => created || ledger === undefined);

type Attempt = (world: World, kind: StepKind, i?: number, j?: number) => World;

function turnOf(from: World, i: number, all: readonly number[], attempt: Attempt): World {
  let world = from;
  // An agent that was killed alone comes back.
  if (world.members[i]?.server !== undefined) world = attempt(world, "revive", i);
  for (const kind of turn) world = attempt(world, kind, i);
  for (const j of all) if (j !== i) world = attempt(world, "read", i, j);
  for (const kind of after) world = attempt(world, kind, i);
  world = attempt(world, "transfer", i, 0);
  world = attempt(world, "transfer", i, 1);
  return attempt(attempt(world, "finish", i), "flush", i);
}

function isTogether(world: World): boolean {
  const index = world.members.findIndex(({ created }) => created);
  const group = whole(world, index);
  const made = world.members.filter(({ created }) => created).length;
  return (
    group?.length === made &&
    group.every(({ server }) => server.status === "synced" && server.component.primary)
  );
}

function whys(world: World, { rules, setup }: Context): [string, string][] {
  return world.members.flatMap((member): [string, string][] => {
    if (member.agent === undefined) return [];
    const o = observe(member, member.agent, existing(world), true, setup.replicas);
    const decision = rules.decide(o);
    return [[decision.action, `${member.agent.name}: ${decision.why}`]];
  });
}
