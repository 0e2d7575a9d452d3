import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { exchange } from "../../src/agent/http/exchange.js";
import { accepts } from "../../src/agent/http/port.js";
import { createStandBy } from "../../src/agent/http/stand-by.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { loadLedger, saveLedger } from "../../src/bootstrap/store.js";
import { systemClock } from "../../src/system/clock.js";
import { freePort, handMade, host, http, key, passing, signal, uuid } from "./members.js";

import { empty, founder, ledgerOf, member, toldOf, world } from "./pod.js";

/** What is said before anything was looked at. */
const undecided = "the first look at DNS and the other members";

describe("a start", () => {
  test("wakes the agent at once, which decides; before it there is nothing to do", async () => {
    const pod = await member("galera-0");
    await world.clock.advance(5000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
    expect(await pod.decision()).toMatchObject({
      ...{ action: "wait", asked: false },
      why: "the first look at DNS and the other members",
    });
    await pod.start(empty);
    // The clock stands still.
    await expect.poll(async () => (await pod.decision()).action).toBe("found");
    expect(await pod.decision()).toEqual({
      action: "found",
      why: expect.stringContaining("galera-0: the datadir is empty"),
      targets: [{ name: "galera-0.galera.db", addresses: [pod.address] }],
      ...{ discard: false, asked: true },
    });
    expect(loadLedger(pod.stateDir)).toMatchObject({
      foundings: [{ epoch: 1, seqno: -1n }],
      view: { number: 0, members: ["galera-0"] },
    });
    expect(await pod.state()).toMatchObject({ phase: { kind: "founding" }, evidence: empty });
  });

  test("its decision stays the same until the next start", async () => {
    const pod = await founder();
    world.addresses.set("galera-1", "127.0.50.12");
    await world.clock.advance(20_000);
    expect(await pod.decision()).toMatchObject({ action: "found" });
    pod.down();
    rmSync(join(pod.stateDir, "galera-peers.view.log"));
    saveLedger(pod.stateDir, ledgerOf("galera-0", "galera-1"));
    await pod.start({
      ...{ kind: "position", uuid, seqno: 41n, safeToBootstrap: false, certain: true },
    });
    expect(await pod.decision()).toMatchObject({ action: "wait" });
    await passing(world.clock, async () => (await pod.decision()).why !== undecided);
    expect(await pod.decision()).toMatchObject({
      action: "wait",
      why: expect.stringContaining("galera-1: its agent: connection refused"),
    });
  });

  test("is taken by an agent that was left behind only until it is decided", async () => {
    const pod = await founder({ parent: 7 });
    await expect(pod.start(empty)).rejects.toThrow();
    await expect(pod.local.ended(signal)).rejects.toThrow();
    expect(await pod.state()).toMatchObject({ phase: { kind: "running", primary: true } });
    expect(pod.lines.at(-1)).toMatch(
      /the start of galera-0 that this agent was left behind by is over/,
    );
  });

  test("that cannot be read is refused, logged, and changes nothing", async () => {
    const pod = await founder();
    const bad = { kind: "gone" } as unknown as Evidence;
    for (let n = 0; n < 3; n += 1)
      await expect(pod.start(bad)).rejects.toMatchObject({ exitCode: 70 });
    expect(await pod.state()).toMatchObject({ phase: { kind: "running" } });
    expect(await pod.decision()).toMatchObject({ action: "found" });
    expect(pod.lines.filter((line) => line.startsWith("error"))).toEqual([
      'error: an answer to POST: a start that cannot be read: start.evidence.kind: "gone" is not known',
    ]);
  });

  test("with a ledger that is damaged is refused, and the agent goes on", async () => {
    const pod = await member("galera-0");
    const path = join(pod.stateDir, "galera-peers.ledger.log");
    writeFileSync(path, "{");
    await expect(pod.start(empty)).rejects.toMatchObject({ exitCode: 70 });
    expect(pod.lines).toEqual([
      expect.stringMatching(/^error: an answer to POST: .*it is damaged/),
    ]);
    rmSync(path);
    await pod.start(empty);
    await passing(world.clock, async () => (await pod.decision()).action === "found");
  });
});

describe("a start that has ended", () => {
  test("is not decided for: who has not asked for 30 s is no candidate", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0", "galera-1") });
    await pod.start(empty);
    await passing(world.clock, async () => /galera-1/.test((await pod.decision()).why));
    for (let s = 0; s < 29; s += 1) await passing(world.clock, async () => true, 1000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "waiting" } });
    await world.clock.advance(3000);
    await pod.reaches({ kind: "idle" });
    expect(pod.lines.at(-1)).toMatch(/the start waits no longer: nobody has asked .* for 30 s/);
    expect((await pod.decision()).asked).toBe(false);
  });
});

