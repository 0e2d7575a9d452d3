import { describe, expect, test } from "vitest";
import { type Decision, decide } from "../../src/bootstrap/decide.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { MemberState, Phase } from "../../src/bootstrap/member.js";
import type { Observation } from "../../src/bootstrap/observation.js";
import {
  at,
  connected,
  empty,
  founding,
  granting,
  halfSst,
  ledger,
  otherUuid,
  pods,
  present,
  running,
  seen,
  silent,
  uuid,
  waiting,
  withVoteFor,
} from "./cluster.js";

type Case = [string, Observation, string];

/** A decision on one line: what is done, for whom the vote is, and why. */
function told(decision: Decision): string {
  const { action, why, elects } = decision;
  const parts = [
    action,
    ...("epoch" in decision ? [`epoch ${decision.epoch}`] : []),
    ...("discard" in decision && decision.discard !== undefined
      ? [`discards in epoch ${decision.discard}`]
      : []),
    ...("own" in decision && decision.own ? ["whatever the others say"] : []),
    ...(elects === undefined ? [] : [`votes for ${elects.name}`]),
  ];
  return `${parts.join(", ")}: ${why}`;
}

function cases(...rows: readonly Case[]): void {
  test.each(rows)("%s", (_, what, expected) => {
    expect(told(decide(what))).toBe(expected);
  });
}

const phase = (kind: "idle" | "founding" | "joining"): { readonly phase: Phase } => ({
  phase: { kind },
});
const unclustered: Evidence = { kind: "unclustered" };
const initialised: Evidence = { kind: "initialised" };
const halfInitialised: Evidence = { kind: "interrupted", by: "initialisation" };

describe("nothing is to be decided", () => {
  const none = "rest: no start of a server waits for a decision";
  cases(
    ["before the first start", seen([waiting(0, empty, undefined, phase("idle"))]), none],
    ["while it founds", seen([waiting(0, empty, undefined, phase("founding"))]), none],
    ["while it joins", seen([waiting(0, empty, undefined, phase("joining"))]), none],
    [
      "in a primary component",
      seen([running(0, connected(true, 5, pods(1)), ledger(1))]),
      "rest: my server is in the primary component",
    ],
  );
});

describe("what in the own datadir only a human can settle", () => {
  const unclusteredHold =
    "hold, whatever the others say: the datadir holds data that never belonged to a cluster, and joining would replace it: move it away to join, or start once with --bootstrap sole-peer, alone, to found a cluster from it";
  const primary = running(1, connected(true, 5, pods(2)), ledger(2));
  cases(
    ["data of no cluster, alone", seen([waiting(0, unclustered)]), unclusteredHold],
    [
      "data of no cluster beside a cluster",
      seen([waiting(0, unclustered), primary]),
      unclusteredHold,
    ],
    [
      "data of no cluster, with a token",
      seen([waiting(0, unclustered, undefined, { forces: 1 })]),
      unclusteredHold,
    ],
    [
      "the data of another cluster than the ledger's",
      seen([waiting(0, at(5, { uuid: otherUuid }), ledger(1))]),
      `hold, whatever the others say: the datadir stands at ${otherUuid}:5, safe_to_bootstrap 0, and my ledger is that of cluster ${uuid}: one of the two is not mine; move the datadir or the ledger away`,
    ],
    [
      "data that never belonged to a cluster, founded from as the sole peer",
      seen([waiting(0, unclustered)], { mode: "sole-peer" }),
      "found, epoch 1: I am the only peer in DNS",
    ],
  );
});

