/*
 * What happens in a round, as data. It follows from the seed and the round's number alone, so any
 * round can be played again without those before it.
 */
import type { Faults } from "../../src/lab/fake-dns/faults.js";
import type { Order } from "../../src/lab/orders.js";
import type { Policy } from "../../src/lab/statefulset.js";
import { type Random, seeded } from "../dns/mutate.js";
import { between, chance } from "./dice.js";
import { chooseFaults } from "./dns-faults.js";
import { newClusterKinds, type RoundKind, roundKinds } from "./kinds.js";

/** Whom only the cluster itself chooses: known by the programs that run in its container. */
export type Role = "initialising" | "founder" | "joiner" | "donor";

/** When a step is due, counted from the step before, or from the moment that a member has a role. */
export type When =
  | { readonly kind: "after"; readonly ms: number }
  | {
      readonly kind: "role";
      readonly role: Role;
      readonly thenMs: number;
      /** Without such a member for so long, the step is left out. */
      readonly withinMs: number;
    };

/** An order, or the kill of whoever has the role that the step has waited for. */
export type Act = Order | { readonly kind: "kill-role"; readonly container: "mariadb" | "all" };

export interface Step {
  readonly when: When;
  readonly act: Act;
}

export type Failover = "default" | "fast";

/** A lab that several rounds share. */
export interface Era {
  readonly policy: Policy;
  readonly failover: Failover;
}

export interface RoundPlan extends Era {
  readonly seed: number;
  readonly round: number;
  /** One, or two that overlap. */
  readonly kinds: readonly string[];
  /** It begins with empty disks, and nobody writes before its faults are over. */
  readonly newCluster: boolean;
  /** All servers are down at once. */
  readonly outage: boolean;
  /** DNS misbehaves. */
  readonly dns: boolean;
  /** What is done; the last ones undo whatever does not end by itself. */
  readonly steps: readonly Step[];
}

export const replicas = 3;

/** So many rounds have one lab: the first of them makes a new cluster. */
const roundsOfEra = 10;

/** The lab that a round belongs to: all four combinations come in turn, the first by the seed. */
export function eraOf(seed: number, round: number): Era {
  const turn = seed + Math.floor((round - 1) / roundsOfEra);
  return {
    policy: turn % 2 === 0 ? "Parallel" : "OrderedReady",
    failover: turn % 4 < 2 ? "default" : "fast",
  };
}

/** @param round from 1 on */
export function planRound(seed: number, round: number): RoundPlan {
  const random = seeded(Math.imul(seed, 1_000_003) ^ Math.imul(round, 0x9e3779b1));
  const era = eraOf(seed, round);
  const newCluster = (round - 1) % roundsOfEra === 0;
  const possible = (newCluster ? newClusterKinds : roundKinds).filter(
    ({ onlyParallel }) => onlyParallel !== true || era.policy === "Parallel",
  );
  const kinds = chooseKinds(random, possible, era.policy);
  const own = overlap(
    random,
    kinds.map((kind) => kind.steps(random, era.policy)),
  );
  const withDns = kinds.some(({ dns }) => dns === "always") || chance(random, 0.35);
  const faulty = withDns ? addDnsFaults(own, chooseFaults(random), random(2)) : own;
  const holds = kinds.map(({ holdMs }) => between(random, holdMs ?? [1000, 5000]));
  const steps = [...faulty, ...healing(faulty, Math.max(...holds, withDns ? 4000 : 0))];
  return {
    ...{ seed, round, kinds: kinds.map(({ name }) => name), ...era, newCluster },
    ...{ outage: steps.some(({ act }) => takesAllDown(act)), dns: withDns, steps },
  };
}

