import { describe, expect, test } from "vitest";
import { type KubeletAction, tend } from "../../src/lab/kubelet.js";
import {
  backOffMs,
  created,
  deleted,
  ended,
  isReady,
  killed,
  type Pod,
  paused,
  placed,
  powerLost,
  preStopOver,
  probed,
  signalled,
  started,
} from "../../src/lab/pod-life.js";
import {
  attended,
  crashed,
  donor,
  fresh,
  gone,
  leaving,
  ready,
  starting,
  synced,
  waiting,
} from "./pods.js";

/** Actions in short: `start agent`, `kill`, `remove wipe`. */
function actions(pod: Pod, nowMs = 2000): string[] {
  const text = (action: KubeletAction) => {
    if ("container" in action) return `${action.kind} ${action.container}`;
    return action.kind === "remove" && action.wipe ? "remove wipe" : action.kind;
  };
  return tend(pod, nowMs).map(text);
}

describe("starts", () => {
  const bare = placed(created(0, 1, "127.0.7.1", false));
  const cases: [string, Pod, string[]][] = [
    ["nothing before its network is there", fresh(0), []],
    ["the sidecar first", waiting(0), ["start agent"]],
    ["the server not before the sidecar listens", started(waiting(0), "agent", 200, 0), []],
    ["then the server", attended(0), ["start mariadb"]],
    ["all runs: nothing", ready(0), []],
    ["without a sidecar, the server at once", bare, ["start mariadb"]],
    ["what has ended, at once the first time", crashed(0), ["start mariadb"]],
    [
      "the sidecar too, the server stays",
      ended(ready(0), "agent", "SIGKILL", 2000),
      ["start agent"],
    ],
    ["nothing of a pod that stands still", paused(crashed(0), true), []],
  ];
  test.each(cases)("%s", (_, pod, wanted) => {
    expect(actions(pod)).toEqual(wanted);
  });

  test("after a loss of power the server waits for its sidecar again", () => {
    const lost = ended(
      ended(powerLost(ready(0)), "mariadb", "SIGKILL", 2000),
      "agent",
      "SIGKILL",
      2000,
    );
    expect(actions(lost)).toEqual(["start agent"]);
    expect(actions(started(lost, "agent", 300, 2000))).toEqual([]);
    expect(actions(powerLost(ended(starting(0), "mariadb", "x", 0)))).toEqual([]);
  });

  test("what ends again and again is started ever later", () => {
    const again = ended(started(crashed(0), "mariadb", 300, 2000), "mariadb", "exit 1", 2100);
    expect(again.mariadb).toMatchObject({ restarts: 1, phase: { untilMs: 3100 } });
    expect(actions(again, 3099)).toEqual([]);
    expect(actions(again, 3100)).toEqual(["start mariadb"]);
  });

  test("back-off grows to half a minute", () => {
    expect([0, 1, 2, 3, 6, 7, 100].map(backOffMs)).toEqual([
      0, 1000, 2000, 4000, 30_000, 30_000, 30_000,
    ]);
  });

  test("one that ran for a minute has not crashed at its start", () => {
    const second = ended(started(crashed(0), "mariadb", 300, 2000), "mariadb", "exit 1", 2100);
    const third = ended(started(second, "mariadb", 301, 3100), "mariadb", "SIGKILL", 63_100);
    expect(third.mariadb).toMatchObject({ quickEnds: 1, phase: { untilMs: 63_100 } });
  });

  test("nor has one whose pod was ready", () => {
    const second = ended(started(crashed(0), "mariadb", 300, 2000), "mariadb", "exit 1", 2100);
    const third = probed(started(second, "mariadb", 301, 3100), synced, 3100, 4000);
    expect(ended(third, "mariadb", "SIGKILL", 5000).mariadb).toMatchObject({
      ...{ quickEnds: 1, phase: { untilMs: 5000 } },
    });
  });
});

describe("ends", () => {
  const hooked = deleted(ready(0), { wipe: false, graceMs: 30_000, preStop: true }, 2000);
  const served = ended(leaving(0), "mariadb", "exit 0", 2500);
  const cases: [string, Pod, number, string[]][] = [
    ["preStop first", hooked, 2000, []],
    ["then SIGTERM", preStopOver(hooked), 2000, ["terminate mariadb"]],
    ["once", signalled(leaving(0), "mariadb"), 2000, []],
    ["the sidecar after the server", served, 2500, ["terminate agent"]],
    ["once, too", signalled(served, "agent"), 2500, []],
    [
      "a server that ends before its hook does",
      ended(hooked, "mariadb", "x", 2100),
      2100,
      ["terminate agent"],
    ],
    ["SIGKILL once the grace period is over", hooked, 32_000, ["kill"]],
    ["and not before", signalled(leaving(0), "mariadb"), 31_999, []],
    ["the sidecar has 2 s more", signalled(served, "agent"), 33_999, []],
    ["and not longer", signalled(served, "agent"), 34_000, ["kill"]],
    ["SIGKILL only once", killed(leaving(0)), 40_000, []],
    ["without grace at once", leaving(0, false, 0), 2000, ["kill"]],
    ["removed when nothing runs", gone(0), 2600, ["remove"]],
    ["its disk if asked for", gone(0, true), 2600, ["remove wipe"]],
    [
      "one that never ran",
      deleted(fresh(0), { wipe: true, graceMs: 9, preStop: false }, 0),
      0,
      ["remove wipe"],
    ],
    ["one that stands still too", paused(leaving(0), true), 32_000, ["kill"]],
  ];
  test.each(cases)("%s", (_, pod, nowMs, wanted) => {
    expect(actions(pod, nowMs)).toEqual(wanted);
  });

  test("a second deletion can add the disk and hurry, but take nothing back", () => {
    const later = (wipe: boolean, graceMs: number) =>
      deleted(leaving(0, true), { wipe, graceMs, preStop: true }, 5000).end;
    expect(later(false, 60_000)).toMatchObject({ wipe: true, graceMs: 30_000, preStop: false });
    expect(later(false, 0)).toMatchObject({ graceMs: 3000 });
  });
});

describe("readiness", () => {
  test("the time it took is that of the first time", () => {
    const again = probed(probed(ready(0), donor, 0, 5000), synced, 0, 9000);
    expect(again.readyAfterMs).toBe(1000);
  });

  test("one that runs, says so, and is not about to end", () => {
    const pods = [starting(0), ready(0), probed(ready(0), donor, 0, 5000), leaving(0), crashed(0)];
    expect(pods.map(isReady)).toEqual([false, true, false, false, false]);
  });

  test("a restart begins anew, and a late answer does not count for it", () => {
    const restarted = started(crashed(0), "mariadb", 300, 3000);
    expect(isReady(probed(restarted, synced, 0, 3100))).toBe(false);
    expect(probed(restarted, synced, 3000, 3100)).toMatchObject({ readyAfterMs: 100 });
    expect(probed(crashed(0), synced, 0, 3000)).toEqual(crashed(0));
  });
});