describe("rule 1: a human's token", () => {
  const old = ledger(2);
  const forcing = waiting(1, at(5), old, { forces: 2 });
  cases(
    [
      "founds without the silent ones",
      seen(granting("galera-1", [forcing, silent(0)])),
      "found, epoch 2, votes for galera-1: galera-1 has 8b1f…:5, and GALERA_FORCE_BOOTSTRAP leaves out who is silent",
    ],
    [
      "founds from whatever is there",
      seen(granting("galera-1", [waiting(1, halfSst, old, { forces: 2 }), silent(0)])),
      "found, epoch 2, votes for galera-1: galera-1: the datadir's SST was cut off, and GALERA_FORCE_BOOTSTRAP leaves out who is silent",
    ],
    [
      "wants the grant of who answers",
      seen([forcing, waiting(0, at(9), old)]),
      "wait, votes for galera-1: the grant of galera-0; galera-1 has 8b1f…:5, galera-0 has 8b1f…:9",
    ],
    [
      "founds behind one that answers, once it is granted",
      seen(granting("galera-1", [forcing, waiting(0, at(9), old)])),
      "found, epoch 2, votes for galera-1: galera-1 has 8b1f…:5, and GALERA_FORCE_BOOTSTRAP leaves out who is silent",
    ],
    [
      "needs no grant of one whose server is not started",
      seen(granting("galera-1", [forcing, waiting(0, at(9), old, phase("idle"))])),
      "found, epoch 2, votes for galera-1: galera-1 has 8b1f…:5, and GALERA_FORCE_BOOTSTRAP leaves out who is silent",
    ],
    [
      "gets the votes of the others",
      seen([waiting(0, at(9), old), forcing]),
      "wait, votes for galera-1: galera-1 to found the cluster; galera-0 has 8b1f…:9, galera-1 has 8b1f…:5",
    ],
    [
      "the lowest ordinal's, of two",
      seen([forcing, waiting(0, at(4), old, { forces: 2 })]),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-1 has 8b1f…:5, galera-0 has 8b1f…:4",
    ],
    [
      "is spent in the next epoch",
      seen([
        { ...forcing, ledger: ledger(2, { foundings: [founding(1), founding(2, 5n)] }) },
        silent(0),
      ]),
      "wait: galera-0: its agent: no answer within 1s; galera-1 has 8b1f…:5",
    ],
    [
      "is spent where another member knows of a later epoch",
      seen([
        forcing,
        waiting(0, at(6), ledger(["galera-0"], { foundings: [founding(1), founding(2, 5n)] })),
      ]),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-1 has 8b1f…:5, galera-0 has 8b1f…:6",
    ],
    [
      "yields to a primary component",
      seen([forcing, running(0, connected(true, 7, pods(2)), old)]),
      "join: galera-0 is in the primary component",
    ],
    [
      "waits for who founds already",
      seen([forcing, waiting(0, at(5), old, phase("founding"))]),
      "wait: galera-0, which is founding the cluster",
    ],
    [
      "is not for losing what another one who answers has",
      seen([waiting(1, halfSst, old, { forces: 2 }), waiting(0, at(9), old)]),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-1: the datadir's SST was cut off, galera-0 has 8b1f…:9",
    ],
    [
      "is none in the hands of a server that runs",
      seen([{ ...running(1, connected(false, 5, pods(2)), old), forces: 2 }, silent(0)]),
      "wait: galera-0: its agent: no answer within 1s; galera-1 runs at 8b1f…:5",
    ],
    [
      "ends a founding of two",
      seen(
        granting("galera-1", [
          forcing,
          waiting(0, at(9), ledger(1, { foundings: [founding(1, -1n, "another")] })),
        ]),
      ),
      "found, epoch 2, votes for galera-1: galera-1 has 8b1f…:5, and GALERA_FORCE_BOOTSTRAP leaves out who is silent",
    ],
  );
});

