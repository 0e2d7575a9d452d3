import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHooks, type HooksDone, type HooksOptions } from "../../../src/agent/peers/hooks.js";
import type { View } from "../../../src/peers/view.js";
import type { RunProcess } from "../../../src/system/processes.js";
import { testClock } from "../../system/test-clock.js";
import { collect } from "../members.js";

/** How a run of a hook goes. */
interface Run {
  readonly exitCode?: number;
  readonly tookMs?: number;
}

interface Ran {
  readonly what: string;
  /** The peers that had been told last when it began. */
  readonly newest: string | undefined;
  readonly atMs: number;
  endMs: number | undefined;
}

const both: HooksOptions = { onStart: "start", onChange: "change", hookTimeoutMs: undefined };

function view(...peers: readonly string[]): View {
  return { peers, self: peers[0] ?? "", podIp: undefined, key: peers.join() };
}

/** Hooks whose runs go as `plan` says, all further ones well and at once. */
function hooking(
  plan: readonly Run[] = [],
  options: Partial<HooksOptions> = {},
  done: HooksDone = { hasStarted: false, key: undefined },
) {
  const clock = testClock();
  const stop = new AbortController();
  const { log, lines } = collect();
  const runs: Ran[] = [];
  let newest: string | undefined;
  const counted: string[] = [];
  const left = [...plan];
  const runProcess: RunProcess = async (_shell, args, { input, signal }) => {
    const what = `${args.at(-1)}: ${input.trim().replaceAll("\n", " ")}`;
    const run: Ran = { what, newest, atMs: clock.now(), endMs: undefined };
    runs.push(run);
    const { exitCode = 0, tookMs = 0 } = left.shift() ?? {};
    if (tookMs > 0) await clock.sleep(tookMs, signal).catch(() => {});
    run.endMs = clock.now();
    return { exitCode: signal.aborted ? 143 : exitCode, output: "" };
  };
  const hooks = createHooks(
    { ...both, ...options },
    {
      ...{ clock, signal: stop.signal, log, runProcess },
      recorder: {
        looked: () => {},
        decided: () => {},
        hookRan: (hook, result, tookMs) => counted.push(`${hook} ${result} ${tookMs}`),
      },
    },
    done,
  );
  const tell = (peers: View) => {
    newest = peers.peers.join(" ");
    hooks.tell(peers);
  };
  const told = () => runs.map(({ what }) => what);
  return { ...hooks, tell, clock, stop, lines, runs, told, counted, done };
}

describe("as peer-finder", () => {
  test("on-start once, then on-change for every later change", async () => {
    const { tell, clock, runs } = hooking();
    for (const peers of [view("a"), view("a", "b"), view("a")]) {
      tell(peers);
      await clock.advance(5000);
    }
    expect(runs).toMatchObject([
      { what: "start: a", atMs: 0 },
      { what: "change: a b", atMs: 5000 },
      { what: "change: a", atMs: 10_000 },
    ]);
  });

  test.each<[string, Partial<HooksOptions>, readonly string[]]>([
    ["on-change in place of on-start", { onStart: undefined }, ["change: a", "change: a b"]],
    ["on-start alone", { onChange: undefined }, ["start: a"]],
    ["no hook", { onStart: undefined, onChange: undefined }, []],
  ])("%s", async (_, options, expected) => {
    const { tell, clock, told } = hooking([], options);
    for (const peers of [view("a"), view("a", "b")]) {
      tell(peers);
      await clock.advance(1000);
    }
    expect(told()).toEqual(expected);
  });
});

describe("while a hook runs", () => {
  test("the newest peers wait for it, and those between are passed over", async () => {
    const { tell, clock, runs } = hooking([{ tookMs: 10_000 }]);
    tell(view("a"));
    await clock.advance(3000);
    tell(view("a", "b"));
    await clock.advance(3000);
    tell(view("a", "b", "c"));
    await clock.advance(60_000);
    expect(runs).toMatchObject([
      { what: "start: a", atMs: 0, endMs: 10_000 },
      { what: "change: a b c", atMs: 10_000 },
    ]);
  });

  test("peers that go and come back are no change", async () => {
    const { tell, clock, told } = hooking([{ tookMs: 10_000 }]);
    tell(view("a"));
    await clock.advance(3000);
    tell(view("a", "b"));
    tell(view("a"));
    await clock.advance(60_000);
    expect(told()).toEqual(["start: a"]);
  });
});

