import { expect, onTestFinished, test } from "vitest";
import { freePort } from "./members.js";
import { startSoak } from "./soak.js";

test("an hour of polls, faults, starts, cuts, hooks and a SIGHUP leaves nothing behind", async () => {
  const soak = await startSoak(77, await freePort());
  onTestFinished(soak.close);
  const usages = [];
  while (usages.length < 6) {
    await soak.pass(600);
    usages.push(await soak.usage());
  }
  const [early, late] = [usages.slice(1, 3), usages.slice(-2)].map((some) => ({
    descriptors: Math.max(...some.map((one) => one.descriptors)),
    sleepers: Math.max(...some.map((one) => one.sleepers)),
    active: Math.max(...some.map((one) => one.active)),
    listeners: Math.max(...some.map((one) => one.listeners)),
    heapMiB: Math.min(...some.map((one) => one.heapMiB)),
  }));
  expect(await soak.phase()).toBe("running");
  expect(usages.at(-1)?.polls).toBeGreaterThan(3600);
  expect(soak.connections()).toBeGreaterThan(60);
  expect(late).toMatchObject({ ...early, heapMiB: expect.any(Number) });
  expect(early?.listeners).toBeLessThan(10);
  expect((late?.heapMiB ?? 0) - (early?.heapMiB ?? 0)).toBeLessThan(1);
}, 90_000);
