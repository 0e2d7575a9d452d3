/*
 * The worlds to explore.
 */

import { settle } from "./fair.js";
import { realRules } from "./rules.js";
import { newWorld, outage, type Setup } from "./setup.js";
import { apply, encode, type StepKind } from "./steps.js";
import type { World } from "./world.js";

const own: StepKind[] = ["start", "notice", "consider", "halt", "act", "read"];
const server: StepKind[] = ["poll", "regroup", "end", "transfer", "finish"];

export type Bounds = Pick<Setup, "members" | "faults" | "losses" | "writes" | "tokens">;

type Make = (bounds: Bounds, more?: Partial<Setup>) => Setup;

const base = { replicas: undefined, ordered: false, remerge: "all" } as const;

/** All members of a cluster were killed at once; all have ledgers. */
export const afterOutage: Make = (bounds, more) => ({
  ...{ ...base, name: "outage", ...bounds },
  kinds: [...own, ...server, "write", "flush", "crash", "kill", "isolate", "heal"],
  initial: () => outage(bounds.members, bounds, { ledgers: true }),
  ...more,
});

/** The last member had left before the others were killed. */
export const shrunk: Make = (bounds, more) => ({
  ...afterOutage(bounds, { name: "shrunk", ...more }),
  initial: () => outage(bounds.members, bounds, { ledgers: true, shrunk: true }),
});

/** The same without ledgers: it ran with another entrypoint until then. */
export const migrated: Make = (bounds, more) => ({
  ...{ ...base, name: "migrated", ...bounds, replicas: bounds.members },
  kinds: [...own, "look", ...server, "write", "crash", "kill", "isolate", "heal"],
  initial: () => outage(bounds.members, bounds, { ledgers: false }),
  ...more,
});

/** Nothing exists, and the pods come one after the other. */
export const ordered: Make = (bounds, more) => ({
  ...{ ...base, name: "ordered", ...bounds, ordered: true },
  kinds: [...own, "look", ...server, "write", "crash", "kill", "isolate", "heal"],
  initial: () => newWorld(bounds.members, bounds),
  ...more,
});

/** Nothing exists, and all pods come at once. */
export const parallel: Make = (bounds, more) => ({
  ...{ ...base, name: "parallel", ...bounds, replicas: bounds.members },
  kinds: [...own, "look", ...server, "write", "crash", "kill", "isolate", "heal"],
  initial: () => newWorld(bounds.members, bounds),
  ...more,
});

/** Everything that the model knows. */
export const wild: StepKind[] = [
  ...[...own, "look", "learn", ...server, "write", "flush", "crash", "kill", "restart"],
  ...["mute", "revive", "stop", "stopTwo", "remove", "isolate", "meet", "heal", "deafen", "lose"],
  ...["force", "discard"],
] as StepKind[];

/** All run, and each is cut off from the others; nothing is primary. */
export const split: Make = (bounds, more) => {
  const setup = afterOutage(bounds, { name: "split", ...more });
  const all = Array.from({ length: bounds.members }, (_, index) => index);
  return { ...setup, initial: () => apart(setup, all) };
};

function apart(setup: Setup, all: readonly number[]): World {
  const free = { ...setup, kinds: [...setup.kinds, "isolate" as const] };
  const context = { setup: free, rules: realRules };
  const begin = { ...setup.initial(), faults: all.length };
  const { world } = settle(begin, context);
  const step = (now: World, kind: StepKind, i: number) =>
    apply(now, encode(kind, i), context) ?? now;
  const cut = all.slice(1).reduce((now, i) => step(now, "isolate", i), world);
  const alone = all.reduce((now, i) => step(now, "regroup", i), cut);
  return { ...alone, net: all.map(() => 0), faults: setup.faults };
}

const worlds = { outage: afterOutage, migrated, ordered, parallel, split, shrunk };

export type WorldName = keyof typeof worlds;

export const worldNames = Object.keys(worlds) as WorldName[];

export const makeWorld = (name: WorldName, bounds: Bounds, more?: Partial<Setup>): Setup =>
  worlds[name](bounds, more);

/** What a random walk may do besides, and where it begins; else the seed says. */
export interface Wish {
  readonly world?: WorldName | undefined;
  readonly losses?: number | undefined;
  readonly tokens?: number | undefined;
  /** The ledgers of views reach the disk late. */
  readonly lag?: boolean | undefined;
}

/** Everything at once, for random walks. */
export function anything(members: number, seed: number, wish: Wish = {}): Setup {
  const part = seed >> 2;
  const name = wish.world ?? worldNames[seed % 6] ?? "outage";
  const losses = wish.losses ?? (part % 3 === 0 ? 1 : 0);
  const tokens = wish.tokens ?? (part % 5 === 0 ? 2 : 0);
  const kinds: readonly StepKind[] = wish.lag ? [...wild, "save"] : wild;
  const bounds = { members, faults: 2 + (part % 9), losses, writes: 7, tokens };
  const remerge = part % 2 === 0 ? "all" : "majority";
  // An ordered start is one without GALERA_REPLICAS; the others may have it.
  const all = part % 7 < 3 && name !== "ordered" ? { replicas: members } : {};
  return makeWorld(name, bounds, { kinds, remerge, ...all });
}
