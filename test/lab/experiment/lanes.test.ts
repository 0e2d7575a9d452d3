import { expect, test } from "vitest";
import {
  type Lane,
  lastTrouble,
  type MemberState,
  stateOf,
  withLook,
} from "../../../src/lab/experiment/lanes.js";
import { ended, type Pod, probed } from "../../../src/lab/pod-life.js";
import { type LabStatus, type MemberStatus, memberStatuses } from "../../../src/lab/status.js";
import { donor, galera, leaving, ready, starting, synced, waiting } from "../pods.js";
import { recording } from "./recordings.js";

const apart = { ...synced, ready: false, galera: { ...galera, primary: false } };

test.each<[string, Pod, MemberState]>([
  ["waits", waiting(0), "down"],
  ["starts", starting(0), "down"],
  ["is ready", ready(0), "ready"],
  ["is a donor", probed(ready(0), donor, 0, 2000), "donor"],
  ["is about to end", leaving(0), "primary"],
  ["is cut off", probed(ready(0), apart, 0, 2000), "non-primary"],
  ["has ended", ended(ready(0), "mariadb", "SIGKILL", 2000), "down"],
])("a member that %s", (_what, pod, state) => {
  const [member] = memberStatuses([pod], 1);
  expect(stateOf(member as MemberStatus)).toBe(state);
});

test("looks become spans; what stays as it was makes one longer", () => {
  const look = (pod: Pod, ...reached: string[]) =>
    ({ members: memberStatuses([pod], 1), ready: reached }) as unknown as LabStatus;
  let lanes: readonly Lane[] = [];
  lanes = withLook(lanes, look(ready(0), "galera-0"), 0);
  lanes = withLook(lanes, look(ready(0), "galera-0"), 100);
  lanes = withLook(lanes, look(leaving(0), "galera-0"), 200);
  lanes = withLook(lanes, look(leaving(0)), 300);
  expect(lanes).toEqual([
    {
      name: "galera-0",
      spans: [
        { fromMs: 0, toMs: 200, state: "ready", reached: true },
        { fromMs: 200, toMs: 300, state: "primary", reached: true },
        { fromMs: 300, toMs: 300, state: "primary", reached: false },
      ],
    },
  ]);
});

test("the last moment without all members", () => {
  const trouble = (fromMs: number, toMs: number) => lastTrouble(recording.lanes, fromMs, toMs);
  expect(trouble(0, 5000)).toBeUndefined();
  expect(trouble(5000, 12_000)).toBe(8700);
  expect(trouble(5000, 7000)).toBe(7000);
  expect(trouble(12_000, 20_000)).toBe(18_000);
  expect(trouble(18_000, 20_000)).toBeUndefined();
});