describe("the server", () => {
  test("what it tells is the state, and is in the ledger", async () => {
    const pod = await founder();
    pod.pod.seqno = 99n;
    await world.clock.advance(300);
    expect(await pod.state()).toMatchObject({
      phase: {
        ...{ kind: "running", primary: true, status: "synced", seqno: 99n },
        view: { number: 1, members: ["galera-0"] },
      },
      ledger: { uuid, view: { number: 1, members: ["galera-0"] } },
    });
    expect(loadLedger(pod.stateDir)).toMatchObject({ uuid, view: { number: 1 } });
    pod.tell(toldOf(true, 2, "galera-0", "galera-1"));
    await pod.reaches({ kind: "running", view: { number: 2, members: ["galera-0", "galera-1"] } });
    expect(loadLedger(pod.stateDir)).toMatchObject({ view: { number: 2 } });
    expect(pod.lines.at(-1)).toBe(
      "info: my server is synced, in the primary component: galera-0, galera-1",
    );
  });

  test("each state is said once, however often it is looked at", async () => {
    const pod = await founder();
    const said = pod.lines.length;
    await world.clock.advance(60_000);
    expect(pod.lines).toHaveLength(said);
  });

  test("what it tells twice between two looks is not missed", async () => {
    const pod = await founder();
    for (let number = 2; number < 12; number += 2) {
      // A file system gives the inode of a file that was replaced to the next but one.
      pod.tell(toldOf(false, number, "galera-0"));
      pod.tell(toldOf(true, number + 1, "galera-0"));
      const view = { number: number + 1, members: ["galera-0"] };
      await pod.reaches({ kind: "running", primary: true, view });
    }
  });

  test("its position is asked for anew at most every 300 ms, and may be unknown", async () => {
    const pod = await founder();
    const stands = async () => (await pod.state()).phase;
    await world.clock.advance(300);
    expect(await stands()).toMatchObject({ seqno: 41n });
    pod.pod.seqno = undefined;
    await world.clock.advance(200);
    expect(await stands()).toMatchObject({ seqno: 41n });
    await world.clock.advance(100);
    expect(await stands()).toMatchObject({ seqno: undefined });
  });

  test("has ended where its port is closed", async () => {
    const pod = await founder();
    pod.down();
    await pod.reaches({ kind: "idle" });
    expect(pod.lines.at(-1)).toBe("info: my server has ended");
    await world.clock.advance(60_000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
    expect(pod.lines.filter((line) => line.includes("ended"))).toHaveLength(1);
  });

  test("has ended where the next start says so, before its evidence is known", async () => {
    const pod = await founder();
    await pod.local.ended(signal);
    expect((await pod.state()).phase).toEqual({ kind: "idle" });
    await world.clock.advance(3000);
    expect(await pod.decision()).toMatchObject({ action: "wait" });
    await pod.start(empty);
    expect((await pod.state()).phase).toEqual({ kind: "waiting" });
  });

  test("that only was too slow to accept is heard again", async () => {
    const pod = await founder();
    await world.clock.advance(2000);
    pod.down();
    await pod.reaches({ kind: "idle" });
    pod.up();
    await pod.reaches({ kind: "running", primary: true });
  });

  test("whose port never opens has ended after 90 s", async () => {
    const pod = await member("galera-0");
    await pod.start(empty);
    await pod.reaches({ kind: "founding" });
    const since = world.clock.now();
    await passing(world.clock, () => world.clock.now() >= since + 89_000, 1000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "founding" } });
    await world.clock.advance(3000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
  });

  test("runs already when the agent starts", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0", "galera-1") });
    pod.tell(toldOf(true, 9, "galera-0"));
    await world.clock.advance(3000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
    pod.up();
    await pod.reaches({
      kind: "running",
      primary: true,
      view: { number: 9, members: ["galera-0"] },
    });
    expect(loadLedger(pod.stateDir)).toMatchObject({ view: { number: 9 } });
  });

  test("of a start that waits is the last one's: what that told is no news", async () => {
    const pod = await founder();
    world.addresses.set("galera-1", "127.0.50.12");
    saveLedger(pod.stateDir, ledgerOf("galera-0", "galera-1"));
    await pod.start(empty);
    pod.tell(toldOf(false, 1, "galera-0")); // late
    await world.clock.advance(10_000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "waiting" } });
  });

  test("is not looked for by an agent that ends with it", async () => {
    const pod = await founder({ parent: 7 });
    pod.down();
    await world.clock.advance(200_000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "running" } });
  });
});

