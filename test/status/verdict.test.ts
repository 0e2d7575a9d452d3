import { describe, expect, test } from "vitest";
import { overviewOf, type Sighting } from "../../src/status/overview.js";
import { stateWord, type Verdict } from "../../src/status/verdict.js";
import { at, connected, ledger, otherUuid, pods } from "../bootstrap/cluster.js";
import { mute, round, serves, tells, unnamed, unproved, waits } from "./sightings.js";

const apart = (ordinal: number, members: readonly string[]) =>
  tells(ordinal, { phase: connected(false, 41, members), ledger: ledger(3) });
const foreign = { ledger: ledger(1, { uuid: otherUuid }), evidence: at(3, { uuid: otherUuid }) };
const starts = (ordinal: number, kind: "idle" | "waiting" | "founding" | "joining") =>
  tells(ordinal, { phase: { kind } });
const donor = serves(1, 3, { readiness: { ok: false, why: "the server is desynced" } });
const draining = serves(2, 3, {
  draining: "waiting",
  readiness: { ok: false, why: "draining" },
});

test.each<[string, Sighting[], Verdict["health"], string]>([
  ["one", [serves(0, 1)], "good", "1 of 1 ready, one primary component"],
  ["three", [serves(0), serves(1), serves(2)], "good", "3 of 3 ready, one primary component"],
  [
    "one is gone, and DNS has it no more",
    [serves(0, 2), serves(1, 2)],
    "good",
    "2 of 2 ready, one primary component",
  ],
  [
    "one's agent is gone, its server is not",
    [serves(0), serves(1), mute(2)],
    "impaired",
    "2 of 3 ready, one primary component of 3; 1 silent",
  ],
  [
    "one is not believed, one joins",
    [serves(0, 1), unproved(1), starts(2, "joining")],
    "impaired",
    "1 of 3 ready, one primary component of 1; 1 unproved, 1 joining",
  ],
  [
    "inside, and not ready",
    [serves(0), donor, draining],
    "impaired",
    "1 of 3 ready, one primary component of 3; 1 not ready, 1 draining",
  ],
  [
    "inside, and nobody is ready",
    [donor, mute(2)],
    "bad",
    "0 of 2 ready, one primary component of 3; 1 not ready, 1 silent",
  ],
  [
    "one has heard of a new view before the others",
    [serves(0, ["galera-0", "galera-1"]), serves(1), mute(2)],
    "impaired",
    "2 of 3 ready, one primary component of 2; 1 silent",
  ],
  [
    "one is left alone",
    [serves(0, 2), serves(1, 2), apart(2, ["galera-2"])],
    "impaired",
    "2 of 3 ready, one primary component of 2; 1 non-primary",
  ],
  [
    "all wait",
    [waits(0, 41, "DNS"), waits(1, 40, "DNS"), mute(2)],
    "bad",
    "no primary component: 2 waiting, 1 silent",
  ],
  ["nothing was started", [starts(0, "idle")], "bad", "no primary component: 1 idle"],
  [
    "a server runs outside",
    [apart(0, pods(1)), mute(1)],
    "bad",
    "no primary component: 1 non-primary, 1 silent",
  ],
  [
    "it is being founded",
    [starts(0, "founding"), starts(1, "waiting")],
    "impaired",
    "galera-0 is founding the cluster",
  ],
  ["nobody answers", [mute(0), unproved(1)], "bad", "no agent answers: 1 silent, 1 unproved"],
  [
    "two that serve clients",
    [serves(0, 1), serves(1, ["galera-1", "galera-2"]), serves(2, ["galera-1", "galera-2"])],
    "bad",
    "two primary components: (galera-0), (galera-1, galera-2)",
  ],
  [
    "a chain of views is one component",
    [serves(0, 2), serves(2, ["galera-1", "galera-2"]), serves(1, ["galera-1"])],
    "impaired",
    "3 of 3 ready, one primary component of 2",
  ],
  [
    "data of another cluster",
    [serves(0, 2), serves(1, 2), tells(2, { ...foreign, phase: { kind: "waiting" } })],
    "bad",
    "two clusters: 8b1f4c5e (galera-0, galera-1), c0ffee00 (galera-2)",
  ],
  [
    "another cluster that serves clients",
    [serves(0, 1), serves(1, ["galera-1"], {}, foreign)],
    "bad",
    "two clusters: 8b1f4c5e (galera-0), c0ffee00 (galera-1)",
  ],
])("%s", (_, sightings, health, text) => {
  const { verdict } = overviewOf(round(sightings));
  expect(verdict).toEqual({ health, text });
});

describe("without DNS", () => {
  const problem = "galera.default.svc.cluster.local: 10.96.0.10:53 SERVFAIL";
  test.each<[string, Sighting[], string]>([
    ["nobody is known", [], "no member is known"],
    [
      "the members that its own agent knew",
      [serves(0), unnamed(1), unnamed(2)],
      "last known members: galera-0, galera-1, galera-2",
    ],
  ])("%s", (_, sightings, known) => {
    const { verdict } = overviewOf(round(sightings, problem));
    expect(verdict).toEqual({ health: "bad", text: `DNS fails: ${problem}; ${known}` });
  });
});

test.each([
  ["Synced", "synced"],
  ["Donor/Desynced", "donor"],
  ["Joining: receiving State Transfer", "joining"],
  ["Joined", "joined"],
  ["Initialized", "initialized"],
  ["", "running"],
])("a server that is %j", (comment, word) => {
  const server = { ready: true, primary: true, state: 4, comment, clusterSize: 3 };
  const rest = { lastCommitted: 1n, pausedNs: 0n, receiveQueue: 0, sendQueue: 0 };
  const options = { desync: false, rejects: false, backup: true };
  const state = { phase: { ...connected(true, 1, pods(1)), status: "" } };
  const sighting = tells(0, state, { server: { ...server, ...rest, ...options } });
  const [member] = overviewOf(round([sighting])).members;
  expect(member && stateWord(member)).toBe(word);
});