describe("a hook that fails", () => {
  test("is tried again after a second, twice as long each time, at most a minute", async () => {
    const { tell, clock, runs } = hooking(Array.from({ length: 9 }, () => ({ exitCode: 3 })));
    tell(view("a"));
    await clock.advance(600_000);
    const pauses = runs.slice(1).map(({ atMs }, index) => atMs - (runs[index]?.atMs ?? 0));
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("waits from its end on", async () => {
    const { tell, clock, runs } = hooking([{ exitCode: 3, tookMs: 5000 }]);
    tell(view("a"));
    await clock.advance(10_000);
    expect(runs.map(({ atMs }) => atMs)).toEqual([0, 6000]);
  });

  test("is tried again at once, with the new ones, when the peers change", async () => {
    const fails = Array.from({ length: 5 }, () => ({ exitCode: 3 }));
    const { tell, clock, runs } = hooking(fails, { onStart: undefined });
    tell(view("a"));
    await clock.advance(10_000);
    tell(view("a", "b"));
    await clock.advance(5000);
    expect(runs.map(({ what, atMs }) => `${what} ${atMs}`)).toEqual([
      ...["change: a 0", "change: a 1000", "change: a 3000", "change: a 7000"],
      ...["change: a b 10000", "change: a b 11000"],
    ]);
  });

  test("is tried again at once where the peers have changed while it ran", async () => {
    const { tell, clock, told, lines } = hooking([{ exitCode: 3, tookMs: 5000 }]);
    tell(view("a"));
    await clock.advance(4000);
    tell(view("a", "b"));
    await clock.advance(1000);
    expect(told()).toEqual(["start: a", "start: a b"]);
    expect(lines).toContain(
      "error: the on-start hook failed (3): start; it is tried again at once, with the peers of now",
    );
  });

  test("as on-start is tried until it has succeeded, before any on-change", async () => {
    const { tell, clock, told } = hooking([{ exitCode: 1 }, { exitCode: 1 }]);
    tell(view("a"));
    await clock.advance(500);
    tell(view("a", "b"));
    await clock.advance(20_000);
    tell(view("a"));
    await clock.advance(20_000);
    expect(told()).toEqual(["start: a", "start: a b", "start: a b", "change: a"]);
  });

  test("may have done half of it: the peers of before are a change then", async () => {
    const { tell, clock, told } = hooking([{}, { exitCode: 1 }]);
    tell(view("a"));
    await clock.advance(500);
    tell(view("a", "b"));
    await clock.advance(500);
    tell(view("a"));
    await clock.advance(20_000);
    expect(told()).toEqual(["start: a", "change: a b", "change: a"]);
  });

  test.each<[string, Partial<HooksOptions>, Run, string]>([
    ["by its code", {}, { exitCode: 4 }, "failed (4): start"],
    ["by a signal", {}, { exitCode: 137 }, "was ended by SIGKILL: start"],
    [
      "by its time",
      { hookTimeoutMs: 30_000 },
      { tookMs: 60_000 },
      "ran longer than 30 s (--hook-timeout)",
    ],
  ])("%s is said each time, and what came of it", async (_, options, run, why) => {
    const { tell, clock, lines, counted } = hooking([run, run], options);
    tell(view("a"));
    await clock.advance(120_000);
    expect(lines).toEqual([
      "info: on-start: start",
      `error: the on-start hook ${why}; it is tried again in 1.0 s`,
      `error: the on-start hook ${why}; it is tried again in 2.0 s`,
      "info: the on-start hook has succeeded after all",
    ]);
    const tookMs = run.tookMs === undefined ? 0 : 30_000;
    const failure = `on-start failure ${tookMs}`;
    expect(counted).toEqual([failure, failure, "on-start success 0"]);
  });
});

describe("the end", () => {
  test.each<[string, Run]>([
    ["ends a hook that runs, which then is none that has failed", { tookMs: 600_000 }],
    ["ends the wait for another try", { exitCode: 1 }],
  ])("%s", async (_, run) => {
    const { tell, clock, stop, ended, runs, counted, lines } = hooking([run]);
    tell(view("a"));
    await clock.advance(500);
    const before = { counted: [...counted], lines: [...lines] };
    stop.abort(new Error("ended by SIGTERM"));
    await ended();
    tell(view("a", "b"));
    await clock.advance(600_000);
    expect(runs).toHaveLength(1);
    expect({ counted, lines }).toEqual(before);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });

  test("waits for a hook that is ended", async () => {
    const clock = testClock();
    const stop = new AbortController();
    const { log } = collect();
    const runProcess: RunProcess = async () => {
      await clock.sleep(400); // its grace
      return { exitCode: 143, output: "" };
    };
    const recorder = { looked: () => {}, decided: () => {}, hookRan: () => {} };
    const { tell, ended } = createHooks(
      both,
      { clock, signal: stop.signal, log, runProcess, recorder },
      { hasStarted: false, key: undefined },
    );
    tell(view("a"));
    stop.abort();
    let hasEnded = false;
    void ended().then(() => {
      hasEnded = true;
    });
    await clock.advance(399);
    expect(hasEnded).toBe(false);
    await clock.advance(1);
    expect(hasEnded).toBe(true);
  });
});

describe("an agent that has read its settings again", () => {
  test("runs no hook for the peers that the last one was told", async () => {
    const { tell, clock, told, done } = hooking();
    tell(view("a"));
    await clock.advance(1000);
    const next = hooking([], {}, done);
    next.tell(view("a"));
    await next.clock.advance(1000);
    next.tell(view("a", "b"));
    await next.clock.advance(1000);
    expect([told(), next.told()]).toEqual([["start: a"], ["change: a b"]]);
  });

  test.each<[string, Run]>([
    ["was ended", { tookMs: 60_000 }],
    ["has failed", { exitCode: 1 }],
  ])("runs the hook again that %s", async (_, run) => {
    const { tell, clock, stop, ended, told, done } = hooking([{}, run]);
    tell(view("a"));
    await clock.advance(500);
    tell(view("a", "b"));
    await clock.advance(500);
    stop.abort();
    await ended();
    const next = hooking([], {}, done);
    next.tell(view("a", "b"));
    await next.clock.advance(1000);
    expect(told().at(-1)).toBe("change: a b");
    expect(next.told()).toEqual(["change: a b"]);
  });

  test("a hook that was ended may have done half of it: the peers of before are a change then", async () => {
    const { tell, clock, stop, ended, done } = hooking([{}, { tookMs: 60_000 }]);
    tell(view("a"));
    await clock.advance(500);
    tell(view("a", "b"));
    await clock.advance(500);
    stop.abort();
    await ended();
    const next = hooking([], {}, done);
    next.tell(view("a"));
    await next.clock.advance(1000);
    expect(next.told()).toEqual(["change: a"]);
  });
});

test("laws: one at a time, the newest peers, on-start first, and all is caught up with", async () => {
  const run = fc.record({
    exitCode: fc.constantFrom(0, 0, 1),
    tookMs: fc.constantFrom(0, 300, 2500),
  });
  const change = fc.record({
    peers: fc.subarray(["b", "c"]),
    afterMs: fc.constantFrom(0, 100, 700, 5000),
  });
  const changes = fc.array(change, { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 10 }), changes, async (plan, steps) => {
      const { tell, clock, runs, done } = hooking(plan);
      for (const { peers, afterMs } of steps) {
        tell(view("a", ...peers));
        await clock.advance(afterMs);
      }
      await clock.advance(600_000);
      expect(done.key).toBe(view("a", ...(steps.at(-1)?.peers ?? [])).key);
      for (const [index, { what, newest, atMs }] of runs.entries()) {
        expect(atMs).toBeGreaterThanOrEqual(runs[index - 1]?.endMs ?? 0);
        expect(what.split(": ")[1]).toBe(newest);
      }
      const firstSuccess = runs.findIndex((_, index) => (plan[index]?.exitCode ?? 0) === 0);
      const names = runs.map(({ what }) => what.split(": ")[0]);
      expect(new Set(names.slice(0, firstSuccess + 1))).toEqual(new Set(["start"]));
      expect(names.slice(firstSuccess + 1)).not.toContain("start");
    }),
    { numRuns: 300 },
  );
});
