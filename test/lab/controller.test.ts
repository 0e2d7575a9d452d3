import { expect, test } from "vitest";
import type { Container } from "../../src/lab/container.js";
import { createController } from "../../src/lab/controller.js";
import { graceMs } from "../../src/lab/statefulset.js";
import { testClock } from "../system/test-clock.js";

const synced = { ready: true, state: "Synced", component: "Primary", clusterSize: 1 };

/** A controller of containers that do nothing; what it does is noted. */
function startLab(replicas: number) {
  const clock = testClock();
  const events: string[] = [];
  const ends = new Map<number, (how: string) => void>();
  const answering = new Set<number>();
  let pids = 100;
  const controller = createController(replicas, {
    clock,
    log: () => {},
    start: (ordinal): Container => {
      pids += 1;
      events.push(`start ${ordinal}`);
      const ended = new Promise<string>((end) => ends.set(ordinal, end));
      return { pid: pids, ended, signal: (name) => events.push(`${name} ${ordinal}`) };
    },
    probe: async (ordinal) => (answering.has(ordinal) ? synced : undefined),
    wipe: (ordinal) => events.push(`wipe ${ordinal}`),
    publish: (ordinals) => events.push(`dns ${ordinals.join(",")}`),
  });
  let over = false;
  void controller.run().then(() => {
    over = true;
  });
  return {
    ...{ clock, controller, answering },
    over: () => over,
    end: (ordinal: number, how: string) => {
      answering.delete(ordinal);
      ends.get(ordinal)?.(how);
    },
    /** What has happened after so long. */
    after: async (ms: number) => {
      await clock.advance(ms);
      return events.splice(0);
    },
  };
}

async function startReadyLab(replicas: number) {
  const lab = startLab(replicas);
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) lab.answering.add(ordinal);
  await lab.after(replicas * 1000);
  return lab;
}

test("members are created one after the other, named in DNS from the beginning", async () => {
  const lab = startLab(3);
  expect(await lab.after(5000)).toEqual(["dns 0", "start 0"]);
  lab.answering.add(0);
  expect(await lab.after(5000)).toEqual(["dns 0,1", "start 1"]);
  lab.answering.add(1).add(2);
  expect(await lab.after(5000)).toEqual(["dns 0,1,2", "start 2"]);
  expect(await lab.after(60_000)).toEqual([]);
});

test("one that is killed is started again, with DNS as it was", async () => {
  const lab = await startReadyLab(2);
  expect(lab.controller.signal(1, "SIGKILL")).toBe(true);
  lab.end(1, "SIGKILL");
  expect(await lab.after(500)).toEqual(["SIGKILL 1", "start 1"]);
  lab.end(1, "exit 1");
  expect(await lab.after(900)).toEqual([]);
  expect(lab.controller.signal(1, "SIGKILL")).toBe(false);
  expect(await lab.after(200)).toEqual(["start 1"]);
  expect(lab.controller.pods().find(({ ordinal }) => ordinal === 1)?.restarts).toBe(2);
});

test("one that is deleted ends in time or is killed, and comes back without its disk", async () => {
  const lab = await startReadyLab(2);
  const [before] = lab.controller.pods();
  expect(lab.controller.delete(0, true)).toBe(true);
  expect(await lab.after(graceMs - 1000)).toEqual(["SIGTERM 0"]);
  expect(await lab.after(2000)).toEqual(["SIGKILL 0"]);
  lab.end(0, "SIGKILL");
  expect(await lab.after(500)).toEqual(["wipe 0", "dns 1", "dns 1,0", "start 0"]);
  const after = lab.controller.pods().find(({ ordinal }) => ordinal === 0);
  expect(after?.incarnation).not.toBe(before?.incarnation);
  expect(after?.restarts).toBe(0);
});

test("what is not there cannot be deleted", async () => {
  const lab = startLab(2);
  await lab.after(100);
  expect(lab.controller.delete(1, false)).toBe(false);
});

test("down: the highest ordinal first, each gone before the next", async () => {
  const lab = await startReadyLab(3);
  lab.controller.down();
  expect(await lab.after(1000)).toEqual(["SIGTERM 2"]);
  lab.end(2, "exit 0");
  expect(await lab.after(1000)).toEqual(["dns 0,1", "SIGTERM 1"]);
  lab.end(1, "exit 0");
  expect(await lab.after(1000)).toEqual(["dns 0", "SIGTERM 0"]);
  expect(lab.over()).toBe(false);
  lab.end(0, "exit 0");
  expect(await lab.after(1000)).toEqual(["dns "]);
  expect(lab.over()).toBe(true);
});
