import { expect, test } from "vitest";
import { testClock } from "../system/test-clock.js";
import { watchReadiness } from "./readiness.js";

/** A watch, a second a period, of members whose answers the test gives. */
function startWatch(first: Readonly<Record<string, boolean>>) {
  const clock = testClock();
  const stop = new AbortController();
  let members = Object.keys(first);
  const answers = new Map<string, boolean | "broken" | "silent">(Object.entries(first));
  const probes: string[] = [];
  const ready = watchReadiness(
    { members: () => members, periodMs: 1000 },
    {
      clock,
      signal: stop.signal,
      probe: (address) => {
        probes.push(address);
        const answer = answers.get(address) ?? false;
        if (answer === "silent") return new Promise(() => {});
        return answer === "broken" ? Promise.reject(new Error("reset")) : Promise.resolve(answer);
      },
    },
  );
  return {
    ...{ answers, ready, probes, stop: () => stop.abort(new Error("over")) },
    setMembers: (...now: string[]) => {
      members = now;
    },
    after: async (ms: number) => {
      await clock.advance(ms);
      return ready();
    },
  };
}

test("nobody is ready before the first probe; then the last answer counts, once a period", async () => {
  const watch = startWatch({ a: true, b: false });
  expect(watch.ready()).toEqual([]);
  expect(await watch.after(0)).toEqual(["a"]);
  watch.answers.set("a", false).set("b", true);
  expect(await watch.after(999)).toEqual(["a"]);
  expect(await watch.after(1)).toEqual(["b"]);
  expect(watch.probes).toEqual(["a", "b", "a", "b"]);
});

test("a probe that fails is a no; one that does not end holds up no other member", async () => {
  const watch = startWatch({ a: true, b: true, c: true });
  expect(await watch.after(0)).toEqual(["a", "b", "c"]);
  watch.answers.set("a", "broken").set("b", "silent");
  expect(await watch.after(1000)).toEqual(["b", "c"]);
  await watch.after(2000);
  expect(watch.probes.filter((address) => address === "b")).toHaveLength(2);
  expect(watch.probes.filter((address) => address === "c")).toHaveLength(4);
});

test("a member that is gone is not ready, also when it comes back, until it is probed", async () => {
  const watch = startWatch({ a: true, b: true });
  expect(await watch.after(0)).toEqual(["a", "b"]);
  watch.setMembers("b");
  expect(watch.ready()).toEqual(["b"]);
  await watch.after(1000);
  watch.answers.set("a", false);
  watch.setMembers("a", "b");
  expect(watch.ready()).toEqual(["b"]);
  expect(await watch.after(1000)).toEqual(["b"]);
});

test("the signal ends it", async () => {
  const watch = startWatch({ a: true });
  await watch.after(0);
  watch.stop();
  await watch.after(5000);
  expect(watch.probes).toEqual(["a"]);
});
