import { describe, expect, test } from "vitest";
import { type Pod, probed } from "../../src/lab/pod-life.js";
import { type Policy, reconcile } from "../../src/lab/statefulset.js";
import { donor, leaving, ready, starting } from "./pods.js";

/** Actions in short: `create 0`, `delete 2`. */
function actions(
  policy: Policy,
  pods: readonly Pod[],
  replicas: number,
  stopped: readonly number[] = [],
): string[] {
  return reconcile(pods, { replicas, policy, stopped: new Set(stopped) }).map((action) =>
    action.kind === "create" ? `create ${action.ordinal}` : `delete ${action.pod.ordinal}`,
  );
}

describe("OrderedReady", () => {
  const cases: [string, readonly Pod[], number, string[]][] = [
    ["nothing yet: the first", [], 3, ["create 0"]],
    ["the first starts: wait", [starting(0)], 3, []],
    ["the first is ready: the next", [ready(0)], 3, ["create 1"]],
    ["the first gives its state away: wait", [probed(ready(0), donor, 0, 9), ready(1)], 3, []],
    ["all ready: nothing", [ready(0), ready(1), ready(2)], 3, []],
    ["a gap is filled before what follows", [ready(0), ready(2)], 4, ["create 1"]],
    ["a gap behind one that is not ready waits", [starting(0), ready(2)], 3, []],
    ["one that ends must be gone first", [leaving(0), ready(1)], 2, []],
    ["too many: the highest", [ready(0), ready(1), ready(2)], 1, ["delete 2"]],
    ["the highest ends: wait", [ready(0), ready(1), leaving(2)], 0, []],
    ["down with one that is not ready", [starting(0)], 0, ["delete 0"]],
    ["none shall be, none is", [], 0, []],
  ];
  test.each(cases)("%s", (_, pods, replicas, wanted) => {
    expect(actions("OrderedReady", pods, replicas)).toEqual(wanted);
  });

  test("one without a node goes, once, and holds up those behind it", () => {
    expect(actions("OrderedReady", [ready(0), ready(1)], 3, [1])).toEqual(["delete 1", "create 2"]);
    expect(actions("OrderedReady", [ready(0), leaving(1)], 3, [1])).toEqual([]);
    expect(actions("OrderedReady", [ready(0)], 3, [1])).toEqual([]);
  });
});

describe("Parallel", () => {
  const cases: [string, readonly Pod[], number, string[]][] = [
    ["all at once", [], 3, ["create 0", "create 1", "create 2"]],
    ["whoever is missing", [starting(0), starting(2)], 3, ["create 1"]],
    ["one that ends must be gone first", [leaving(0), starting(1)], 2, []],
    ["too many: all of them", [ready(0), ready(1), ready(2)], 1, ["delete 1", "delete 2"]],
    ["those that end, once", [ready(0), leaving(1)], 1, []],
  ];
  test.each(cases)("%s", (_, pods, replicas, wanted) => {
    expect(actions("Parallel", pods, replicas)).toEqual(wanted);
  });

  test("one without a node goes, and nobody waits for it", () => {
    expect(actions("Parallel", [ready(0), ready(1)], 3, [1])).toEqual(["delete 1", "create 2"]);
    expect(actions("Parallel", [ready(0)], 2, [1])).toEqual([]);
  });
});