describe("rule 2: a primary component exists", () => {
  const cluster = ledger(2);
  const anew = ledger(2, { foundings: [founding(1), founding(2, 4n)] });
  const primary = running(0, connected(true, 7, pods(1)), cluster);
  const joins = "join: galera-0 is in the primary component";
  const beside = (evidence: Evidence, own = cluster, their = primary, patch = {}) =>
    seen([waiting(1, evidence, own), their], patch);
  const way =
    "joining would replace it; to give it up, start once with GALERA_ALLOW_DISCARD=galera-1";
  const ahead = `diverged: mine is 8b1f…:8, and the cluster that galera-0 is in stands at 7; ${way}:1`;
  cases(
    ["empty", beside(empty), joins],
    ["empty, without a ledger", seen([waiting(1, empty), primary]), joins],
    ["half of an SST", beside(halfSst), joins],
    ["half of an initialisation", beside(halfInitialised), joins],
    ["initialised and no more", beside(initialised), joins],
    ["behind", beside(at(3)), joins],
    ["level", beside(at(7)), joins],
    ["ahead", beside(at(8)), `hold: ${ahead}`],
    ["ahead, perhaps half of an SST", beside(at(8, { certain: false })), `hold: ${ahead}`],
    [
      "another cluster",
      seen([waiting(1, at(3, { uuid: otherUuid })), primary]),
      `hold: diverged: mine is c0ff…:3, galera-0 is in another cluster, ${uuid}; ${way}:1`,
    ],
    [
      "founded anew behind me",
      beside(at(5), cluster, running(0, connected(true, 7, pods(1)), anew)),
      `hold: diverged: mine is 8b1f…:5, and the cluster that galera-0 is in was founded anew from position 4; ${way}:2`,
    ],
    [
      "founded anew where I stand",
      beside(at(4), cluster, running(0, connected(true, 7, pods(1)), anew)),
      joins,
    ],
    [
      "founded anew twice, the first time behind me",
      beside(
        at(5),
        cluster,
        running(
          0,
          connected(true, 7, pods(1)),
          ledger(2, { foundings: [founding(1), founding(2, 4n), founding(3, 6n)] }),
        ),
      ),
      `hold: diverged: mine is 8b1f…:5, and the cluster that galera-0 is in was founded anew from position 4; ${way}:3`,
    ],
    [
      "founded by me, which the cluster does not know",
      beside(at(5), anew),
      `hold: diverged: mine is 8b1f…:5, and the cluster that galera-0 is in was founded anew from position 4; ${way}:1`,
    ],
    [
      "a server that could not be asked for its position",
      beside(at(8), cluster, running(0, connected(true, undefined, pods(1)), cluster)),
      joins,
    ],
    [
      "one that could not be asked, of a past that nobody told",
      seen([waiting(1, at(8)), running(0, connected(true, undefined, pods(1)), cluster)]),
      "wait: the position of galera-0, which is in the primary component",
    ],
    [
      "the same, for who has nothing to lose",
      seen([waiting(1, empty), running(0, connected(true, undefined, pods(1)), cluster)]),
      joins,
    ],
    [
      "older than its first founding, which I have missed",
      seen([
        waiting(1, at(5)),
        running(0, connected(true, 7, pods(1)), ledger(1, { foundings: [founding(1, 4n)] })),
      ]),
      `hold: diverged: mine is 8b1f…:5, and the cluster that galera-0 is in was founded anew from position 4; ${way}:1`,
    ],
    [
      "older than its first founding, which I am behind",
      seen([
        waiting(1, at(4)),
        running(0, connected(true, 7, pods(1)), ledger(1, { foundings: [founding(1, 4n)] })),
      ]),
      joins,
    ],
    [
      "founded in place behind me",
      beside(
        at(5),
        cluster,
        running(
          0,
          connected(true, 7, pods(1)),
          ledger(2, { foundings: [founding(1), { ...founding(2, 4n), inPlace: true }] }),
        ),
      ),
      joins,
    ],
    [
      "a member without a past",
      seen([waiting(1, at(3)), running(0, connected(true, 7, pods(1)))]),
      joins,
    ],
    [
      "the component of the latest epoch counts",
      seen([
        waiting(2, at(5), cluster),
        primary,
        running(1, connected(true, 9, ["galera-1"]), anew),
      ]),
      `hold: diverged: mine is 8b1f…:5, and the cluster that galera-1 is in was founded anew from position 4; ${way.replace("galera-1", "galera-2")}:2`,
    ],
    [
      "even if others are silent, or on their way",
      seen([
        waiting(1, at(3), ledger(4)),
        silent(2),
        waiting(3, at(3), ledger(4), phase("joining")),
        running(0, connected(true, 7, pods(4)), ledger(4)),
      ]),
      joins,
    ],
    ["even if it must never found", beside(at(3), cluster, primary, { mode: "never" }), joins],
    [
      "ahead as the sole peer",
      beside(at(8), cluster, primary, { mode: "sole-peer" }),
      `hold: ${ahead}`,
    ],
  );

  test("a join takes the cluster's ledger along", () => {
    expect(decide(beside(empty))).toMatchObject({ action: "join", cluster });
  });

  describe("a human gives the difference up", () => {
    const discarding = (pod: string, epoch: number, discarded: readonly number[] = []) =>
      beside(at(8), ledger(2, { discarded }), primary, { discard: { pod, epoch } });
    cases(
      [
        "for this pod and this epoch",
        discarding("galera-1", 1),
        "join, discards in epoch 1: galera-0 is in the primary component, and GALERA_ALLOW_DISCARD gives up my data: mine is 8b1f…:8, and the cluster that galera-0 is in stands at 7",
      ],
      ["but not for another pod", discarding("galera-0", 1), `hold: ${ahead}`],
      ["nor in another epoch", discarding("galera-1", 2), `hold: ${ahead}`],
      ["nor in one gone by", discarding("galera-1", 0), `hold: ${ahead}`],
      [
        "nor once more",
        discarding("galera-1", 1, [1]),
        "hold: diverged: mine is 8b1f…:8, and the cluster that galera-0 is in stands at 7; joining would replace it; its GALERA_ALLOW_DISCARD is used up; to give it up again, empty the datadir",
      ],
      [
        "but a join that was allowed goes on, until it has come to its end",
        beside(
          at(8),
          { ...ledger([], { discarded: [1] }), uuid: undefined, joining: [] },
          primary,
          {
            discard: { pod: "galera-1", epoch: 1 },
          },
        ),
        "join, discards in epoch 1: galera-0 is in the primary component, and GALERA_ALLOW_DISCARD gives up my data: mine is 8b1f…:8, and the cluster that galera-0 is in stands at 7",
      ],
      [
        "and nothing where there is no difference",
        beside(at(7), cluster, primary, { discard: { pod: "galera-1", epoch: 1 } }),
        joins,
      ],
    );
  });
});