describe("a settled agent asks the others", () => {
  async function settled() {
    const pod = await founder();
    const decisions = async () => {
      const reply = await exchange({
        ...{ host: pod.address, port: pod.port, method: "GET", path: "/metrics" },
        ...{ timeoutMs: 1000, signal },
      });
      if (reply.kind === "none") throw new Error(reply.why);
      return Number(/decisions_total\{action="rest"\} (\d+)/.exec(reply.body)?.[1] ?? 0);
    };
    const within = async (seconds: number) => {
      const before = await decisions();
      for (let s = 0; s < seconds; s += 1) {
        await world.clock.advance(1000);
        await systemClock.sleep(2); // files and sockets have their own time
      }
      return (await decisions()) - before;
    };
    return { pod, within };
  }

  test("every 5 s while its component is new, then every 30 s", async () => {
    const { within } = await settled();
    expect(await within(30)).toBeGreaterThanOrEqual(4);
    await world.clock.advance(60_000);
    const later = await within(120);
    expect(later).toBeGreaterThanOrEqual(3);
    expect(later).toBeLessThanOrEqual(5);
  });

  test("at once when it is in another component", async () => {
    const { pod, within } = await settled();
    await within(20);
    for (const number of [2, 3]) {
      pod.tell(toldOf(true, number, "galera-0"));
      expect(await within(2)).toBe(1);
    }
  });
});

