import { describe, expect, test } from "vitest";
import { namedIn } from "../../src/lab/orders.js";
import { newClusterKinds, roundKinds } from "./kinds.js";
import { eraOf, healing, planRound, type RoundPlan, replicas, takesAllDown } from "./plan.js";
import { planText } from "./plan-text.js";

const seeds = [1, 2, 3, 4, 17, 20_000];
const rounds = Array.from({ length: 300 }, (_, index) => index + 1);
const plansOf = (seed: number) => rounds.map((round) => planRound(seed, round));
const plans = seeds.flatMap(plansOf);

test("it follows from the seed and the number alone", () => {
  const again = rounds.toReversed().map((round) => planRound(1, round));
  expect(again.toReversed()).toEqual(plansOf(1));
  expect(planRound(1, 2)).not.toEqual(planRound(2, 2));
  expect(JSON.parse(JSON.stringify(plans))).toEqual(plans);
});

test.each(seeds)(
  "seed %i: enough outages and DNS faults in 300 rounds, and of all kinds",
  (seed) => {
    const own = plansOf(seed);
    expect(own.filter(({ outage }) => outage).length).toBeGreaterThanOrEqual(75);
    expect(own.filter(({ dns }) => dns).length).toBeGreaterThanOrEqual(75);
    const kinds = new Set(own.flatMap((plan) => plan.kinds));
    expect([...kinds].sort()).toEqual(
      [...roundKinds, ...newClusterKinds].map(({ name }) => name).sort(),
    );
  },
);

test("both policies and both time-outs, for ten rounds each", () => {
  const eras = [1, 10, 11, 21, 31, 41].map((round) => Object.values(eraOf(4, round)).join(" "));
  expect(eras).toEqual([
    "Parallel default",
    "Parallel default",
    "OrderedReady default",
    "Parallel fast",
    "OrderedReady fast",
    "Parallel default",
  ]);
  expect(plans.filter(({ newCluster }) => newCluster)).toHaveLength(30 * seeds.length);
});

test("what lasts is ended by the last steps", () => {
  for (const { steps } of plans) {
    expect(healing(steps, 0)).toEqual([]);
    const lasting = new Map<string, unknown>();
    for (const { act } of steps) {
      if (act.kind === "pause") for (const one of act.members) lasting.set(`paused ${one}`, act);
      if (act.kind === "resume") for (const one of act.members) lasting.delete(`paused ${one}`);
      if (act.kind === "stop") for (const one of act.members) lasting.set(`stopped ${one}`, act);
      if (act.kind === "start") for (const one of act.members) lasting.delete(`stopped ${one}`);
      if (act.kind === "partition") lasting.set("cut", act);
      if (act.kind === "heal") lasting.delete("cut");
      if (act.kind === "dns") lasting.set("dns", act);
      if (act.kind === "dns" && Object.keys(act.faults).length === 0) lasting.delete("dns");
      if (act.kind === "scale") lasting.set("scale", act);
      if (act.kind === "scale" && act.replicas === replicas) lasting.delete("scale");
    }
    expect([...lasting]).toEqual([]);
  }
});

test("nobody waits for a role while DNS says nothing at all", () => {
  for (const { steps } of plans) {
    let isTotal = false;
    for (const { when, act } of steps) {
      if (when.kind === "role") expect(isTotal).toBe(false);
      if (act.kind !== "dns") continue;
      const { servfail, nxdomain, drop = 0 } = act.faults;
      isTotal = servfail === true || nxdomain === true || drop >= 1;
    }
  }
});

test.each([
  ["joiner killed", "joiner"],
  ["donor killed", "donor"],
  ["outage, founder killed", "founder"],
  ["new cluster, initialisation killed", "initialising"],
  ["new cluster, founder killed", "founder"],
])("%s: a kill of the %s", (kind, role) => {
  const own = plans.filter((plan) => plan.kinds.includes(kind));
  expect(own.length).toBeGreaterThan(10);
  for (const { steps } of own) {
    const roles = steps.flatMap(({ when }) => (when.kind === "role" ? [when.role] : []));
    expect(roles).toContain(role);
  }
});