describe("rule 3: somebody is on the way, or may be", () => {
  const old = ledger(2);
  const first = waiting(0, at(5), old);
  cases(
    [
      "a founder",
      seen([first, waiting(1, at(5), old, phase("founding"))]),
      "wait: galera-1, which is founding the cluster",
    ],
    [
      "a joiner",
      seen([first, waiting(1, at(5), old, phase("joining"))]),
      "wait: galera-1, which is joining",
    ],
    [
      "a founder outside the ledger",
      seen([waiting(0, at(5), ledger(1)), waiting(1, empty, undefined, phase("founding"))]),
      "wait: galera-1, which is founding the cluster",
    ],
    [
      "one without an agent: Galera finds out",
      seen([first, present(1)]),
      "join: galera-1 has Galera's port open, and no agent answers there (if that has died, end its server)",
    ],
    [
      "one without an agent beside a silent one",
      seen([waiting(0, at(5), ledger(3)), silent(1), present(2)]),
      "join: galera-2 has Galera's port open, and no agent answers there (if that has died, end its server)",
    ],
    [
      "one without an agent, where nobody has to be asked",
      seen(granting("galera-0", [waiting(0, at(5), ledger(1)), present(1)])),
      "found, epoch 2, votes for galera-0: galera-0 has 8b1f…:5, and I was alone in the last primary component",
    ],
  );
});

describe("rule 4: who has to be asked", () => {
  const old = ledger(3);
  cases(
    [
      "a silent one, and what is known of the others",
      seen([waiting(0, at(5), old), silent(1), waiting(2, at(9), old)]),
      "wait: galera-1: its agent: no answer within 1s; galera-0 has 8b1f…:5, galera-2 has 8b1f…:9",
    ],
    [
      "one that DNS does not name",
      seen([waiting(0, at(5), ledger(2))]),
      "wait: galera-1: no DNS record; galera-0 has 8b1f…:5",
    ],
    [
      "one whose server is not started",
      seen([waiting(0, at(5), ledger(2)), waiting(1, at(5), ledger(2), phase("idle"))]),
      "wait: galera-1: its agent is up, its server not started; galera-0 has 8b1f…:5, galera-1 has not been started",
    ],
    [
      "all of the newest view, and nobody else",
      seen(granting("galera-0", [waiting(0, at(5), ledger(1)), silent(1)])),
      "found, epoch 2, votes for galera-0: galera-0 has 8b1f…:5, and I was alone in the last primary component",
    ],
    [
      "the newest view is the later component's",
      seen(
        granting("galera-1", [
          waiting(0, at(5), ledger(3, { view: { number: 3, members: pods(3) } })),
          waiting(1, at(9), ledger(3, { view: { number: 4, members: ["galera-0", "galera-1"] } })),
          silent(2),
        ]),
      ),
      "wait, votes for galera-1: galera-1 to found the cluster; galera-0 has 8b1f…:5, galera-1 has 8b1f…:9",
    ],
    [
      "the newest view is the later epoch's",
      seen([
        waiting(0, at(5), ledger(1, { view: { number: 9, members: pods(1) } })),
        waiting(
          1,
          at(5),
          ledger(3, {
            foundings: [founding(1), founding(2, 3n)],
            view: { number: 2, members: pods(3) },
          }),
        ),
        silent(2),
      ]),
      "wait: galera-2: its agent: no answer within 1s; galera-0 has 8b1f…:5, galera-1 has 8b1f…:5",
    ],
    [
      "those of a ledger that cannot be compared, too",
      seen([
        waiting(0, at(5), ledger(1)),
        waiting(1, at(5), ledger(3, { foundings: [], view: { number: 9, members: pods(3) } })),
        silent(2),
      ]),
      "wait: galera-2: its agent: no answer within 1s; galera-0 has 8b1f…:5, galera-1 has 8b1f…:5",
    ],
    [
      "the note of a join that came to nothing is no ledger",
      seen(
        granting("galera-0", [
          waiting(0, empty, undefined),
          waiting(1, empty, {
            ...ledger([], { joining: [founding(1)], foundings: [] }),
            uuid: undefined,
          }),
        ]),
      ),
      "found, epoch 1, votes for galera-0: galera-0: the datadir is empty; nobody has more of galera-0, galera-1, and all grant it",
    ],
    [
      "two foundings of the same epoch",
      seen([
        waiting(0, at(5), ledger(2)),
        waiting(1, at(6), ledger(2, { foundings: [founding(1, -1n, "another")] })),
      ]),
      "hold: the cluster was founded twice in epoch 1; galera-0 has 8b1f…:5, galera-1 has 8b1f…:6; to found from galera-1, start it once with GALERA_FORCE_BOOTSTRAP=galera-1:2",
    ],
  );
});