describe("pc.bootstrap", () => {
  /** One whose server runs outside a primary component, and may make it primary. */
  async function apart(refusal?: string) {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0") });
    pod.pod.refusal = refusal;
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, () => pod.asked.length > 0);
    return pod;
  }
  const mentions = (lines: string[], what: string) => lines.filter((line) => line.includes(what));

  test("is asked for once; the component is primary soon", async () => {
    const pod = await apart();
    await world.clock.advance(3000);
    expect(pod.asked).toHaveLength(1);
    pod.tell(toldOf(true, 4, "galera-0"));
    await pod.reaches({ kind: "running", primary: true });
    await world.clock.advance(30_000);
    expect(pod.asked).toHaveLength(1);
    expect(mentions(pod.lines, "making my component primary")).toHaveLength(1);
    expect(loadLedger(pod.stateDir)?.foundings.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  test("that fails is tried again every 5 s, and said once", async () => {
    const pod = await apart("Access denied");
    const tried = () => pod.asked.length;
    await passing(world.clock, () => tried() >= 4);
    const between = pod.asked.slice(1).map((ms, index) => ms - (pod.asked[index] ?? 0));
    for (const ms of between) expect(ms).toBeGreaterThanOrEqual(5000);
    for (const ms of between) expect(ms).toBeLessThan(6000);
    expect(pod.lines.filter((line) => line.startsWith("error"))).toEqual([
      "error: pc.bootstrap: Access denied",
    ]);
    expect(mentions(pod.lines, "making my component primary")).toHaveLength(1);
    pod.pod.refusal = "Lost connection";
    const before = tried();
    await passing(world.clock, () => tried() > before);
    expect(pod.lines.at(-1)).toBe("error: pc.bootstrap: Lost connection");
  });
});

describe("a server that has to end", () => {
  test("outside a primary component, its position unknown: after 10 s, by SIGTERM", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0"), parent: 7 });
    pod.pod.seqno = undefined;
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, async () => (await pod.state()).phase.kind === "running");
    await world.clock.advance(8000);
    expect(pod.pod.signals).toEqual([]);
    await passing(world.clock, () => pod.pod.signals.length > 0);
    expect(pod.pod.signals).toEqual(["SIGTERM 7"]);
    expect(pod.lines.at(-1)).toMatch(/^warn: ending my server, so that another one can found: /);
  });

  test("the donor of a state transfer that is over: after 40 s", async () => {
    const pod = await founder();
    pod.pod.server = { state: 2 };
    pod.tell({ ...toldOf(true, 2, "galera-0"), status: "joined" });
    await pod.reaches({ kind: "running", status: "joined" });
    await world.clock.advance(35_000);
    expect(pod.pod.shutdowns).toBe(0);
    await passing(world.clock, () => pod.pod.shutdowns > 0, 1000);
    expect(pod.lines.at(-1)).toBe(
      "warn: ending my server, which Galera takes for the donor of a state transfer that is over",
    );
  });

  test("beside a sidecar, by SQL", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0") });
    pod.pod.seqno = undefined;
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, () => pod.pod.shutdowns > 0);
    expect(pod.asked).toEqual([]);
  });

  test("that takes no SQL, by its liveness probe, until another start has begun", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0") });
    const livez = async () => (await fetch(`http://${pod.address}:${pod.port}/livez`)).status;
    pod.pod.seqno = undefined;
    pod.pod.refusal = "connect ENOENT";
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, async () => (await pod.state()).phase.kind === "running");
    expect(await livez()).toBe(200);
    await passing(world.clock, async () => (await livez()) !== 200);
    expect(pod.lines.at(-1)).toBe(
      "warn: it takes no SHUTDOWN, so its liveness probe fails: connect ENOENT",
    );
    await pod.start(empty);
    expect(await livez()).toBe(200);
  });

  test("that has left its cluster, and does not within 30 s", async () => {
    const pod = await founder({ parent: 7 });
    pod.tell({ ...toldOf(true, 1, "galera-0"), status: "disconnected", current: undefined });
    await pod.reaches({ kind: "idle" });
    await world.clock.advance(25_000);
    expect(pod.pod.signals).toEqual([]);
    await world.clock.advance(7000);
    expect(pod.pod.signals).toEqual(["SIGTERM 7"]);
    await world.clock.advance(50_000);
    expect(new Set(pod.pod.signals)).toEqual(new Set(["SIGTERM 7"]));
  });

  test("and heeds no SIGTERM: killed after a minute", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0"), parent: 7 });
    pod.pod.seqno = undefined;
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, () => pod.pod.signals.length > 0);
    await world.clock.advance(58_000);
    expect(new Set(pod.pod.signals)).toEqual(new Set(["SIGTERM 7"]));
    await passing(world.clock, () => pod.pod.signals.includes("SIGKILL 7"));
    // The clock goes on while the files are really looked through.
    expect(pod.lines.at(-1)).toMatch(/^warn: killing my server: it has not ended for \d{2,3} s$/);
  });
});

describe("a fault of the disk does not end it", () => {
  test("the ledger cannot be written: nothing is decided, it is said once and tried again", async () => {
    const pod = await member("galera-0");
    rmSync(pod.stateDir, { recursive: true });
    await pod.start(empty);
    await passing(world.clock, async () => (await pod.decision()).why.includes("ENOENT"));
    await world.clock.advance(5000);
    expect(await pod.decision()).toMatchObject({ action: "wait" });
    expect(await pod.state()).toMatchObject({ phase: { kind: "waiting" }, ledger: undefined });
    expect(pod.lines).toEqual([
      `error: ${pod.stateDir} cannot be written: ENOENT: no such file or directory`,
    ]);
    mkdirSync(pod.stateDir);
    await passing(world.clock, async () => (await pod.decision()).action === "found");
  });

  test("what the server tells is taken over as soon as it can be written", async () => {
    const pod = await founder();
    const view = join(pod.stateDir, "galera-peers.view.log");
    pod.tell(toldOf(true, 2, "galera-0", "galera-1"));
    const ledger = join(pod.stateDir, "galera-peers.ledger.log");
    rmSync(ledger);
    mkdirSync(join(ledger, "in-the-way"), { recursive: true });
    await passing(world.clock, () => pod.lines.at(-1)?.startsWith("error: "));
    await world.clock.advance(5000);
    expect(await pod.state()).toMatchObject({ phase: { view: { number: 1 } } });
    rmSync(ledger, { recursive: true });
    await pod.reaches({ kind: "running", view: { number: 2, members: ["galera-0", "galera-1"] } });
    expect(loadLedger(pod.stateDir)).toMatchObject({ view: { number: 2 } });
    writeFileSync(view, "{");
    await passing(world.clock, () => pod.lines.at(-1)?.includes("damaged"));
    expect(await pod.state()).toMatchObject({ phase: { kind: "running", primary: true } });
    expect(pod.lines.filter((line) => line.startsWith("error"))).toHaveLength(2);
  });
});

