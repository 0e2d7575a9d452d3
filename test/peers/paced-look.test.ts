import { describe, expect, test } from "vitest";
import type { Look, Sight } from "../../src/peers/look.js";
import { paceLook } from "../../src/peers/paced-look.js";
import { type TestClock, testClock } from "../system/test-clock.js";

const { signal } = new AbortController();

/** A paced look; its real ones say how many there were, and take `tookMs`. */
function pacing(tookMs = 0, answer?: (looks: number) => void) {
  const clock = testClock();
  const looks: number[] = [];
  const look: Look = async (limit): Promise<Sight> => {
    looks.push(clock.now());
    const count = looks.length;
    if (tookMs > 0) await clock.sleep(tookMs, limit);
    answer?.(count);
    return { kind: "awaiting", because: "empty", what: `look ${count}` };
  };
  const paced = paceLook(look, clock);
  const seen = async () => {
    const sight = await paced.look(signal);
    return sight.kind === "awaiting" ? sight.what : sight.kind;
  };
  return { ...paced, clock, looks, seen };
}

/** Looks as often as the pace allows. */
function following(paced: ReturnType<typeof pacing>, pollMs: number, stop = new AbortController()) {
  const follow = async () => {
    for (;;) {
      await paced.look(stop.signal);
      await paced.pause(pollMs, stop.signal);
    }
  };
  return { stop, end: follow().catch((error: unknown) => error) };
}

/** After the quick looks of a start. */
async function settle(clock: TestClock, seen: () => Promise<string>): Promise<void> {
  for (let ms = 0; ms < 10_000; ms += 50) {
    await seen();
    await clock.advance(50);
  }
}

describe("who looks", () => {
  test("gets what was seen last, if that is less than a second ago", async () => {
    const { clock, looks, seen } = pacing();
    await settle(clock, seen);
    await clock.advance(1000);
    const first = await seen();
    const { length } = looks;
    await clock.advance(999);
    expect(await seen()).toBe(first);
    await clock.advance(1);
    expect(await seen()).toBe(`look ${length + 1}`);
  });

  test("does not ask once more while it is asked", async () => {
    const { clock, looks, seen } = pacing(4000);
    const all = [seen()];
    await clock.advance(2000);
    all.push(seen(), seen());
    await clock.advance(2000);
    expect(await Promise.all(all)).toEqual(["look 1", "look 1", "look 1"]);
    expect(looks).toEqual([0]);
  });

  test("asks anew at another start: an answer before it says nothing of who came since", async () => {
    const { clock, looks, renew, seen } = pacing();
    await settle(clock, seen);
    await clock.advance(1000);
    await seen();
    const { length } = looks;
    renew();
    expect(await seen()).toBe(`look ${length + 1}`);
  });

  test("asks anew at another start, also while it is asked", async () => {
    const { clock, renew, seen } = pacing(400);
    const before = seen();
    await clock.advance(100);
    renew();
    const after = seen();
    await clock.advance(300);
    const shared = seen();
    await clock.advance(100);
    expect(await Promise.all([before, after, shared])).toEqual(["look 1", "look 2", "look 2"]);
  });

  test("asks again where nothing was seen, and is told why", async () => {
    const { clock, seen } = pacing(0, (count) => {
      if (count === 1) throw new Error("no socket is left");
    });
    await expect(seen()).rejects.toThrow("no socket is left");
    expect(await seen()).toBe("look 2");
    await clock.advance(49);
    expect(await seen()).toBe("look 2");
  });
});

describe("the pace", () => {
  const distances = (looks: readonly number[]) =>
    looks.slice(1).map((at, index) => Math.round(at - (looks[index] ?? 0)));

  test("is quick at first, then a second", async () => {
    const paced = pacing();
    following(paced, 1000);
    await paced.clock.advance(6000);
    expect(distances(paced.looks)).toEqual([
      50, 75, 113, 169, 253, 380, 570, 854, 1000, 1000, 1000,
    ]);
  });

  test("is a longer poll, once settled", async () => {
    const paced = pacing();
    following(paced, 5000);
    await paced.clock.advance(14_000);
    expect(distances(paced.looks)).toEqual([50, 75, 113, 169, 253, 380, 570, 854, 5000, 5000]);
  });

  test("is quick again at once at another start", async () => {
    const paced = pacing();
    following(paced, 30_000);
    await paced.clock.advance(10_000);
    const { length } = paced.looks;
    paced.renew();
    await paced.clock.advance(250);
    expect(distances(paced.looks.slice(length))).toEqual([50, 75, 113]);
    expect(paced.looks[length]).toBe(10_000);
  });

  test("is that of the looks, where one takes longer", async () => {
    const paced = pacing(2500);
    following(paced, 1000);
    await paced.clock.advance(10_000);
    expect(distances(paced.looks)).toEqual([2500, 2500, 2500, 2500]);
  });

  test.each([1, 200, 350, 999, 1000, 1001])(
    "stays one look a second where another one looks every %i ms as well",
    async (everyMs) => {
      const paced = pacing();
      following(paced, 1000);
      await paced.clock.advance(5000);
      const { length } = paced.looks;
      for (let ms = 0; ms < 20_000; ms += everyMs) {
        await paced.seen();
        await paced.clock.advance(everyMs);
      }
      const later = distances(paced.looks.slice(length));
      expect(later.length).toBeGreaterThanOrEqual(18);
      expect(new Set(later)).toEqual(new Set([1000]));
    },
  );

  test("ends with the signal's reason", async () => {
    const paced = pacing();
    const { stop, end } = following(paced, 1000);
    await paced.clock.advance(3000);
    const reason = new Error("ended by SIGTERM");
    stop.abort(reason);
    expect(await end).toBe(reason);
  });
});
