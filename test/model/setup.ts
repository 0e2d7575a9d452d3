/*
 * The bounds of an exploration and the worlds that it begins in.
 */
import type { Ledger } from "../../src/bootstrap/ledger.js";
import { intern } from "./intern.js";
import type { StepKind } from "./steps.js";
import {
  append,
  change,
  type Disk,
  type History,
  type Member,
  nameOf,
  noWrites,
  uuidOf,
  type World,
  writesIn,
} from "./world.js";

export interface Setup {
  readonly name: string;
  readonly members: number;
  readonly replicas: number | undefined;
  /** Pods are made one after the other, each once the one before is ready. */
  readonly ordered: boolean;
  /** What the adversary may do. */
  readonly kinds: readonly StepKind[];
  readonly faults: number;
  readonly losses: number;
  readonly writes: number;
  readonly tokens: number;
  /** How non-primary components become primary when they meet: Galera wants all of the last view. */
  readonly remerge: "all" | "majority";
  /** Made anew for each run, since random runs forget what was interned. */
  readonly initial: () => World;
}

const emptyDisk: Disk = intern({
  ...{ kind: "empty", uuid: 0, history: noWrites, clean: false, safe: false, marked: false },
});

export const blankDisk = (): Disk => intern(emptyDisk);

function memberOf(members: number, patch: Partial<Member>): Member {
  const blank: Member = {
    ...{ created: false, disk: blankDisk(), ledger: undefined, agent: undefined },
    ...{ agents: 0, servers: 0, run: "none", bootstraps: false, server: undefined },
    ...{ named: 0, fresh: false, forces: 0, discards: 0, hash: [0, 0] },
    contacts: Array.from({ length: members }, () => undefined),
  };
  return change(blank, patch);
}

function worldOf(members: readonly Member[], patch: Partial<World>): World {
  return {
    ...{ members, net: members.map(() => 0), deaf: 0, faults: 0, losses: 0, writes: 0, acked: 0 },
    ...{
      precious: 0,
      clusters: 0,
      tokens: 0,
      lost: 0,
      blind: 0,
      violation: undefined,
      exempt: undefined,
    },
    ...patch,
  };
}

type Bounds = Pick<Setup, "faults" | "losses" | "writes" | "tokens">;

/** Nothing exists yet. */
export function newWorld(members: number, bounds: Bounds): World {
  return worldOf(
    Array.from({ length: members }, () => memberOf(members, {})),
    bounds0(bounds),
  );
}

function bounds0({ faults, losses, tokens }: Bounds): Partial<World> {
  return { faults, losses, tokens };
}

/** A cluster that ended at once; some were behind in applying. */
export interface Outage {
  readonly ledgers: boolean;
  /** The last member had left before, and knows the component before that. */
  readonly shrunk?: boolean;
}

export function outage(
  members: number,
  bounds: Bounds,
  { ledgers, shrunk = false }: Outage,
): World {
  const first: History = append(noWrites, 0);
  const second: History = append(first, 1);
  const names = Array.from({ length: members }, (_, index) => nameOf(index));
  const isGone = (index: number) => shrunk && index === members - 1;
  const ledger = (index: number): Ledger => ({
    uuid: uuidOf(1),
    foundings: [{ epoch: 1, id: "first", seqno: -1n }],
    // It has run for long: a founding lets Galera count from 1 again.
    view: {
      number: isGone(index) ? 19 : 20,
      members: names.filter((_, at) => isGone(index) || !isGone(at)),
    },
    joining: undefined,
    discarded: [],
  });
  const disk = (index: number): Disk =>
    intern({
      ...{ kind: "data", uuid: 1, clean: isGone(index), safe: false, marked: false },
      history: index === 1 ? second : first,
    });
  const made = names.map((_, index) =>
    memberOf(members, {
      ...{ created: true, disk: disk(index) },
      ledger: ledgers ? intern(ledger(index)) : undefined,
    }),
  );
  const told = writesIn(second);
  return worldOf(made, {
    ...bounds0(bounds),
    ...{ writes: 2, acked: told, precious: told, clusters: 1 },
  });
}
