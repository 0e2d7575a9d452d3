import { describe, expect, test } from "vitest";
import { createProgress, type PollOptions, poll, TimeUp } from "../../src/peers/poll.js";
import type { Clock } from "../../src/system/clock.js";
import { exitCode } from "../../src/system/failure.js";
import { testClock } from "../system/test-clock.js";

/** A poll whose looks are noted with their time; it is consumed until it ends. */
function polling(
  options: Partial<PollOptions> = {},
  look = async (_signal: AbortSignal, _clock: Clock) => {},
) {
  const clock = testClock();
  const stop = new AbortController();
  const looks: number[] = [];
  const settings = { clock, signal: stop.signal, pollMs: 1000, timeoutMs: undefined, ...options };
  const note = async (signal: AbortSignal) => {
    looks.push(clock.now());
    await look(signal, clock);
  };
  const consume = async () => {
    for await (const _ of poll(note, settings));
  };
  const end = consume().catch((error: unknown) => error);
  return { clock, stop, looks, end };
}

describe("the distances of look-ups", () => {
  test("none, 50 ms, then half as much again, until pollMs", async () => {
    const { clock, looks } = polling();
    await clock.advance(7000);
    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(looks[0]).toBe(0);
    expect(pauses.slice(0, 9).map(Math.round)).toEqual([
      50, 75, 113, 169, 253, 380, 570, 854, 1000,
    ]);
    expect(pauses.slice(8).every((pause) => pause === 1000)).toBe(true);
  });

  test("never more than pollMs, never less once settled", async () => {
    const { clock, looks } = polling({ pollMs: 5000 });
    await clock.advance(120_000);
    const pauses = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(Math.max(...pauses)).toBe(5000);
    expect(pauses.at(-1)).toBe(5000);
  });

  test("are settled from the first on where that is asked for", async () => {
    const { clock, looks } = polling({ settled: true });
    await clock.advance(3000);
    expect(looks).toEqual([0, 1000, 2000, 3000]);
  });

  test("count from the start of one look to the start of the next", async () => {
    const { clock, looks } = polling({ settled: true }, (_, time) => time.sleep(400));
    await clock.advance(2000);
    expect(looks).toEqual([0, 1000, 2000]);
  });

  test("are as long as a look takes, where that is longer", async () => {
    const { clock, looks } = polling({ settled: true }, (_, time) => time.sleep(2500));
    await clock.advance(5000);
    expect(looks).toEqual([0, 2500, 5000]);
  });
});

describe("the end", () => {
  const pending = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });

  test("after timeoutMs, in a pause", async () => {
    const { clock, looks, end } = polling({ settled: true, timeoutMs: 2500 });
    await clock.advance(10_000);
    expect(await end).toEqual(new TimeUp(2500));
    expect(looks).toEqual([0, 1000, 2000]);
  });

  test("after timeoutMs, in a look that would not end", async () => {
    const { clock, end } = polling({ timeoutMs: 2500 }, pending);
    await clock.advance(2500);
    expect(await end).toEqual(new TimeUp(2500));
  });

  test.each<[string, typeof pending | undefined]>([
    ["in a pause", undefined],
    ["in a look that would not end", pending],
  ])("by the signal, with its reason, %s", async (_, look) => {
    const { clock, stop, end } = polling({ timeoutMs: 60_000 }, look);
    await clock.advance(30);
    const reason = new Error("ended by SIGTERM");
    stop.abort(reason);
    expect(await end).toBe(reason);
  });

  test("by an error of the look", async () => {
    const fault = new Error("a fault");
    const { end } = polling({}, () => Promise.reject(fault));
    expect(await end).toBe(fault);
  });

  test("by the consumer, who waits for nothing then", async () => {
    const clock = testClock();
    const { signal } = new AbortController();
    const options = { clock, signal, pollMs: 1000, timeoutMs: 60_000 };
    const seen: string[] = [];
    for await (const value of poll(async () => "peers", options)) {
      seen.push(value);
      break;
    }
    expect(seen).toEqual(["peers"]);
  });
});

describe("what is waited for", () => {
  function progress() {
    const clock = testClock();
    const lines: string[] = [];
    return { clock, lines, ...createProgress(clock, (_level, line) => lines.push(line)) };
  }

  test("is said once, and again when it changes", () => {
    const { lines, waiting } = progress();
    for (const what of ["a", "a", "b", "b", "a"]) waiting(what);
    expect(lines).toEqual(["waiting for a", "waiting for b", "waiting for a"]);
  });

  test("is said again every 30 s, with the time since it is the same", async () => {
    const { clock, lines, waiting } = progress();
    for (let second = 0; second <= 95; second += 1) {
      waiting("my own SRV record");
      await clock.advance(1000);
    }
    expect(lines).toEqual([
      "waiting for my own SRV record",
      "still waiting, for 30 s, for my own SRV record",
      "still waiting, for 60 s, for my own SRV record",
      "still waiting, for 90 s, for my own SRV record",
    ]);
  });

  test("starts anew after it was settled", async () => {
    const { clock, lines, waiting, settled } = progress();
    waiting("a");
    await clock.advance(29_000);
    settled();
    waiting("a");
    await clock.advance(29_000);
    waiting("a");
    expect(lines).toEqual(["waiting for a", "waiting for a"]);
  });

  test("says what a human can do once it lasts", async () => {
    const { clock, lines, waiting } = progress();
    waiting("galera-2", "a token");
    await clock.advance(30_000);
    waiting("galera-2", "a token");
    expect(lines).toEqual([
      "waiting for galera-2",
      "still waiting, for 30 s, for galera-2 (a token)",
    ]);
  });

  test("is named by the failure of a start that ran out of time", () => {
    const { waiting, gaveUp } = progress();
    expect(gaveUp(500).message).toBe("gave up after 500 ms (--timeout), still waiting for DNS");
    waiting("my own SRV record");
    expect(gaveUp(30_000)).toMatchObject({
      exitCode: exitCode.unavailable,
      message: "gave up after 30 s (--timeout), still waiting for my own SRV record",
    });
  });
});
