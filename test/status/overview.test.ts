import { describe, expect, test } from "vitest";
import type { Transfer } from "../../src/agent/transfer/transfer.js";
import { toJson } from "../../src/bootstrap/format.js";
import {
  type MemberOverview,
  overviewOf,
  remembered,
  type TransferOverview,
} from "../../src/status/overview.js";
import {
  at,
  connected,
  empty,
  founding,
  halfSst,
  ledger,
  otherUuid,
  pods,
  uuid,
} from "../bootstrap/cluster.js";
import { mute, round, serves, service, tells, unproved, waits } from "./sightings.js";

const only = (sighting: Parameters<typeof round>[0][number]) =>
  overviewOf(round([sighting])).members[0];

test("as JSON: seqnos are strings, and what nobody told is null", () => {
  const overview = overviewOf(round([mute(1), serves(0, 1, { paused: 0.25 })]));
  expect(JSON.parse(toJson(overview))).toEqual({
    ...{ service, dnsProblem: null, answering: 1, uuid, epoch: 1 },
    verdict: { health: "impaired", text: "1 of 2 ready, one primary component of 1; 1 silent" },
    members: [
      {
        ...{ name: "galera-0", named: true, addresses: ["10.244.1.17"], agent: "answers" },
        ...{ problem: null, phase: "running", wsrepState: "Synced", primary: true },
        view: { number: 4, members: ["galera-0"] },
        position: { uuid, seqno: "41", certain: true },
        datadir: "position",
        startup: { ok: true, why: "running" },
        liveness: { ok: true, why: "running" },
        readiness: { ok: true, why: "Synced in the primary component" },
        flowControl: { paused: 0.25, receiveQueue: 0, sendQueue: 0 },
        ...{ draining: null, transfer: null, awaited: null, dnsProblem: null, uuid, epoch: 1 },
      },
      {
        ...{ name: "galera-1", named: true, addresses: ["10.244.2.17"], agent: "silent" },
        problem: "its agent: connection refused",
        ...{ phase: null, wsrepState: null, primary: null, view: null, position: null },
        ...{ datadir: null, startup: null, liveness: null, readiness: null, flowControl: null },
        ...{ draining: null, transfer: null, awaited: null, dnsProblem: null },
        ...{ uuid: null, epoch: null },
      },
    ],
  });
});

test.each<[string, Transfer, TransferOverview]>([
  [
    "a joiner",
    {
      ...{ role: "joiner", stage: "receiving", donor: "galera-0", bytes: 7 },
      ...{ totalBytes: 20, bytesPerSecond: 3 },
    },
    {
      ...{ role: "joiner", stage: "receiving", donor: "galera-0", bytes: 7 },
      ...{ totalBytes: 20, bytesPerSecond: 3 },
    },
  ],
  [
    "a joiner whose donor does not tell",
    {
      ...{ role: "joiner", stage: "waiting", donor: undefined, bytes: 0 },
      ...{ totalBytes: undefined, bytesPerSecond: undefined },
    },
    {
      ...{ role: "joiner", stage: "waiting", donor: null, bytes: 0 },
      ...{ totalBytes: null, bytesPerSecond: null },
    },
  ],
  [
    "a donor",
    { role: "donor", totalBytes: 20 },
    {
      ...{ role: "donor", stage: null, donor: null, bytes: null },
      ...{ totalBytes: 20, bytesPerSecond: null },
    },
  ],
])("an SST: %s", (_, transfer, shown) => {
  expect(only(tells(1, { phase: { kind: "joining" } }, { transfer }))?.transfer).toEqual(shown);
});

test("members are in the order of their ordinals", () => {
  const members = [10, 2, 0].map((ordinal) => mute(ordinal));
  const others = ["b", "a"].map((name) => mute(0, "", { name }));
  const names = overviewOf(round([...members, ...others])).members.map(({ name }) => name);
  expect(names).toEqual(["a", "b", "galera-0", "galera-2", "galera-10"]);
});