describe("its end", () => {
  test("with the process that has left it behind", async () => {
    const pod = await member("galera-0", { parent: 7 });
    await world.clock.advance(5000);
    expect(pod.end.done).toBe(false);
    pod.pod.parent = 1;
    await passing(world.clock, () => pod.end.done);
    expect(pod.end.reason).toBeUndefined();
    expect(await accepts(pod.address, pod.port, signal)).toBe(false);
  });

  test("by a signal, with its reason and at once; the port is free, and the log says nothing", async () => {
    const pod = await founder();
    const said = pod.lines.length;
    const reason = new Error("ended by SIGTERM");
    pod.stop.abort(reason);
    await expect.poll(() => pod.end).toEqual({ done: true, reason });
    const next = createServer();
    await new Promise<void>((listening) => next.listen(pod.port, pod.address, listening));
    next.close();
    expect(pod.lines).toHaveLength(said);
  });

  test("by a signal while others are asked", async () => {
    const port = await freePort();
    const silent = createServer(() => {});
    await new Promise<void>((listening) => silent.listen(port, "127.0.50.12", listening));
    onTestFinished(() => void silent.close());
    world.addresses.set("galera-1", "127.0.50.12");
    const pod = await member("galera-0", { port, ledger: ledgerOf("galera-0", "galera-1") });
    const connected = new Promise<void>((one) => silent.once("connection", () => one()));
    await pod.start(empty);
    await connected;
    const reason = new Error("ended by SIGTERM");
    const aborted = performance.now();
    pod.stop.abort(reason);
    await expect.poll(() => pod.end, { interval: 5 }).toEqual({ done: true, reason });
    expect(performance.now() - aborted).toBeLessThan(500);
  });
});

test("a port that an agent which ends still holds is taken over within 5 s", async () => {
  const port = await freePort();
  const first = await member("galera-0", { port, parent: 7 });
  const second = await member("galera-0", { port, parent: 8 });
  expect(await second.local.about(signal)).toEqual({ name: "galera-0", parent: 7 });
  await world.clock.advance(3000);
  first.pod.parent = 1;
  await passing(world.clock, async () => (await second.local.about(signal))?.parent === 8);
  expect(world.clock.now()).toBeLessThan(5000);
});

