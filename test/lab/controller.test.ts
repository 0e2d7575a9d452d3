import { expect, test } from "vitest";
import type { Container } from "../../src/lab/container.js";
import { type ControllerSettings, createController } from "../../src/lab/controller.js";
import type { EventKind } from "../../src/lab/events.js";
import type { ContainerName } from "../../src/lab/pod.js";
import type { PodRuntime } from "../../src/lab/pods.js";
import { testClock } from "../system/test-clock.js";
import { donor, synced } from "./pods.js";

const usual: ControllerSettings = {
  ...{ replicas: 2, policy: "OrderedReady", hasAgent: true, graceMs: 30_000 },
};

/** A controller of pods that do nothing; what it does to them is noted. */
function startLab(given: Partial<ControllerSettings> = {}) {
  const clock = testClock();
  const done: string[] = [];
  const told: string[] = [];
  const ends = new Map<string, (how: string) => void>();
  const hooks = new Map<number, (how: string) => void>();
  const names = new Map<number, string>();
  const answering = new Set<number>();
  const busy = new Set<number>();
  const lifeless = new Set<number>();
  /** Pods whose next placement fails. */
  const homeless = new Set<number>();
  /** What a cut of a pod waits for. */
  const cutting = new Map<number, Promise<void>>();
  let pids = 100;
  const start = (ordinal: number, name: ContainerName): Container => {
    pids += 1;
    const whose = `${name} ${ordinal}`;
    names.set(pids, whose);
    done.push(`start ${whose}`);
    return { pid: pids, ended: new Promise((end) => ends.set(whose, end)) };
  };
  const runtimeOf = (ordinal: number): PodRuntime => ({
    start: (name) => start(ordinal, name),
    preStop: () => {
      done.push(`preStop ${ordinal}`);
      return new Promise((end) => hooks.set(ordinal, end));
    },
    listens: async () => true,
    health: {
      look: async () =>
        busy.has(ordinal)
          ? donor
          : answering.has(ordinal)
            ? synced
            : { ready: false, why: undefined, galera: undefined },
      alive: async () => !lifeless.has(ordinal),
      close: async () => {},
    },
    block: async (addresses) => {
      if (addresses.length > 0) await cutting.get(ordinal);
      if (addresses.length > 0) done.push(`block ${ordinal}: ${addresses}`);
    },
    release: async () => void done.push(`release ${ordinal}`),
  });
  const controller = createController(
    { ...usual, ...given },
    {
      clock,
      note: (kind, text, { member } = {}) => told.push(`${kind}: ${member ?? ""} ${text}`),
      place: async ({ ordinal }) => {
        if (homeless.delete(ordinal)) throw new Error("no network\nnor any other");
        return runtimeOf(ordinal);
      },
      signal: (pid, signal) => done.push(`${signal} ${names.get(pid)}`),
      signalAll: (targets, signal) =>
        done.push(`${signal} all of ${targets.map(({ ordinal }) => ordinal)}`),
      address: (number) => `10.0.0.${number}`,
      host: "10.0.0.254",
      wipe: (ordinal) => done.push(`wipe ${ordinal}`),
      publish: (pods) => done.push(`dns ${pods.map(({ ordinal }) => ordinal)}`),
      publishReady: (pods) => done.push(`clients ${pods.map(({ ordinal }) => ordinal)}`),
    },
  );
  let isOver = false;
  void controller.run().then(() => {
    isOver = true;
  });
  const pod = (ordinal: number) => {
    const found = controller.pods().find((one) => one.ordinal === ordinal);
    if (found === undefined) throw new Error(`no pod ${ordinal}`);
    return found;
  };
  return {
    ...{ clock, controller, answering, busy, lifeless, homeless, cutting, pod },
    over: () => isOver,
    told: (kind: EventKind) => told.filter((line) => line.startsWith(`${kind}: `)),
    hookEnds: (ordinal: number, how = "exit 0") => hooks.get(ordinal)?.(how),
    end: (name: ContainerName, ordinal: number, how: string) => {
      if (name === "mariadb") answering.delete(ordinal);
      ends.get(`${name} ${ordinal}`)?.(how);
    },
    /** What has been done after so long. */
    after: async (ms: number) => {
      await clock.advance(ms);
      return done.splice(0);
    },
  };
}

async function startReadyLab(given: Partial<ControllerSettings> = {}) {
  const lab = startLab(given);
  for (let ordinal = 0; ordinal < 3; ordinal += 1) lab.answering.add(ordinal);
  await lab.after(3000);
  return lab;
}

const orderly = { wipe: false, graceMs: 30_000, preStop: true };

