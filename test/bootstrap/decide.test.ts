import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BootstrapMode,
  type Decision,
  decide,
  type Observation,
} from "../../src/bootstrap/decide.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { zeroUuid } from "../../src/galera/grastate.js";
import { peerSet } from "../../src/peers/peer-set.js";
import { fqdn, member, targets } from "../peers/members.js";

const uuid = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";

const evidences = {
  empty: { kind: "empty" },
  initialisation: { kind: "interrupted", by: "initialisation" },
  sst: { kind: "interrupted", by: "sst" },
  unclustered: { kind: "unclustered" },
  safe: { kind: "position", uuid, seqno: 42n, safeToBootstrap: true },
  unsafe: { kind: "position", uuid, seqno: 42n, safeToBootstrap: false },
  crashedAlone: { kind: "position", uuid, seqno: -1n, safeToBootstrap: true },
  crashed: { kind: "position", uuid, seqno: -1n, safeToBootstrap: false },
  zeroSafe: { kind: "position", uuid: zeroUuid, seqno: -1n, safeToBootstrap: true },
  zeroUnsafe: { kind: "position", uuid: zeroUuid, seqno: -1n, safeToBootstrap: false },
} satisfies Record<string, Evidence>;

interface Situation {
  readonly ordinal?: number | undefined;
  readonly others?: readonly string[];
  readonly fresh?: boolean;
}

function observation(
  mode: BootstrapMode,
  evidence: Evidence,
  { ordinal = 0, others = [], fresh = true }: Situation = {},
): Observation {
  const me = member(`galera-${ordinal}`);
  const own = `galera-${ordinal}=${fresh ? "10.0.0.1" : "10.0.0.99"}`;
  return { mode, ordinal, evidence, peers: peerSet(targets(own, ...others), me) };
}

describe("safe", () => {
  type Row = Record<"zero" | "one" | "stale" | "others", Decision["action"]>;
  const row = (zero: Decision["action"], one = zero): Omit<Row, "stale" | "others"> => ({
    zero,
    one,
  });

  // Alone in a fresh answer as ordinal 0, and as another one; alone in one that is not fresh; with
  // others.
  test.each<[keyof typeof evidences, Row]>([
    ["empty", { ...row("found", "wait"), stale: "wait", others: "join" }],
    ["initialisation", { ...row("found", "wait"), stale: "wait", others: "join" }],
    ["sst", { ...row("wait"), stale: "wait", others: "join" }],
    ["unclustered", { ...row("hold"), stale: "hold", others: "hold" }],
    ["safe", { ...row("found"), stale: "wait", others: "join" }],
    ["unsafe", { ...row("wait"), stale: "wait", others: "join" }],
    ["crashedAlone", { ...row("found"), stale: "wait", others: "join" }],
    ["crashed", { ...row("wait"), stale: "wait", others: "join" }],
    ["zeroSafe", { ...row("found", "wait"), stale: "wait", others: "join" }],
    ["zeroUnsafe", { ...row("wait"), stale: "wait", others: "join" }],
  ])("%s", (name, expected) => {
    const action = (situation: Situation) =>
      decide(observation("safe", evidences[name], situation)).action;
    expect({
      zero: action({}),
      one: action({ ordinal: 1 }),
      stale: action({ fresh: false }),
      others: action({ others: ["galera-7"], fresh: false }),
    }).toEqual(expected);
  });

  test("a name without an ordinal is not ordinal 0", () => {
    const nameless = { ...observation("safe", evidences.empty), ordinal: undefined };
    expect(decide(nameless).action).toBe("wait");
  });
});

describe.each<[BootstrapMode, Decision["action"]]>([
  ["sole-peer", "found"],
  ["never", "wait"],
])("%s: alone %s, with others join, whatever else is known", (mode, found) => {
  const clustered = Object.entries(evidences).filter(([name]) => name !== "unclustered");
  test.each(clustered)("%s", (_, evidence) => {
    // Half of a copy is never founded from.
    const alone = evidence === evidences.sst ? "wait" : found;
    for (const situation of [{}, { ordinal: 3 }, { fresh: false }]) {
      expect(decide(observation(mode, evidence, situation)).action).toBe(alone);
      const joined = observation(mode, evidence, { ...situation, others: ["galera-7"] });
      expect(decide(joined).action).toBe("join");
    }
  });
});

