import { expect, test } from "vitest";
import { createEnding } from "../../src/agent/ending.js";
import { testClock } from "../system/test-clock.js";
import { collect } from "./members.js";

/** An agent's server: its parent, or beside it. */
function server(parent?: number) {
  const clock = testClock();
  const { log, lines } = collect();
  const it = {
    refusal: undefined as string | undefined,
    shutdowns: 0,
    signals: [] as string[],
    hangsAfterMs: 60_000,
  };
  const ending = createEnding(parent, {
    ...{ clock, log },
    sql: {
      shutdown: async () => {
        if (it.refusal !== undefined) throw new Error(it.refusal);
        it.shutdowns += 1;
      },
    },
    end: (pid, signal) => void it.signals.push(`${signal} ${pid}`),
    transfersOf: (pid) => [pid + 10, pid + 11],
    hangs: (sinceMs) => clock.now() - sinceMs >= it.hangsAfterMs,
  });
  /** An agent that looks each second. */
  const lasts = async (seconds: number, why: string | undefined) => {
    for (let passed = 0; passed < seconds; passed += 1) {
      await ending.look(why);
      await clock.advance(1000);
    }
  };
  return { it, ending, clock, lines, lasts };
}

test("beside a sidecar it is told by SQL, again every 10 s as long as it is to end, and it is said once", async () => {
  const { it, ending, lines, lasts } = server();
  await lasts(3, undefined);
  expect(it.shutdowns).toBe(0);
  await lasts(30, "which is stuck");
  expect(it.shutdowns).toBe(3);
  await lasts(30, undefined);
  expect(it.shutdowns).toBe(3);
  expect(it.signals).toEqual([]);
  expect(ending.toEnd()).toBeUndefined();
  expect(lines).toEqual(["warn: ending my server, which is stuck"]);
});

test("where it takes no SQL its container is to be ended, as long as the reason lasts", async () => {
  const { it, ending, clock, lines, lasts } = server();
  it.refusal = "connect ENOENT";
  await lasts(1, "which is stuck");
  expect(ending.toEnd()).toBe("which is stuck");
  for (let s = 0; s < 60; s += 1) {
    await lasts(1, "which is stuck");
    expect(ending.toEnd()).toBe("which is stuck");
  }
  expect(lines).toEqual([
    "warn: ending my server, which is stuck",
    "warn: it takes no SHUTDOWN, so its liveness probe fails: connect ENOENT",
  ]);
  await clock.advance(10_000);
  const again = ending.look("which is stuck");
  expect(ending.toEnd()).toBe("which is stuck"); // while it is told
  await again;
  await lasts(9, "so that another one can found");
  expect(ending.toEnd()).toBe("which is stuck"); // however often it changes
  await lasts(2, "so that another one can found");
  expect(ending.toEnd()).toBe("so that another one can found");
  await lasts(6, undefined);
  expect(ending.toEnd()).toBeUndefined();
});

test("a reason that is none for a moment is still one: nothing is said, nor told, more often", async () => {
  const { it, ending, lines, lasts } = server();
  it.refusal = "connect ENOENT";
  for (let s = 0; s < 60; s += 4) {
    await lasts(2, "which is stuck");
    await lasts(2, undefined);
    expect(ending.toEnd()).toBe("which is stuck");
  }
  expect(lines).toHaveLength(2);
});

test("one that takes SQL again is told so: its container is left alone", async () => {
  const { it, ending, lasts } = server();
  it.refusal = "too many connections";
  await lasts(1, "which is stuck");
  it.refusal = undefined;
  await lasts(9, "which is stuck");
  expect(ending.toEnd()).toBe("which is stuck");
  await lasts(2, "which is stuck");
  expect(it.shutdowns).toBe(1);
  expect(ending.toEnd()).toBeUndefined();
});

test("another start while the one before is told: what that says is not of this one", async () => {
  const { it, ending } = server();
  it.refusal = "connect ENOENT";
  const before = ending.look("which is stuck");
  ending.forget();
  it.refusal = undefined;
  const now = ending.look("which is stuck as well");
  await Promise.all([before, now]);
  expect(it.shutdowns).toBe(1);
  expect(ending.toEnd()).toBeUndefined();
});

test("the agent's own parent gets SIGTERM, and with its state transfer SIGKILL a minute later", async () => {
  const { it, lines, lasts } = server(7);
  await lasts(60, "which is stuck");
  expect(new Set(it.signals)).toEqual(new Set(["SIGTERM 7"]));
  it.signals = [];
  await lasts(1, "which is stuck");
  expect(it.signals).toEqual(["SIGTERM 7", "SIGKILL 17", "SIGKILL 18", "SIGKILL 7"]);
  expect(lines).toEqual([
    "warn: ending my server, which is stuck",
    "warn: killing my server: it has not ended for 60 s",
  ]);
  it.signals = [];
  await lasts(60, "which is stuck");
  expect(new Set(it.signals)).toEqual(new Set(["SIGTERM 7"]));
});

test("once it has got SIGTERM it has to end, whatever becomes of the reason", async () => {
  const { it, lasts } = server(7);
  await lasts(1, "which is stuck");
  await lasts(58, undefined);
  expect(it.signals).toEqual(["SIGTERM 7"]);
  await lasts(2, undefined);
  expect(it.signals.at(-1)).toBe("SIGKILL 7");
});

test("as long as it gets anywhere it is not killed", async () => {
  const { it, ending, lines, lasts } = server(7);
  it.hangsAfterMs = 600_000;
  expect(ending.isAwaited()).toBe(false);
  await lasts(600, "which is stuck");
  expect(ending.isAwaited()).toBe(true);
  expect(it.signals).not.toContain("SIGKILL 7");
  await lasts(1, "which is stuck");
  expect(it.signals.at(-1)).toBe("SIGKILL 7");
  expect(lines.at(-1)).toBe("warn: killing my server: it has not ended for 600 s");
  expect(ending.isAwaited()).toBe(false);
});