describe("a sidecar that comes up beside an agent which run has left behind", () => {
  const parentOf = async (pod: Awaited<ReturnType<typeof member>>) =>
    (await pod.local.about(signal))?.parent;

  test("stands by, says so once, and takes over when that one ends with its server", async () => {
    const port = await freePort();
    const left = await member("galera-0", { port, parent: 7 });
    const sidecar = await member("galera-0", { port });
    await passing(world.clock, () => sidecar.lines.length > 0, 1000);
    for (let round = 0; round < 20; round += 1) await passing(world.clock, async () => true, 1000);
    expect(sidecar.lines).toEqual([
      "info: another agent of this pod is up: I take over when it ends",
    ]);
    expect(await parentOf(left)).toBe(7);
    left.pod.parent = 1; // its server has ended
    await passing(
      world.clock,
      async () => (await parentOf(sidecar)) === undefined && left.end.done,
    );
    expect(sidecar.end.done).toBe(false);
  });

  test("takes over with what that one has written, not with what it has read before", async () => {
    const port = await freePort();
    const left = await member("galera-0", { port, parent: 7 });
    const sidecar = await member("galera-0", { port });
    await passing(world.clock, () => sidecar.lines.length > 0, 1000);
    saveLedger(sidecar.stateDir, ledgerOf("galera-0", "galera-1")); // the disk of both
    left.pod.parent = 1;
    await passing(
      world.clock,
      async () => (await parentOf(sidecar)) === undefined && left.end.done,
    );
    expect((await sidecar.state()).ledger).toEqual(ledgerOf("galera-0", "galera-1"));
    expect(loadLedger(sidecar.stateDir)).toEqual(ledgerOf("galera-0", "galera-1"));
  });

  test("goes on waiting for one that is slow to answer, once it is known", async () => {
    const port = await freePort();
    const left = await member("galera-0", { port, parent: 7 });
    const log: string[] = [];
    const parent = undefined;
    const place = { name: "galera-0", address: left.address, port, key: undefined, parent };
    const isAwaited = createStandBy(place, (_, line) => log.push(line), signal);
    expect(await isAwaited()).toBe(true);
    left.stop.abort(new Error("ended"));
    await passing(world.clock, () => left.end.done);
    expect(await isAwaited()).toBe(true); // nobody answers: the port is tried again
    expect(log).toHaveLength(1);
    const strange = await handMade((socket) => socket.end(http(200, "<html>")));
    const other = { ...place, address: host, port: strange.port };
    expect(await createStandBy(other, () => {}, signal)()).toBe(false);
    const nobody = { ...place, port: await freePort() };
    expect(await createStandBy(nobody, () => {}, signal)()).toBe(false);
  });

  test.each([
    ["another member's", "galera-1", 7],
    ["another sidecar", "galera-0", undefined],
  ])("does not wait for %s: Failure 78", async (_, name, parent) => {
    const port = await freePort();
    const other = await member(name, { port, ...(parent !== undefined && { parent }) });
    world.addresses.delete(name);
    const sidecar = await member("galera-0", { port, address: other.address });
    await passing(world.clock, () => sidecar.end.done, 1000);
    expect(sidecar.end.reason).toMatchObject({ exitCode: 78 });
  });
});

describe("two agents", () => {
  test.each([
    ["with a shared key", key],
    ["without one", undefined],
  ])("%s elect exactly one founder, the one that knows most", async (_, shared) => {
    const port = await freePort();
    const ledger = ledgerOf("galera-0", "galera-1");
    const options = { port, ledger, ...(shared !== undefined && { shared }) };
    const pods = [await member("galera-0", options), await member("galera-1", options)] as const;
    const [zero, one] = pods;
    const at = (seqno: bigint): Evidence => ({
      ...{ kind: "position", uuid, seqno, safeToBootstrap: false, certain: true },
    });
    await zero.start(at(40n));
    await passing(world.clock, async () => (await zero.decision()).why !== undecided);
    await world.clock.advance(20_000);
    expect(await zero.decision()).toMatchObject({
      action: "wait",
      why: expect.stringContaining("galera-1: its agent is up, its server not started"),
    });
    await one.start(at(41n));
    await passing(world.clock, async () => (await one.decision()).action === "found");
    await passing(world.clock, async () => /founding/.test((await zero.decision()).why));
    expect(await zero.decision()).toMatchObject({
      ...{ action: "wait", why: "galera-1, which is founding the cluster" },
    });
    expect(loadLedger(one.stateDir)?.foundings).toMatchObject([
      { epoch: 1 },
      { epoch: 2, seqno: 41n },
    ]);
    expect(loadLedger(zero.stateDir)?.foundings).toHaveLength(1);

    one.up();
    one.tell(toldOf(true, 1, "galera-1"));
    await passing(world.clock, async () => (await zero.decision()).action === "join");
    expect(await zero.decision()).toMatchObject({ why: "galera-1 is in the primary component" });
    expect(await zero.state()).toMatchObject({ phase: { kind: "joining" } });
  });

  test("whose keys differ elect nobody", async () => {
    const port = await freePort();
    const ledger = ledgerOf("galera-0", "galera-1");
    const zero = await member("galera-0", { port, ledger, shared: key });
    const one = await member("galera-1", { port, ledger, shared: "another key, of nobody's" });
    await Promise.all([zero.start(empty), one.start(empty)]);
    await passing(world.clock, async () => (await zero.decision()).why !== undecided);
    await world.clock.advance(10_000);
    expect(await zero.decision()).toMatchObject({
      action: "wait",
      why: expect.stringContaining("galera-1: its agent has another GALERA_AGENT_KEY than I"),
    });
    expect(await one.decision()).toMatchObject({ action: "wait" });
    for (const line of [...zero.lines, ...one.lines]) expect(line).not.toContain(key);
  });
});