test("members come one after the other, named in DNS from the beginning", async () => {
  const lab = startLab();
  expect(await lab.after(5000)).toEqual(["dns 0", "start agent 0", "start mariadb 0"]);
  lab.answering.add(0).add(1);
  expect(await lab.after(5000)).toEqual([
    ...["dns 0,1", "clients 0", "start agent 1", "start mariadb 1", "clients 0,1"],
  ]);
  expect(await lab.after(60_000)).toEqual([]);
  expect(lab.told("ready")).toEqual([
    expect.stringMatching(
      /^ready: galera-0 ready 5\.\d s after its start: Synced, cluster of 2 members$/,
    ),
    expect.stringMatching(/^ready: galera-1 ready \d+ ms after its start/),
  ]);
});

test("Parallel: all at once", async () => {
  const lab = startLab({ policy: "Parallel" });
  expect((await lab.after(1000)).filter((line) => line.startsWith("start"))).toEqual(
    ["agent 0", "agent 1", "mariadb 0", "mariadb 1"].map((what) => `start ${what}`),
  );
});

test("a container that ends is started again, ever later, with DNS as it was", async () => {
  const lab = await startReadyLab();
  lab.end("mariadb", 1, "SIGKILL");
  expect(await lab.after(500)).toEqual(["start mariadb 1", "clients 0"]);
  lab.end("mariadb", 1, "exit 1");
  expect(await lab.after(900)).toEqual([]);
  expect(await lab.after(200)).toEqual(["start mariadb 1"]);
  lab.end("agent", 1, "exit 70");
  expect(await lab.after(100)).toEqual(["start agent 1"]);
  expect([lab.pod(1).mariadb.restarts, lab.pod(1).agent?.restarts]).toEqual([2, 1]);
  expect(lab.told("ended").at(-1)).toBe("ended: galera-1 its agent has ended: exit 70");
});

test("a donor gets no clients, and gets them again", async () => {
  const lab = await startReadyLab();
  lab.busy.add(0);
  expect(await lab.after(1100)).toEqual(["clients 1"]);
  lab.busy.delete(0);
  expect(await lab.after(1100)).toEqual(["clients 0,1"]);
  expect(lab.told("not-ready")).toEqual(["not-ready: galera-0 not ready: the server is a donor"]);
  expect(lab.told("ready").at(-1)).toContain("ready again");
});

test("deleted: no clients, the hook, SIGTERM, the sidecar; then anew, elsewhere", async () => {
  const lab = await startReadyLab();
  const before = lab.pod(0);
  lab.controller.delete(before, orderly);
  expect(await lab.after(5000)).toEqual(["preStop 0", "clients 1"]);
  lab.hookEnds(0);
  expect(await lab.after(1000)).toEqual(["SIGTERM mariadb 0"]);
  lab.end("mariadb", 0, "exit 0");
  expect(await lab.after(1000)).toEqual(["SIGTERM agent 0"]);
  lab.end("agent", 0, "exit 143");
  const anew = ["release 0", "dns 1", "dns 1,0", "start agent 0", "start mariadb 0"];
  expect(await lab.after(1000)).toEqual(anew);
  expect(lab.pod(0)).toMatchObject({ address: "10.0.0.3" });
  expect(lab.pod(0).incarnation).not.toBe(before.incarnation);
  expect(lab.told("hook")).toEqual(["hook: galera-0 drained in 5.0 s"]);
});

test("a hook and a server that take too long are killed; the disk goes if asked for", async () => {
  const lab = await startReadyLab();
  lab.controller.delete(lab.pod(1), { ...orderly, wipe: true });
  expect(await lab.after(29_000)).toEqual(["preStop 1", "clients 0"]);
  expect(await lab.after(6000)).toEqual(["SIGKILL all of 1"]);
  lab.end("mariadb", 1, "SIGKILL");
  lab.end("agent", 1, "SIGKILL");
  expect(await lab.after(200)).toContain("wipe 1");
  expect(lab.told("killed")).toEqual(["killed: galera-1 killed: 30 s of grace are over"]);
});

test("without a sidecar there is no hook", async () => {
  const lab = await startReadyLab({ hasAgent: false });
  lab.controller.delete(lab.pod(0), orderly);
  expect(await lab.after(100)).toEqual(["SIGTERM mariadb 0", "clients 1"]);
});

test("one that is stopped does not come back before it is let", async () => {
  const lab = await startReadyLab();
  lab.controller.stop(1);
  await lab.after(100);
  lab.hookEnds(1);
  await lab.after(100);
  lab.end("mariadb", 1, "exit 0");
  lab.end("agent", 1, "exit 0");
  expect((await lab.after(9000)).filter((line) => line.startsWith("start"))).toEqual([]);
  lab.controller.start(1);
  expect(await lab.after(500)).toContain("start mariadb 1");
});