test("orders name members that there are", () => {
  for (const { steps } of plans) {
    for (const { act } of steps) {
      if (act.kind === "kill-role") continue;
      for (const ordinal of namedIn(act)) expect([0, 1, 2]).toContain(ordinal);
      if ("members" in act) expect(act.members.length).toBeGreaterThan(0);
      if (act.kind === "partition") {
        const named = act.sides.flat();
        expect(new Set(named).size).toBe(named.length);
        expect(named.length).toBeLessThan(replicas);
      }
    }
  }
});

test("a role's kill waits for the role, and nothing else does", () => {
  for (const { when, act } of plans.flatMap(({ steps }) => steps)) {
    expect(when.kind === "role").toBe(act.kind === "kill-role");
  }
});

const acts = ({ steps }: RoundPlan) => steps.map(({ act }) => act);

test("a disk is lost alone, while the others are well", () => {
  const losses = plans.filter((plan) => acts(plan).some(({ kind }) => kind === "disk-loss"));
  expect(losses.length).toBeGreaterThan(50);
  for (const plan of losses) {
    const lost = acts(plan).flatMap((act) => (act.kind === "disk-loss" ? act.members : []));
    expect(lost).toHaveLength(1);
    for (const { kind } of acts(plan)) expect(["disk-loss", "kill-role", "dns"]).toContain(kind);
  }
  for (const act of plans.flatMap(acts)) expect(act).not.toMatchObject({ wipe: true });
});

test("OrderedReady: no pod goes that would not be created again", () => {
  for (const plan of plans.filter(({ policy }) => policy === "OrderedReady")) {
    for (const act of acts(plan)) {
      if (act.kind === "stop") expect(act.members).toEqual([0]);
      if (act.kind !== "delete" && act.kind !== "scale") continue;
      expect(plan.kinds).toHaveLength(1);
      if (act.kind === "delete") expect(act.members).toHaveLength(1);
    }
  }
});

describe("what an outage is", () => {
  const own = plans.filter(({ outage }) => outage);
  test.each(["outage", "kill", "stop servers", "delete", "stop all"])("%s may be one", (kind) => {
    expect(own.some((plan) => String(plan.kinds) === kind)).toBe(true);
  });
  test("agents alone are none", () => {
    const act = { kind: "kill", members: [0, 1, 2], signal: "SIGKILL" } as const;
    expect(takesAllDown({ ...act, container: "agent" })).toBe(false);
    expect(takesAllDown({ ...act, container: "mariadb" })).toBe(true);
    expect(takesAllDown({ ...act, container: "all", members: [0, 1] })).toBe(false);
  });
});

test("two kinds at once, in any pair that may be", () => {
  const two = plans.filter(({ kinds }) => kinds.length > 1);
  expect(two.length).toBeGreaterThan(plans.length / 10);
  for (const { kinds } of two) expect(new Set(kinds).size).toBe(2);
});

test("a plan in one line", () => {
  const plan: RoundPlan = {
    ...{ seed: 1, round: 7, kinds: ["outage", "pause"], policy: "Parallel", failover: "fast" },
    ...{ newCluster: false, outage: true, dns: true },
    steps: [
      { when: { kind: "after", ms: 0 }, act: { kind: "dns", faults: { stale: true } } },
      { when: { kind: "after", ms: 0 }, act: { kind: "outage" } },
      { when: { kind: "after", ms: 1200 }, act: { kind: "pause", members: [2] } },
      {
        when: { kind: "role", role: "founder", thenMs: 500, withinMs: 1000 },
        act: { kind: "kill-role", container: "all" },
      },
      { when: { kind: "after", ms: 3000 }, act: { kind: "resume", members: [2] } },
    ],
  };
  expect(planText(plan)).toBe(
    "round 7: outage + pause (Parallel, fast time-outs): +0.0 s DNS stale; +0.0 s outage; +1.2 s pause 2; once one is founder +0.5 s kill it (all); +3.0 s resume 2",
  );
  for (const one of plans) expect(planText(one)).not.toMatch(/\n|undefined|object/);
});