describe("rule 5: nobody has data", () => {
  const [zero, one, two] = [waiting(0, empty), waiting(1, empty), waiting(2, empty)];
  cases(
    [
      "alone as the first in order",
      seen(granting("galera-0", [zero])),
      "found, epoch 1, votes for galera-0: galera-0: the datadir is empty, and I am alone in a fresh DNS answer",
    ],
    [
      "alone after an initialisation that was cut off",
      seen(granting("galera-0", [waiting(0, halfInitialised)])),
      "found, epoch 1, votes for galera-0: galera-0: the datadir's initialisation was cut off, and I am alone in a fresh DNS answer",
    ],
    [
      "alone after one that was not",
      seen(granting("galera-0", [waiting(0, initialised)])),
      "found, epoch 1, votes for galera-0: galera-0: the datadir is newly initialised, and I am alone in a fresh DNS answer",
    ],
    [
      "alone, before its own vote is cast",
      seen([zero]),
      "wait, votes for galera-0: my own grant; galera-0: the datadir is empty",
    ],
    [
      "alone, but not the first",
      seen(granting("galera-1", [one])),
      "wait: another peer in DNS: galera-1 is not the first member",
    ],
    [
      "alone in an answer that is not fresh",
      seen(granting("galera-0", [zero]), { stale: "a fresh DNS answer: …" }),
      "wait: a fresh DNS answer: …",
    ],
    [
      "alone, but one of three that come up together",
      seen(granting("galera-0", [zero]), { replicas: 3 }),
      "wait: galera-1: no DNS record, galera-2: no DNS record; galera-0: the datadir is empty",
    ],
    [
      "all of three that come up together",
      seen(granting("galera-0", [zero, one, two]), { replicas: 3 }),
      "found, epoch 1, votes for galera-0: galera-0: the datadir is empty; nobody has more of galera-0, galera-1, galera-2, and all grant it",
    ],
    [
      "two of three that come up together",
      seen(granting("galera-0", [zero, one]), { replicas: 3 }),
      "wait: galera-2: no DNS record; galera-0: the datadir is empty, galera-1: the datadir is empty",
    ],
    [
      "those below the last that DNS names",
      seen(granting("galera-0", [zero, two])),
      "wait: galera-1: no DNS record; galera-0: the datadir is empty, galera-2: the datadir is empty",
    ],
    [
      "the lowest ordinal, as the others see it",
      seen([two, zero, one]),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-2: the datadir is empty, galera-0: the datadir is empty, galera-1: the datadir is empty",
    ],
    [
      "who has half of an SST has lost a cluster",
      seen([waiting(0, halfSst)]),
      "hold: nobody has data that is known to be whole; galera-0: the datadir's SST was cut off; to found from galera-0, start it once with GALERA_FORCE_BOOTSTRAP=galera-0:1",
    ],
    [
      "who remembers a cluster has lost it",
      seen([waiting(0, empty, ledger(1))]),
      "hold: nobody has data that is known to be whole; galera-0: the datadir is empty; to found from galera-0, start it once with GALERA_FORCE_BOOTSTRAP=galera-0:2",
    ],
    [
      "a founding that came to nothing begins anew",
      seen(
        granting("galera-0", [
          waiting(0, halfInitialised, {
            ...ledger(1, { view: { number: 0, members: pods(1) } }),
            uuid: undefined,
          }),
        ]),
      ),
      "found, epoch 2, votes for galera-0: galera-0: the datadir's initialisation was cut off, and I was alone in the last primary component",
    ],
  );
});