test("a cut is made on both sides, and for a pod that comes later", async () => {
  const lab = await startReadyLab();
  await lab.controller.cut({ sides: [[0]], node: true });
  expect(await lab.after(0)).toEqual(["block 0: 10.0.0.2,10.0.0.254", "block 1: 10.0.0.1"]);
  lab.controller.scale(3);
  expect(await lab.after(200)).toEqual([
    "dns 0,1,2",
    "block 0: 10.0.0.2,10.0.0.3,10.0.0.254",
    "block 1: 10.0.0.1",
    "block 2: 10.0.0.1",
    "start agent 2",
    "start mariadb 2",
  ]);
});

test("down: the highest ordinal first, each gone before the next, without hooks", async () => {
  const lab = await startReadyLab({ policy: "Parallel" });
  lab.controller.down();
  expect(await lab.after(1000)).toEqual(["SIGTERM mariadb 1", "clients 0"]);
  lab.end("mariadb", 1, "exit 0");
  lab.end("agent", 1, "exit 143");
  expect(await lab.after(1000)).toEqual([
    ...["release 1", "dns 0", "SIGTERM mariadb 0", "clients "],
  ]);
  lab.end("mariadb", 0, "exit 0");
  lab.end("agent", 0, "exit 143");
  expect(await lab.after(1000)).toEqual(["release 0", "dns "]);
  expect(lab.over()).toBe(true);
});

test("down, while one is being deleted: its hook is not waited for", async () => {
  const lab = await startReadyLab();
  lab.controller.delete(lab.pod(1), orderly);
  expect(await lab.after(1000)).toEqual(["preStop 1", "clients 0"]);
  lab.controller.down();
  expect(await lab.after(1000)).toEqual(["SIGTERM mariadb 1"]);
  expect(await lab.after(10_000)).toEqual(["SIGKILL all of 1"]);
});

test("down, by SIGKILL: all at once", async () => {
  const lab = await startReadyLab();
  lab.controller.down("killed");
  const killed = ["SIGKILL all of 0", "SIGKILL all of 1"];
  expect(await lab.after(100)).toEqual(expect.arrayContaining(killed));
  for (const ordinal of [0, 1]) {
    lab.end("mariadb", ordinal, "SIGKILL");
    lab.end("agent", ordinal, "SIGKILL");
  }
  await lab.after(100);
  expect(lab.over()).toBe(true);
});

test("a server whose liveness probe fails three times is ended, by SIGKILL if need be", async () => {
  const lab = await startReadyLab();
  lab.lifeless.add(1);
  expect(await lab.after(10_000)).toEqual([]);
  expect(await lab.after(5000)).toEqual(["SIGTERM mariadb 1"]);
  expect(lab.told("killed")).toEqual(["killed: galera-1 is ended: its liveness probe fails"]);
  lab.lifeless.delete(1);
  expect(await lab.after(24_000)).toEqual([]);
  expect(await lab.after(6000)).toEqual(["SIGKILL all of 1"]);
  lab.end("mariadb", 1, "SIGKILL");
  expect(await lab.after(100)).toContain("start mariadb 1");
});

test("one that ends in time gets no SIGKILL, and who fails now and then lives on", async () => {
  const lab = await startReadyLab();
  lab.lifeless.add(1);
  await lab.after(15_000);
  lab.lifeless.clear();
  lab.end("mariadb", 1, "exit 0");
  expect(await lab.after(40_000)).not.toContain("SIGKILL all of 1");
  for (let time = 0; time < 5; time += 1) {
    lab.lifeless.add(0);
    await lab.after(10_000);
    lab.lifeless.clear();
    expect(await lab.after(5000)).toEqual([]);
  }
});

test("a pod that cannot be placed is made anew", async () => {
  const lab = await startReadyLab({ replicas: 1 });
  lab.homeless.add(1);
  lab.controller.scale(2);
  expect(await lab.after(500)).toEqual(["dns 0,1"]);
  expect(lab.told("ended")).toEqual(["ended: galera-1 cannot be placed: no network"]);
  const { incarnation } = lab.pod(1);
  expect((await lab.after(1000)).slice(0, 3)).toEqual(["dns 0", "dns 0,1", "start agent 1"]);
  expect(lab.pod(1).incarnation).toBe(incarnation + 1);
});

test("a cut that fails is no error where its pod has gone meanwhile, and is one where it has not", async () => {
  for (const isGone of [true, false]) {
    const lab = await startReadyLab();
    const { promise, reject } = Promise.withResolvers<void>();
    lab.cutting.set(1, promise);
    const cut = lab.controller.cut({ sides: [[0]], node: false });
    const outcome = cut.then(
      () => "done",
      (error: Error) => error.message,
    );
    if (isGone) {
      lab.controller.delete(lab.pod(1), { wipe: false, graceMs: 0, preStop: false });
      lab.end("mariadb", 1, "SIGKILL");
      lab.end("agent", 1, "SIGKILL");
      await lab.after(500);
    }
    reject(new Error("no such namespace"));
    expect(await outcome).toBe(isGone ? "done" : "no such namespace");
  }
});
