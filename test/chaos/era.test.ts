import { expect, test } from "vitest";
import { isWhole, type RunningEra } from "./era.js";
import type { View } from "./watcher.js";

const names = ["galera-0", "galera-1", "galera-2"];
const uuid = "6a6ea9ba-0000-11f0-8000-000000000001";

interface Seen {
  readonly views?: readonly View[];
  readonly ready?: readonly string[];
  readonly phase?: string;
  readonly members?: readonly string[];
}

const view = (member: string, change: Partial<View> = {}): View => ({
  ...{ member, uuid, primary: true, component: "5", size: 3, state: "Synced", beside: names },
  ...change,
});
const withLast = (change: Partial<View>): Seen => ({
  views: [view("galera-0"), view("galera-1"), view("galera-2", change)],
});

function whole({ views = names.map((name) => view(name)), ...seen }: Seen): boolean {
  const { ready = names, phase = "Running", members = names } = seen;
  const pods = members.map((name) => ({ name, phase, ready: ready.includes(name) }));
  const era: unknown = {
    lab: { status: () => ({ ready, members: pods }) },
    watcher: { latest: () => ({ atMs: 0, views }) },
  };
  return isWhole(era as RunningEra);
}

test("all three are ready, and in one component", () => {
  expect(whole({})).toBe(true);
});

test.each<[string, Seen]>([
  ["a member is not ready", { ready: ["galera-0", "galera-1"] }],
  ["its pod is about to end", { phase: "Terminating" }],
  ["there is one more", { members: [...names, "galera-3"] }],
  ["one more answers", { views: [...names, "galera-3"].map((name) => view(name)) }],
  ["one does not answer", { views: [view("galera-0"), view("galera-1")] }],
  ["another cluster's", withLast({ uuid: "6a6ea9ba-0000-11f0-8000-000000000002" })],
  ["another component", withLast({ component: "6" })],
  ["of two", withLast({ size: 2 })],
  ["not Primary", withLast({ primary: false })],
  ["a donor", withLast({ state: "Donor/Desynced" })],
])("not whole: %s", (_, seen) => {
  expect(whole(seen)).toBe(false);
});
