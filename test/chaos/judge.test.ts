import { expect, test } from "vitest";
import { behindMs, type Contents, type Evidence, type FindingKind, judge } from "./judge.js";
import { constantSum } from "./schema.js";
import type { Sample, View } from "./watcher.js";

const uuid = "6a6ea9ba-0000-11f0-8000-000000000001";
const other = "6a6ea9ba-0000-11f0-8000-000000000002";

const contents = (member: string, change: Partial<Contents> = {}): Contents => ({
  ...{ member, rows: new Set([1, 2, 3]), transfers: new Set([4]), sum: constantSum },
  unbalanced: [],
  ...{ checksums: { "chaos.written": 11, "chaos.accounts": 12 }, ...change },
});
const view = (member: string, change: Partial<View> = {}): View => ({
  ...{ member, uuid, primary: true, component: "5", size: 3, state: "Synced" },
  beside: ["galera-0", "galera-1", "galera-2"],
  ...change,
});
const sample = (atMs: number, ...views: readonly View[]): Sample => ({ atMs, ready: [], views });

const whole: Evidence = {
  samples: [sample(0, view("galera-0"), view("galera-1"), view("galera-2"))],
  uuid,
  contents: [contents("galera-0"), contents("galera-1"), contents("galera-2")],
  acknowledged: { rows: new Set([1, 2, 3]), transfers: new Set([4]) },
  ...{ violations: [], leftovers: [] },
};

/** What it finds once this is different. */
function found(change: Partial<Evidence>): readonly FindingKind[] {
  return judge({ ...whole, ...change }).map(({ kind }) => kind);
}

const withLast = (change: Partial<Contents>) => [
  contents("galera-0"),
  contents("galera-1"),
  contents("galera-2", change),
];

test("nothing in a cluster that is whole", () => {
  expect(judge(whole)).toEqual([]);
});

test("a write whose outcome nobody knows may be there", () => {
  const rows = new Set([1, 2, 3, 99]);
  const all = ["galera-0", "galera-1", "galera-2"].map((member) => contents(member, { rows }));
  expect(found({ contents: all })).toEqual([]);
});

test("a lost row, on one member and on all", () => {
  expect(judge({ ...whole, contents: withLast({ rows: new Set([1, 3]) }) })).toEqual([
    { kind: "lost row", text: "galera-2 lacks 1 of 3 acknowledged rows: 2" },
  ]);
  const acknowledged = { rows: new Set([1, 2, 3]), transfers: new Set([4, 5]) };
  expect(found({ acknowledged })).toEqual(["lost row", "lost row", "lost row"]);
});

test("another sum, other checksums", () => {
  expect(found({ contents: withLast({ sum: constantSum - 1 }) })).toEqual(["sum"]);
  expect(found({ contents: withLast({ unbalanced: [3, 7] }) })).toEqual(["sum"]);
  for (const checksums of [
    { "chaos.written": 11, "chaos.accounts": 13 },
    { "chaos.written": 10, "chaos.accounts": 12 },
  ]) {
    expect(found({ contents: withLast({ checksums }) })).toEqual(["members differ"]);
  }
});

test("two uuids at once, and another one than before", () => {
  const samples = [sample(0, view("galera-0"), view("galera-1", { uuid: other }))];
  expect(found({ samples, uuid: undefined })).toEqual(["two clusters"]);
  const later = [sample(0, view("galera-0", { uuid: other }))];
  expect(found({ samples: later })).toEqual(["two clusters"]);
  expect(found({ samples: later, uuid: undefined })).toEqual([]);
});

test("of a new cluster the first that clients were led to is the one", () => {
  const begun = [sample(0, view("galera-0", { uuid: other })), sample(500, view("galera-0"))];
  expect(found({ samples: begun, uuid: undefined })).toEqual([]);
  const ready = ["galera-0"];
  const again = begun.map((one) => ({ ...one, ready }));
  expect(found({ samples: again, uuid: undefined })).toEqual(["two clusters"]);
  const elsewhere = begun.map((one) => ({ ...one, ready: ["galera-1"] }));
  expect(found({ samples: elsewhere, uuid: undefined })).toEqual([]);
});

test("who is not Primary, or has no cluster yet, is none", () => {
  const samples = [
    sample(0, view("galera-0"), view("galera-1", { uuid: other, primary: false })),
    sample(
      500,
      view("galera-0"),
      view("galera-1", { uuid: "00000000-0000-0000-0000-000000000000" }),
    ),
  ];
  expect(found({ samples })).toEqual([]);
});

/** galera-0 is alone in a component, and galera-1 in one with these, twice a second. */
const apart = (sinceMs: number, untilMs: number, late: Partial<View> | undefined) =>
  Array.from({ length: (untilMs - sinceMs) / 500 + 1 }, (_, index) =>
    sample(
      sinceMs + index * 500,
      view("galera-0", { component: "10", beside: ["galera-0"] }),
      ...(late === undefined ? [] : [view("galera-1", late)]),
    ),
  );

test.each<[string, Partial<View>]>([
  ["one component's number", { component: "10" }],
  ["an older one's", { component: "9" }],
  ["a founding's", { component: "1" }],
])("two components without each other, both Primary: %s", (_, of) => {
  const late = { ...of, beside: ["galera-1", "galera-2"] };
  expect(found({ samples: apart(0, 500, late) })).toEqual(["two clusters"]);
  expect(found({ samples: apart(0, 0, late) })).toEqual([]); // asked at two moments, with a change between
  expect(found({ samples: apart(0, 500, { ...late, primary: false }) })).toEqual([]);
  expect(found({ samples: apart(0, 500, { ...late, beside: ["galera-1", "?"] }) })).toEqual([]);
});

test("one that has stood still shows a component whose other member has gone on", () => {
  const late = { component: "9", beside: ["galera-0", "galera-1"] };
  const others = { component: "10", beside: ["galera-0", "galera-2"] };
  const samples = (untilMs: number) =>
    Array.from({ length: untilMs / 500 + 1 }, (_, index) =>
      sample(index * 500, view("galera-1", late), view("galera-2", others)),
    );
  expect(found({ samples: samples(5000) })).toEqual([]);
  expect(found({ samples: samples(behindMs + 500) })).toEqual(["two clusters"]);
});

test("a member that was left behind is Primary for longer than time-outs explain", () => {
  expect(found({ samples: apart(0, behindMs + 500, {}) })).toEqual(["two clusters"]);
  expect(found({ samples: apart(0, behindMs, {}) })).toEqual([]);
});

test("in between it was away, came along, or was not Primary: it is counted anew", () => {
  const halves = (late: Partial<View> | undefined) => [
    ...apart(0, 15_000, {}),
    ...apart(15_500, 15_500, late),
    ...apart(16_000, 31_000, {}),
  ];
  const along = { component: "11", beside: ["galera-1"] };
  for (const late of [undefined, along, { primary: false }]) {
    expect(found({ samples: halves(late) })).toEqual([]);
  }
  expect(found({ samples: halves({}) })).toEqual(["two clusters"]);
});

test("reads and processes that others have seen", () => {
  expect(found({ violations: ["row 1 is not there"] })).toEqual(["read-back"]);
  expect(found({ leftovers: ["galera-0/mariadb: rsync"] })).toEqual(["process left"]);
});