describe("rule 6: data of several clusters", () => {
  const foreign = at(9, { uuid: otherUuid });
  const asked = ledger(2);
  cases(
    [
      "two, and no ledger says which",
      seen([waiting(0, at(5)), waiting(1, foreign)]),
      "hold: the members have data of several clusters; galera-0 has 8b1f…:5, galera-1 has c0ff…:9",
    ],
    [
      "mine is foreign",
      seen([waiting(1, foreign), waiting(0, at(5), asked)]),
      `hold: galera-1 has data of another cluster than ${uuid}; galera-1 has c0ff…:9, galera-0 has 8b1f…:5`,
    ],
    [
      "another one's is foreign",
      seen([waiting(0, at(5), asked), waiting(1, foreign)]),
      `wait: galera-1 has data of another cluster than ${uuid}; galera-0 has 8b1f…:5, galera-1 has c0ff…:9`,
    ],
    [
      "a whole foreign datadir, with a ledger that knows more than ours",
      seen([
        waiting(0, at(5), ledger(2)),
        waiting(1, at(5), ledger(2)),
        waiting(2, foreign, {
          ...ledger(["galera-2"], { foundings: [founding(1), founding(2), founding(3)] }),
          uuid: otherUuid,
        }),
      ]),
      `hold: these remember different clusters: galera-0, galera-1 of cluster ${uuid}; galera-2 of cluster ${otherUuid}: move the datadir away that does not belong here; galera-0 has 8b1f…:5, galera-1 has 8b1f…:5, galera-2 has c0ff…:9`,
    ],
    [
      "that of one that has not to be asked",
      seen(granting("galera-0", [waiting(0, at(5), ledger(1)), waiting(1, foreign)])),
      "found, epoch 2, votes for galera-0: galera-0 has 8b1f…:5, and I was alone in the last primary component",
    ],
  );
});