describe("the position", () => {
  const running = (seqno: number | undefined) => connected(true, seqno, pods(3));
  test.each<[string, Parameters<typeof tells>[1], Parameters<typeof tells>[2], unknown]>([
    [
      "of a server that answers: what it has committed",
      { phase: running(40), evidence: at(7), ledger: ledger(3) },
      { server: told(serves(0)).server },
      { uuid, seqno: 41n, certain: true },
    ],
    [
      "of one that does not: what it told last",
      { phase: running(40), evidence: at(7), ledger: ledger(3) },
      {},
      { uuid, seqno: 40n, certain: true },
    ],
    ["of one that told nothing", { phase: running(undefined), evidence: at(7) }, {}, null],
    [
      "of a stopped one: its evidence",
      { phase: { kind: "waiting" }, evidence: at(7, { certain: false }) },
      {},
      { uuid, seqno: 7n, certain: false },
    ],
    ["without data", { phase: { kind: "waiting" }, evidence: empty }, {}, null],
    ["of half an SST", { phase: { kind: "joining" }, evidence: halfSst }, {}, null],
    ["before the first start", { phase: { kind: "idle" }, ledger: ledger(3) }, {}, null],
    [
      "after its server's end: the last start's evidence is old",
      { phase: { kind: "idle" }, evidence: at(7), ledger: ledger(3) },
      {},
      null,
    ],
  ])("%s", (_, state, patch, expected) => {
    expect(only(tells(0, state, patch))?.position).toEqual(expected);
  });
});

test.each<[string, Partial<MemberOverview>, Parameters<typeof only>[0]]>([
  ["not believed", { agent: "unproved", phase: null }, unproved(1)],
  ["DNS could not be asked", { named: null }, mute(1, "", { named: undefined })],
  [
    "a server that cannot be asked",
    { wsrepState: "synced", flowControl: null },
    serves(1, 3, { server: undefined }),
  ],
  ["a wait", { awaited: { what: "DNS", forMs: 1235, held: false } }, waits(1, 41, "DNS", 1234.6)],
  [
    "a wait that was over before the agent noticed",
    { awaited: null },
    serves(1, 3, { awaited: { what: "my server", forMs: 1, held: false } }),
  ],
])("%s", (_, expected, sighting) => {
  expect(only(sighting)).toMatchObject(expected);
});

test.each<[string, Parameters<typeof round>[0], { uuid: string | null; epoch: number | null }]>([
  ["nobody answers", [mute(0)], { uuid: null, epoch: null }],
  ["no cluster yet", [tells(0, {})], { uuid: null, epoch: null }],
  [
    "the newest ledger",
    [
      waits(0, 41, "DNS"),
      tells(1, { ledger: ledger(3, { foundings: [founding(1), founding(2, 40n)] }) }),
    ],
    { uuid, epoch: 2 },
  ],
  [
    "two clusters",
    [waits(0, 41, "DNS"), tells(1, { ledger: ledger(3, { uuid: otherUuid }) })],
    { uuid: null, epoch: null },
  ],
])("uuid and epoch: %s", (_, sightings, expected) => {
  expect(overviewOf(round(sightings))).toMatchObject(expected);
});

test.each<[string, Parameters<typeof round>[0], string[]]>([
  ["nobody answers", [mute(0)], []],
  ["a view of the past", [waits(0, 41, "DNS")], pods(3)],
  [
    "an older view of members that are gone is not the last one",
    [
      tells(0, { ledger: ledger(5, { view: { number: 3, members: pods(5) } }) }),
      tells(1, { ledger: ledger(2, { view: { number: 4, members: pods(2) } }) }),
    ],
    pods(2),
  ],
  [
    "a component that is not primary",
    [tells(1, { phase: connected(false, 1, ["galera-3"]) })],
    ["galera-3"],
  ],
])("remembered: %s", (_, sightings, names) => {
  expect(remembered(sightings)).toEqual(names);
});

function told({ answer }: Parameters<typeof only>[0]) {
  if (answer.kind !== "told") throw new Error("silent");
  return answer.told;
}
