import { describe, expect, test } from "vitest";
import { readTimeline } from "../../../src/lab/fake-dns/timeline.js";
import type { Member } from "../../../src/lab/fake-dns/zone.js";

const [zero, one]: [Member, Member] = [
  { name: "galera-0", addresses: ["127.0.7.1"] },
  { name: "galera-1", addresses: ["127.0.7.2"] },
];

function timeline(...texts: string[]) {
  const problems: string[] = [];
  return { ...readTimeline(texts, [zero, one], problems), problems };
}

test("the issue's own: one comes, one goes", () => {
  expect(timeline("-8s galera-0", "+2s galera-1")).toEqual({
    present: [zero],
    events: [
      { atMs: 2000, kind: "join", member: one },
      { atMs: 8000, kind: "leave", name: "galera-0" },
    ],
    problems: [],
  });
});

test("who goes first and comes back later is there at the start", () => {
  expect(timeline("-1s galera-0", "+3s galera-0").present).toEqual([zero, one]);
});

test("a member comes back under another address, and keeps it", () => {
  const { events } = timeline(
    "-1s galera-0",
    "+1s galera-0=127.0.9.9,fd00::9",
    "-2s galera-0",
    "+3s galera-0",
  );
  const moved = { name: "galera-0", addresses: ["127.0.9.9", "fd00::9"] };
  expect(events).toEqual([
    { atMs: 1000, kind: "leave", name: "galera-0" },
    { atMs: 1000, kind: "join", member: moved },
    { atMs: 2000, kind: "leave", name: "galera-0" },
    { atMs: 3000, kind: "join", member: moved },
  ]);
});

describe("faults", () => {
  test.each([
    ["+500ms servfail", { servfail: true }],
    ["-500ms servfail", { servfail: false }],
    ["+500ms drop", { drop: 1 }],
    ["+500ms drop=30%", { drop: 0.3 }],
    ["-500ms drop", { drop: 0 }],
    ["+500ms lag=1m", { lagMs: 60_000 }],
    ["-500ms lag", { lagMs: 0 }],
    ["+500ms  stale ", { stale: true }],
  ])("%s", (text, faults) => {
    expect(timeline(text).events).toEqual([{ atMs: 500, kind: "faults", faults }]);
  });
});

test.each([
  "",
  "2s galera-0",
  "+2s",
  "+soon galera-0",
  "+2s galera-7",
  "-2s galera-7",
  "-2s galera-0=127.0.7.1",
  "+2s galera-0=here",
  "+2s gal_era=127.0.7.1",
  "+2s lag",
  "+2s servfail=0.5",
  "-2s drop=1",
])("no event: %s", (text) => {
  const { events, problems } = timeline(text);
  expect(events).toEqual([]);
  expect(problems).toEqual([expect.stringContaining(`--at "${text}": `)]);
});
