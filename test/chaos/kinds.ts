/*
 * What can happen in a round. DNS faults come on top, and `healing` ends what a kind leaves behind.
 *
 * A member's disk is lost only while the others are well, and stay so for some seconds: Galera tells a
 * client that its write is safe once the others have received it, which is before they have written it.
 *
 * With OrderedReady a pod is created only where all before it are ready. So pods that are deleted while
 * no member is ready stay away, but for galera-0: a known limit, and here what does so is for
 * Parallel alone. Nor is the cluster scaled while others of its members are down: those that go for good
 * may be the only ones that have its last writes.
 */
import type { Policy } from "../../src/lab/statefulset.js";
import type { Random } from "../dns/mutate.js";
import { between, chance, pick, some } from "./dice.js";
import type { Role, Step, When } from "./plan.js";

export interface RoundKind {
  readonly name: string;
  readonly weight: number;
  readonly onlyParallel?: true;
  /** Another one may come on top: with any policy, with Parallel alone, or none. */
  readonly together?: "always" | "Parallel";
  /** It is nothing without them. */
  readonly dns?: "always";
  /** How long its faults last that do not end by themselves. */
  readonly holdMs?: readonly [number, number];
  readonly steps: (random: Random, policy: Policy) => readonly Step[];
}

const all = [0, 1, 2];

const after = (ms: number): When => ({ kind: "after", ms });
const step = (ms: number, act: Step["act"]): Step => ({ when: after(ms), act });
const once = (role: Role, thenMs: number, container: "mariadb" | "all"): Step => ({
  when: { kind: "role", role, thenMs, withinMs: 40_000 },
  act: { kind: "kill-role", container },
});
const server = (random: Random) => pick(random, ["mariadb", "all"] as const);
const outage = (ms = 0) => step(ms, { kind: "outage" });
const subset = (random: Random) => some(random, all, between(random, [1, 3]));
const one = (random: Random) => some(random, all, 1);

const sides = (random: Random) =>
  chance(random, 0.2) ? [[0], [1]] : [some(random, all, between(random, [1, 2]))];

/** More than Galera's time-outs, or not. */
const standstillMs = (random: Random) =>
  between(random, chance(random, 0.5) ? [500, 3000] : [8000, 14_000]);