test.each<[BootstrapMode, Decision["action"], Decision["action"]]>([
  ["safe", "hold", "hold"],
  ["never", "hold", "hold"],
  ["sole-peer", "found", "join"],
])("%s: foreign data, alone: %s, with others: %s", (mode, alone, joined) => {
  const { unclustered } = evidences;
  expect(decide(observation(mode, unclustered)).action).toBe(alone);
  expect(decide(observation(mode, unclustered, { others: ["galera-7"] })).action).toBe(joined);
});

describe("why", () => {
  test.each<[string, Observation, string]>([
    [
      "join",
      observation("safe", evidences.empty, { others: ["galera-1", "galera-2"] }),
      `DNS names ${fqdn("galera-1")}, ${fqdn("galera-2")}`,
    ],
    [
      "found",
      observation("safe", evidences.empty),
      "the datadir is empty, and I am alone in a fresh DNS answer",
    ],
    [
      "found as the sole peer",
      observation("sole-peer", evidences.unclustered),
      "I am the only peer in DNS",
    ],
    [
      "wait for a fresh answer",
      observation("safe", evidences.empty, { fresh: false }),
      "a fresh DNS answer: my own record has 10.0.0.99, which is not mine",
    ],
    [
      "wait as a higher ordinal",
      observation("safe", evidences.empty, { ordinal: 2 }),
      "another peer in DNS: I am alone there, but the datadir is empty and my name does not end in -0",
    ],
    [
      "wait for who left later",
      observation("safe", evidences.unsafe),
      `another peer in DNS: I am alone there, but the datadir stands at ${uuid}:42, safe_to_bootstrap 0: another member left later`,
    ],
    [
      "wait after a cut-off SST",
      observation("safe", evidences.sst),
      "another peer in DNS: I am alone there, but the datadir's SST was cut off",
    ],
    [
      "hold with data of no cluster",
      observation("safe", evidences.unclustered),
      "the datadir holds data that never belonged to a cluster, and joining would replace it: move it away to join, or start once with --bootstrap sole-peer, alone, to found a cluster from it",
    ],
    [
      "never",
      observation("never", evidences.safe),
      "another peer in DNS: --bootstrap never forbids this member to found",
    ],
  ])("%s", (_, seen, why) => {
    expect(decide(seen).why).toBe(why);
  });
});

describe("laws", () => {
  const seen = fc
    .record({
      mode: fc.constantFrom<BootstrapMode>("safe", "sole-peer", "never"),
      evidence: fc.oneof(
        fc.constantFrom<Evidence>(...Object.values(evidences)),
        fc.record({
          kind: fc.constant("position" as const),
          uuid: fc.constantFrom(uuid, zeroUuid),
          seqno: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
          safeToBootstrap: fc.boolean(),
        }),
      ),
      ordinal: fc.nat(12),
      others: fc.array(
        fc.nat(12).map((n) => `galera-${n + 20}=10.0.1.${n}`),
        { maxLength: 4 },
      ),
      fresh: fc.boolean(),
    })
    .map(({ mode, evidence, ...situation }) => observation(mode, evidence, situation));

  const law = (holds: (observation: Observation, decision: Decision) => boolean) => {
    fc.assert(
      fc.property(seen, (what) => holds(what, decide(what))),
      { numRuns: 2000 },
    );
  };

  test("nobody founds where DNS names another peer", () => {
    law(({ peers }, { action }) => action !== "found" || peers.others.length === 0);
  });

  test("in safe mode nobody founds without a fresh answer", () => {
    law(({ mode, peers }, { action }) => mode !== "safe" || action !== "found" || peers.fresh);
  });

  test("in safe mode only ordinal 0 founds without a position of its own", () => {
    law(({ mode, ordinal, evidence }, { action }) => {
      const hasPosition = evidence.kind === "position" && evidence.uuid !== zeroUuid;
      return mode !== "safe" || action !== "found" || hasPosition || ordinal === 0;
    });
  });

  test("nobody founds from what an SST left", () => {
    law(({ mode, evidence }, { action }) => {
      const left = evidence.kind === "interrupted" && evidence.by === "sst";
      return mode !== "safe" || action !== "found" || !left;
    });
  });

  test("in safe mode data of no cluster is never given up to a join", () => {
    law(
      ({ mode, evidence }, { action }) =>
        mode !== "safe" || evidence.kind !== "unclustered" || action === "hold",
    );
  });

  test("the same is seen, the same is said: a log says it once", () => {
    law((what, decision) => decide(structuredClone(what)).why === decision.why);
  });
});