describe("rule 7: the highest position", () => {
  const old = ledger(3);
  const three = (...evidences: readonly [Evidence, Evidence, Evidence]) =>
    [
      waiting(0, evidences[0], old),
      waiting(1, evidences[1], old),
      waiting(2, evidences[2], old),
    ] as const;
  const safe = { safeToBootstrap: true };

  test.each<[string, readonly MemberState[], string]>([
    ["the highest", three(at(5), at(9), at(7)), "galera-1"],
    ["the highest, as numbers go", three(at(9), at(10), at(7)), "galera-1"],
    ["the highest, which is not safe", three(at(5, safe), at(9), at(7)), "galera-1"],
    ["the safe one, of equals", three(at(9), at(9), at(9, safe)), "galera-2"],
    ["the lowest ordinal, of equals", three(at(9), at(9), at(9)), "galera-0"],
    [
      "the lowest ordinal, of those that are safe",
      three(at(9), at(9, safe), at(9, safe)),
      "galera-1",
    ],
    [
      "the lowest ordinal, as numbers go",
      [
        waiting(10, at(9), ledger(["galera-2", "galera-10"])),
        waiting(2, at(9), ledger(["galera-2", "galera-10"])),
      ],
      "galera-2",
    ],
    ["data before none", three(empty, halfInitialised, at(0)), "galera-2"],
    ["no position of a cluster is data still", three(empty, empty, at(-1)), "galera-2"],
    ["data before half of an SST", three(halfSst, at(2), empty), "galera-1"],
    ["data before what may be half", three(at(99, { certain: false }), at(2), empty), "galera-1"],
    [
      "who runs, of equals",
      [
        waiting(0, at(9, safe), old),
        running(1, connected(false, 9, pods(3)), old),
        waiting(2, at(9), old),
      ],
      "galera-1",
    ],
    [
      "a server that runs by what it has committed, not by what its start found",
      [
        waiting(0, at(8), old),
        running(1, connected(false, 9, pods(3)), old),
        waiting(2, at(7), old),
      ],
      "galera-1",
    ],
  ])("%s", (_, members, elected) => {
    for (const self of members) {
      const others = members.filter((one) => one !== self);
      expect(decide(seen([self, ...others])).elects?.name).toBe(elected);
    }
  });

  cases(
    [
      "founds once all have granted it",
      seen(granting("galera-0", three(at(9), at(5), empty))),
      "found, epoch 2, votes for galera-0: galera-0 has 8b1f…:9; nobody has more of galera-0, galera-1, galera-2, and all grant it",
    ],
    [
      "waits for every grant",
      seen([
        ...granting("galera-0", [...three(at(9), at(5), empty)].slice(0, 2)),
        waiting(2, empty, old),
      ] as [MemberState, MemberState, MemberState]),
      "wait, votes for galera-0: the grant of galera-2; galera-0 has 8b1f…:9, galera-1 has 8b1f…:5, galera-2: the datadir is empty",
    ],
    [
      "nobody's that is whole",
      seen([...three(halfSst, at(9, { certain: false }), empty)]),
      "hold: nobody has data that is known to be whole; galera-0: the datadir's SST was cut off, galera-1 has 8b1f…:9 (perhaps half of an SST), galera-2: the datadir is empty; to found from galera-1, start it once with GALERA_FORCE_BOOTSTRAP=galera-1:2",
    ],
    [
      "not before a server that is behind has ended",
      seen([
        waiting(0, at(9), ledger(2)),
        running(1, connected(false, 7, ["galera-1"]), ledger(2)),
      ]),
      "wait: the end of the server of galera-1, which runs outside a primary component and cannot make one; galera-0 has 8b1f…:9, galera-1 runs at 8b1f…:7",
    ],
    [
      "nor where that could not be asked",
      seen([
        waiting(0, at(9), ledger(2)),
        running(1, connected(false, undefined, ["galera-1"]), ledger(2)),
      ]),
      "wait: the end of the server of galera-1, which runs outside a primary component and cannot make one; galera-0 has 8b1f…:9, galera-1 runs, its position cannot be asked for",
    ],
  );

  describe("without a ledger", () => {
    const stale = "a fresh DNS answer: …";
    cases(
      [
        "alone and safe",
        seen(granting("galera-1", [waiting(1, at(9, safe))])),
        "found, epoch 1, votes for galera-1: galera-1 has 8b1f…:9, and I am alone in a fresh DNS answer",
      ],
      [
        "alone and safe in an answer that is not fresh",
        seen(granting("galera-0", [waiting(0, at(9, safe))]), { stale }),
        `wait: ${stale}`,
      ],
      [
        "alone and not safe",
        seen(granting("galera-0", [waiting(0, at(9))])),
        "wait: another member: galera-0 has 8b1f…:9, and another one left later (GALERA_REPLICAS says how many there are)",
      ],
      [
        "not safe, and as many as there are",
        seen(granting("galera-1", [waiting(1, at(9)), waiting(0, at(5))]), { replicas: 2 }),
        "found, epoch 1, votes for galera-1: galera-1 has 8b1f…:9; nobody has more of galera-1, galera-0, and all grant it",
      ],
      [
        "not safe, and not all there",
        seen([waiting(1, at(9)), waiting(0, at(5))]),
        "wait: another member: galera-1 has 8b1f…:9, and another one left later (GALERA_REPLICAS says how many there are); galera-0 has 8b1f…:5",
      ],
      [
        "not safe, and less than there are, by names without an ordinal",
        seen(
          [withVoteFor("db", { ...waiting(0, at(9)), name: "db", incarnation: "agent-of-db" })],
          {
            replicas: 2,
          },
        ),
        "wait: another member: db has 8b1f…:9, and another one left later (GALERA_REPLICAS says how many there are)",
      ],
      [
        "data that may be half",
        seen([waiting(0, at(9, { certain: false, ...safe }))]),
        "hold: nobody has data that is known to be whole; galera-0 has 8b1f…:9 (perhaps half of an SST); to found from galera-0, start it once with GALERA_FORCE_BOOTSTRAP=galera-0:1",
      ],
    );
  });
});

describe("never", () => {
  const old = ledger(2);
  const forbidden = "wait: another member to found: --bootstrap never forbids it to me";
  cases(
    [
      "though all have granted it",
      seen(granting("galera-0", [waiting(0, at(9), old), waiting(1, at(5), old)]), {
        mode: "never",
      }),
      forbidden,
    ],
    [
      "and says so from the first on",
      seen([waiting(0, at(9), old), waiting(1, at(5), old)], { mode: "never" }),
      forbidden,
    ],
    [
      "grants it to others",
      seen([waiting(1, at(5), old), waiting(0, at(9), old)], { mode: "never" }),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-1 has 8b1f…:5, galera-0 has 8b1f…:9",
    ],
    [
      "nor by pc.bootstrap",
      seen(granting("galera-0", [running(0, connected(false, 9, pods(1)), ledger(1))]), {
        mode: "never",
      }),
      "wait: a primary component",
    ],
  );
});