export const roundKinds: readonly RoundKind[] = [
  {
    ...{ name: "kill", weight: 10, together: "always" },
    steps: (random) => {
      const container = pick(random, ["mariadb", "agent", "all"] as const);
      return [step(0, { kind: "kill", members: subset(random), container, signal: "SIGKILL" })];
    },
  },
  {
    ...{ name: "stop servers", weight: 8, together: "always" },
    steps: (random) => {
      const members = chance(random, 0.5) ? all : some(random, all, between(random, [1, 2]));
      return [step(0, { kind: "kill", members, container: "mariadb", signal: "SIGTERM" })];
    },
  },
  {
    ...{ name: "delete", weight: 8, together: "Parallel" },
    steps: (random, policy) => {
      const members = policy === "Parallel" ? subset(random) : one(random);
      const grace = chance(random, 0.2) ? { graceMs: 0 } : {};
      return [step(0, { kind: "delete", members, wipe: false, ...grace })];
    },
  },
  {
    ...{ name: "delete, DNS", weight: 6, dns: "always", onlyParallel: true },
    steps: (random) => [step(300, { kind: "delete", members: subset(random), wipe: false })],
  },
  {
    ...{ name: "DNS", weight: 2, dns: "always", holdMs: [3000, 8000] },
    steps: () => [],
  },
  {
    ...{ name: "pause", weight: 8, together: "always", holdMs: [0, 0] },
    steps: (random) => {
      const members = subset(random);
      const ms = standstillMs(random);
      const [first, ...others] = members.map((member) => [member]);
      return [
        step(0, { kind: "pause", members }),
        step(ms, { kind: "resume", members: first ?? [] }),
        ...others.map((own) => step(random(1000), { kind: "resume", members: own })),
      ];
    },
  },
  {
    ...{ name: "partition", weight: 10, together: "always", holdMs: [2000, 15_000] },
    steps: (random) => [
      step(0, { kind: "partition", sides: sides(random), node: chance(random, 0.5) }),
    ],
  },
  {
    ...{ name: "partition, kill", weight: 6, together: "always", holdMs: [2000, 10_000] },
    steps: (random) => [
      step(0, { kind: "partition", sides: sides(random), node: chance(random, 0.5) }),
      step(between(random, [100, 8000]), {
        ...{ kind: "kill", members: subset(random), container: server(random), signal: "SIGKILL" },
      }),
    ],
  },
  {
    ...{ name: "pause, kill", weight: 5, holdMs: [1000, 10_000] },
    steps: (random) => {
      const [paused = 0] = one(random);
      const others = all.filter((member) => member !== paused);
      const members = some(random, others, between(random, [1, 2]));
      return [
        step(0, { kind: "pause", members: [paused] }),
        step(between(random, [100, 8000]), {
          ...{ kind: "kill", members, container: server(random), signal: "SIGKILL" },
        }),
      ];
    },
  },
  {
    ...{ name: "disk loss", weight: 4 },
    steps: (random) => [step(0, { kind: "disk-loss", members: one(random) })],
  },
  {
    ...{ name: "joiner killed", weight: 5 },
    steps: (random) => [
      step(0, { kind: "disk-loss", members: one(random) }),
      once("joiner", random(1000), server(random)),
      ...(chance(random, 0.3) ? [once("joiner", random(1000), server(random))] : []),
    ],
  },
  {
    ...{ name: "donor killed", weight: 5 },
    steps: (random) => [
      step(0, { kind: "disk-loss", members: one(random) }),
      once("donor", random(500), server(random)),
    ],
  },
  {
    ...{ name: "outage", weight: 10, together: "always" },
    steps: (random) =>
      chance(random, 0.35) ? [outage(), outage(between(random, [500, 9000]))] : [outage()],
  },
  {
    ...{ name: "outage, late return", weight: 7, together: "Parallel", holdMs: [1000, 8000] },
    steps: (random, policy) => {
      const members = policy === "Parallel" ? subset(random) : [0];
      return [step(0, { kind: "stop", members }), outage(between(random, [60, 1500]))];
    },
  },
  {
    ...{ name: "outage, founder killed", weight: 8, together: "always" },
    steps: (random) => [outage(), once("founder", random(2500), server(random))],
  },
  {
    ...{ name: "outage, pause", weight: 4, together: "always", holdMs: [3000, 9000] },
    steps: (random) => [
      outage(),
      step(between(random, [100, 4000]), { kind: "pause", members: one(random) }),
    ],
  },
  {
    ...{ name: "outage, partition", weight: 5, together: "always", holdMs: [3000, 9000] },
    steps: (random) => {
      const cut = { kind: "partition", sides: sides(random), node: chance(random, 0.5) } as const;
      const isFirst = chance(random, 0.5);
      return isFirst
        ? [step(0, cut), outage(between(random, [100, 7000]))]
        : [outage(), step(between(random, [100, 4000]), cut)];
    },
  },
  {
    ...{
      name: "stop all",
      weight: 5,
      together: "Parallel",
      onlyParallel: true,
      holdMs: [3000, 9000],
    },
    steps: () => [step(0, { kind: "stop", members: all })],
  },
  {
    ...{ name: "scale", weight: 5, holdMs: [3000, 12_000] },
    steps: (random) => [step(0, { kind: "scale", replicas: pick(random, [2, 4, 5]) })],
  },
];

/** On empty disks: the lab has just been started. */
export const newClusterKinds: readonly RoundKind[] = [
  {
    ...{ name: "new cluster, initialisation killed", weight: 2 },
    steps: (random) => [once("initialising", random(1500), server(random))],
  },
  {
    ...{ name: "new cluster, founder killed", weight: 2 },
    steps: (random) => [once("founder", random(3000), server(random))],
  },
  {
    ...{ name: "new cluster, all killed", weight: 1 },
    steps: (random) => [outage(between(random, [1500, 9000]))],
  },
];