/** In a third of the rounds in which that can be, two at once. */
function chooseKinds(
  random: Random,
  possible: readonly RoundKind[],
  policy: Policy,
): readonly RoundKind[] {
  const choose = (from: readonly RoundKind[]) => chooseKind(from, random(totalWeight(from)));
  const mixes = ({ together }: RoundKind) => together === "always" || together === policy;
  const first = choose(possible);
  if (!mixes(first) || !chance(random, 0.33)) return [first];
  return [first, choose(possible.filter((kind) => mixes(kind) && kind !== first))];
}

/** The second ones begin while what the first ones have done is not over. */
function overlap(random: Random, parts: readonly (readonly Step[])[]): readonly Step[] {
  const [first = [], second = []] = parts;
  const [begin, ...rest] = second;
  if (begin === undefined) return first;
  const delayed: Step = { ...begin, when: after(between(random, [0, 6000])) };
  return [...first, delayed, ...rest];
}

function totalWeight(kinds: readonly RoundKind[]): number {
  return kinds.reduce((sum, { weight }) => sum + weight, 0);
}

function chooseKind(kinds: readonly RoundKind[], ticket: number): RoundKind {
  let left = ticket;
  for (const kind of kinds) {
    if (left < kind.weight) return kind;
    left -= kind.weight;
  }
  throw new Error(`no kind for ${ticket}`);
}

/** Before everything else, or right behind the first step. */
function addDnsFaults(
  steps: readonly Step[],
  faults: Partial<Faults>,
  place: number,
): readonly Step[] {
  const step: Step = { when: after(place === 0 ? 0 : 100), act: { kind: "dns", faults } };
  const whole = [...steps.slice(0, place), step, ...steps.slice(place)];
  const first = whole.findIndex(({ when }) => when.kind === "role");
  if (first < place || !isTotal(faults)) return whole;
  // Without DNS nobody would come to have the role.
  const end: Step = { when: after(totalMs), act: { kind: "dns", faults: {} } };
  return [...whole.slice(0, first), end, ...whole.slice(first)];
}

const totalMs = 3000;

function isTotal({ servfail, nxdomain, drop = 0 }: Partial<Faults>): boolean {
  return servfail === true || nxdomain === true || drop >= 1;
}

export const after = (ms: number): When => ({ kind: "after", ms });

/** What ends all that lasts, `holdMs` after the last step. */
export function healing(steps: readonly Step[], holdMs: number): readonly Step[] {
  const paused = new Set<number>();
  const stopped = new Set<number>();
  let isCut = false;
  let isDnsFaulty = false;
  let count = replicas;
  for (const { act } of steps) {
    switch (act.kind) {
      case "pause":
        for (const member of act.members) paused.add(member);
        break;
      case "resume":
        for (const member of act.members) paused.delete(member);
        break;
      case "stop":
        for (const member of act.members) stopped.add(member);
        break;
      case "start":
        for (const member of act.members) stopped.delete(member);
        break;
      case "partition":
        isCut = true;
        break;
      case "heal":
        isCut = false;
        break;
      case "dns":
        isDnsFaulty = Object.keys(act.faults).length > 0;
        break;
      case "scale":
        count = act.replicas;
        break;
    }
  }
  const acts: readonly Order[] = [
    // One by one: a member that is not there keeps nobody else paused.
    ...[...paused].map((member) => ({ kind: "resume", members: [member] }) as const),
    ...(isCut ? [{ kind: "heal" } as const] : []),
    ...(isDnsFaulty ? [{ kind: "dns", faults: {} } as const] : []),
    ...(stopped.size > 0 ? [{ kind: "start", members: [...stopped] } as const] : []),
    ...(count === replicas ? [] : [{ kind: "scale", replicas } as const]),
  ];
  return acts.map((act, index) => ({ when: after(index === 0 ? holdMs : 0), act }));
}

/** Whether this act alone leaves no server running. */
export function takesAllDown(act: Act): boolean {
  switch (act.kind) {
    case "outage":
      return true;
    case "kill":
      return act.members.length >= replicas && act.container !== "agent";
    case "delete":
    case "stop":
      return act.members.length >= replicas;
    default:
      return false;
  }
}