describe("sole-peer", () => {
  const mode = "sole-peer";
  const found = "found, epoch 1: I am the only peer in DNS";
  const solo = (evidence: Evidence, patch: Partial<Observation> = {}) =>
    seen([waiting(1, evidence)], { mode, ...patch });
  cases(
    ["alone and empty", solo(empty), found],
    ["alone and not safe", solo(at(5)), found],
    ["alone in an answer that is not fresh", solo(at(5), { stale: "…" }), found],
    ["alone with an initialisation that was cut off", solo(halfInitialised), found],
    [
      "alone with half of a copy",
      solo(halfSst),
      "wait: another peer in DNS: I am alone there, but the datadir's SST was cut off",
    ],
    [
      "alone, whoever was there once",
      seen([waiting(0, at(5), ledger(3))], { mode }),
      "found, epoch 2: I am the only peer in DNS",
    ],
    [
      "with others",
      seen([waiting(0, empty), silent(1), silent(2)], { mode }),
      "join: DNS names galera-1, galera-2",
    ],
    [
      "with others that DNS does not name",
      seen([waiting(0, at(5), ledger(2)), silent(1)], { mode, named: ["galera-0"] }),
      "found, epoch 2: I am the only peer in DNS",
    ],
    [
      "outside a primary component",
      seen([running(0, connected(false, 9, pods(1)), ledger(1))], { mode }),
      "wait: a primary component",
    ],
  );
});

describe("a server that runs outside a primary component", () => {
  const old = ledger(3);
  const together = ["galera-0", "galera-1"];
  const zero = running(0, connected(false, 9, together), old);
  const one = running(1, connected(false, 9, together), old);
  const two = waiting(2, at(5), old);
  cases(
    [
      "makes its component primary once all have granted it",
      seen(granting("galera-0", [zero, one, two])),
      "bootstrap, epoch 2, votes for galera-0: galera-0 runs at 8b1f…:9; nobody has more of galera-0, galera-1, galera-2, and all grant it",
    ],
    [
      "not before",
      seen([zero, one, two]),
      "wait, votes for galera-0: the grant of galera-1, galera-2; galera-0 runs at 8b1f…:9, galera-1 runs at 8b1f…:9, galera-2 has 8b1f…:5",
    ],
    [
      "gets the votes of the others",
      seen([two, zero, one]),
      "wait, votes for galera-0: galera-0 to found the cluster; galera-2 has 8b1f…:5, galera-0 runs at 8b1f…:9, galera-1 runs at 8b1f…:9",
    ],
    [
      "not while another one runs elsewhere",
      seen(granting("galera-0", [zero, one, running(2, connected(false, 5, ["galera-2"]), old)])),
      "wait, votes for galera-0: my server to be connected to that of galera-2",
    ],
    [
      "not while one is silent",
      seen([zero, one, silent(2)]),
      "wait: galera-2: its agent: no answer within 1s; galera-0 runs at 8b1f…:9, galera-1 runs at 8b1f…:9",
    ],
    [
      "not while somebody joins",
      seen(granting("galera-0", [zero, one, { ...two, ...phase("joining") }])),
      "wait: galera-2, which is joining",
    ],
    [
      "not where a primary component exists",
      seen([zero, one, running(2, connected(true, 12, ["galera-2"]), old)]),
      "wait: my server to reach the primary component, which galera-2 is in",
    ],
    [
      "not while a member that waits has more",
      seen([zero, one, waiting(2, at(10), old)]),
      "wait: the end of the server of galera-0, galera-1, which runs outside a primary component and cannot make one; galera-0 runs at 8b1f…:9, galera-1 runs at 8b1f…:9, galera-2 has 8b1f…:10",
    ],
    [
      "not if it could not be asked for its position",
      seen([running(0, connected(false, undefined, pods(1)), ledger(1))]),
      "wait: the end of the server of galera-0, which runs outside a primary component and cannot make one; galera-0 runs, its position cannot be asked for",
    ],
  );

  test("pc.bootstrap makes the component primary that it is in", () => {
    expect(decide(seen(granting("galera-0", [zero, one, two])))).toMatchObject({
      ...{ action: "bootstrap", running: { view: { members: together }, seqno: 9n } },
    });
  });
});

test("a wait for who is silent says what a human can do, and from whom to found", () => {
  const o = seen([waiting(0, at(5), ledger(3)), waiting(1, at(9), ledger(3)), silent(2)]);
  expect(decide(o)).toMatchObject({
    action: "wait",
    hint: "if that is lost for good, to found from galera-1, start it once with GALERA_FORCE_BOOTSTRAP=galera-1:2",
  });
});
