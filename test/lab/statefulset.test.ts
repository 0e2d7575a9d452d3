import { describe, expect, test } from "vitest";
import {
  backOffMs,
  created,
  decide,
  deleted,
  ended,
  graceMs,
  isReady,
  killed,
  type Pod,
  probed,
  restarted,
} from "../../src/lab/statefulset.js";

const synced = { ready: true, state: "Synced", component: "Primary", clusterSize: 1 };
const donor = { ...synced, ready: false, state: "Donor/Desynced" };

const starting = (ordinal: number) => created(ordinal, ordinal + 1, 100 + ordinal, 0);
const ready = (ordinal: number) => probed(starting(ordinal), synced, 1000);
const crashed = (ordinal: number) => ended(ready(ordinal), "SIGKILL", 2000);
const stopping = (ordinal: number) => deleted(ready(ordinal), false, 2000);
const stopped = (ordinal: number, wipe = false) =>
  ended(deleted(ready(ordinal), wipe, 2000), "exit 0", 2500);

/** Actions in short: `create 0`, `delete 2`. */
function decisions(pods: readonly Pod[], replicas: number, nowMs = 1000): string[] {
  return decide(pods, replicas, nowMs).map((action) =>
    action.kind === "create"
      ? `create ${action.ordinal}`
      : `${action.kind} ${action.pod.ordinal}${action.kind === "remove" && action.wipe ? " wipe" : ""}`,
  );
}

describe("one after the other", () => {
  const cases: [string, readonly Pod[], number, string[]][] = [
    ["nothing yet: the first", [], 3, ["create 0"]],
    ["the first starts: wait", [starting(0)], 3, []],
    ["the first is ready: the next", [ready(0)], 3, ["create 1"]],
    ["the first gives its state away: wait", [probed(ready(0), donor, 0), ready(1)], 3, []],
    ["all ready: nothing", [ready(0), ready(1), ready(2)], 3, []],
    ["a gap is filled before what follows", [ready(0), ready(2)], 4, ["create 1"]],
    ["a gap behind one that is not ready waits", [starting(0), ready(2)], 3, []],
    ["one that ends must be gone first", [stopping(0), ready(1)], 2, []],
    ["too many: the highest", [ready(0), ready(1), ready(2)], 1, ["delete 2"]],
    ["the highest ends: wait", [ready(0), ready(1), stopping(2)], 0, []],
    ["down with one that is not ready", [starting(0)], 0, ["delete 0"]],
    ["none shall be, none is", [], 0, []],
  ];
  test.each(cases)("%s", (_, pods, replicas, wanted) => {
    expect(decisions(pods, replicas)).toEqual(wanted);
  });
});

describe("as kubelet", () => {
  test("what has ended is started again at once the first time", () => {
    expect(decisions([crashed(0), ready(1)], 2, 2000)).toEqual(["restart 0"]);
  });

  test("and then ever later", () => {
    const again = ended(restarted(crashed(0), 200, 2000), "exit 1", 2100);
    expect(again).toMatchObject({ restarts: 1, phase: { kind: "back-off", untilMs: 3100 } });
    expect(decisions([again], 1, 3099)).toEqual([]);
    expect(decisions([again], 1, 3100)).toEqual(["restart 0"]);
  });

  test("back-off grows to half a minute", () => {
    expect([0, 1, 2, 3, 6, 7, 100].map(backOffMs)).toEqual([
      0, 1000, 2000, 4000, 30_000, 30_000, 30_000,
    ]);
  });

  test("one that ran for a minute has not crashed at its start", () => {
    const third = restarted(ended(restarted(crashed(0), 200, 2000), "exit 1", 2100), 201, 3100);
    expect(ended(third, "SIGKILL", 63_100)).toMatchObject({
      quickEnds: 1,
      phase: { untilMs: 63_100 },
    });
  });

  test("SIGKILL once the grace period is over, and only once", () => {
    const pod = stopping(0);
    expect(decisions([pod], 1, 2000 + graceMs - 1)).toEqual([]);
    expect(decisions([pod], 1, 2000 + graceMs)).toEqual(["kill 0"]);
    expect(decisions([killed(pod)], 1, 2000 + graceMs)).toEqual([]);
  });

  test("what was deleted is removed once it has ended, its disk if asked for", () => {
    expect(decisions([stopped(0)], 1, 2500)).toEqual(["remove 0"]);
    expect(decisions([stopped(0, true)], 1, 2500)).toEqual(["remove 0 wipe"]);
  });

  test("a second delete can add the disk, but not take it back", () => {
    const both = deleted(deleted(ready(0), true, 0), false, 0);
    expect(both.phase).toMatchObject({ kind: "terminating", wipe: true });
    expect(deleted(stopped(0), true, 0).phase).toEqual({ kind: "terminated", wipe: true });
  });

  test("deleted without a process, there is none to wait for", () => {
    expect(deleted(crashed(0), true, 3000).phase).toEqual({ kind: "terminated", wipe: true });
  });
});

describe("readiness", () => {
  test("the time it took is that of the first time", () => {
    const later = probed(probed(ready(0), donor, 5000), synced, 9000);
    expect(later.phase).toMatchObject({ readyAfterMs: 1000 });
    expect([starting(0), ready(0), probed(ready(0), undefined, 5000)].map(isReady)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("a restart begins anew", () => {
    expect(isReady(restarted(crashed(0), 200, 2000))).toBe(false);
  });

  test("a late answer does not revive what has ended", () => {
    for (const pod of [crashed(0), stopping(0), stopped(0)]) {
      expect(probed(pod, synced, 3000)).toEqual(pod);
    }
  });
});
