import { expect, test } from "vitest";
import { allText } from "../../../src/lab/experiment/data-survives.js";
import { createPodWatch, podWatchHead } from "../../../src/lab/experiment/pod-watch.js";
import { availabilitySchedule } from "../../../src/lab/experiment/schedule.js";
import { type LabStatus, memberStatuses } from "../../../src/lab/status.js";
import { leaving, ready } from "../pods.js";

test("pods as kubectl get pods -w shows them: a line for each change", () => {
  const lines = createPodWatch();
  const look = (...pods: Parameters<typeof memberStatuses>[0]) =>
    ({ members: memberStatuses(pods, 2) }) as LabStatus;
  expect(podWatchHead).toBe("   AFTER  NAME      READY  STATUS       WSREP STATE");
  expect(lines(look(ready(0), ready(1)), 0)).toEqual([
    "   0.0 s  galera-0  yes    Running      Synced",
    "   0.0 s  galera-1  yes    Running      Synced",
  ]);
  expect(lines(look(ready(0), ready(1)), 50)).toEqual([]);
  expect(lines(look(leaving(0), ready(1)), 1240)).toEqual([
    "   1.2 s  galera-0  no     Terminating  Synced",
  ]);
  expect(lines(look(ready(1)), 12_340)).toEqual(["  12.3 s  galera-0  no     Pending      -"]);
});

test("rows of all members, said once where they are the same", () => {
  const rows = [
    { id: 3, value: "hello" },
    { id: 6, value: "world" },
  ];
  expect(allText([rows, rows])).toBe("3 hello, 6 world on each");
  expect(allText([[], []])).toBe("none on each");
  expect(allText([undefined, undefined])).toBe("nobody answers");
  expect(allText([rows, undefined, []])).toBe(
    "galera-0: 3 hello, 6 world; galera-1: no answer; galera-2: none",
  );
});

test("without partitions the cut is left out, and what ends it", () => {
  const kinds = (cuts: boolean) => availabilitySchedule(cuts).map(({ order }) => order.kind);
  expect(kinds(false)).toEqual(["delete", "kill"]);
  expect(kinds(true)).toEqual(["delete", "kill", "partition", "heal"]);
});
