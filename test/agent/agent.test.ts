import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { runAgent } from "../../src/agent/agent.js";
import { askState } from "../../src/agent/ask.js";
import { createContact } from "../../src/agent/contact.js";
import { createLocalAgent } from "../../src/agent/local.js";
import { accepts } from "../../src/agent/port.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { Ledger } from "../../src/bootstrap/ledger.js";
import type { Phase } from "../../src/bootstrap/member.js";
import { createParticipant } from "../../src/bootstrap/participant.js";
import { loadLedger, saveLedger, saveTold, type Told } from "../../src/bootstrap/store.js";
import { ordinalOf } from "../../src/peers/identity.js";
import { type TestClock, testClock } from "../system/test-clock.js";
import { collect, freePort, key, newId, passing, scratch, signal, uuid } from "./members.js";

const empty: Evidence = { kind: "empty" };
const founding = { epoch: 1, id: "00ff00ff00ff00ff", seqno: -1n };

function ledgerOf(...members: string[]): Ledger {
  const view = { number: 3, members };
  return { uuid, foundings: [founding], view, joining: undefined, discarded: [] };
}

/** What a server tells in a component of these members. */
function toldOf(primary: boolean, number: number, ...members: string[]): Told {
  const view = { number, members };
  return {
    status: primary ? "synced" : "connected",
    current: { primary, view },
    primary: primary ? { uuid, view, synced: true } : undefined,
  };
}

/** DNS and the members' servers, as all agents of a test see them. */
interface World {
  readonly clock: TestClock;
  /** By name; whom DNS names. */
  readonly addresses: Map<string, string>;
  /** Where Galera's port is open. */
  readonly servers: Set<string>;
}

let world: World;
beforeEach(() => {
  world = { clock: testClock(), addresses: new Map(), servers: new Set() };
});

interface MemberOptions {
  readonly ledger?: Ledger;
  readonly parent?: number;
  readonly port?: number;
  readonly shared?: string;
}

/** The agent of a pod, with all that it is told in memory but its files and its sockets. */
async function member(name: string, options: MemberOptions = {}) {
  const { clock, addresses, servers } = world;
  const { ledger, parent, shared } = options;
  const address = `127.0.50.${11 + (ordinalOf(name) ?? 0)}`;
  const port = options.port ?? (await freePort());
  const stateDir = scratch();
  if (ledger !== undefined) saveLedger(stateDir, ledger);
  addresses.set(name, address);
  const { log, lines } = collect();
  const pod = {
    parent,
    seqno: 41n as bigint | undefined,
    refusal: undefined as string | undefined,
    shutdowns: 0,
    terminated: [] as number[],
  };
  const asked: number[] = [];
  const stop = new AbortController();
  const participant = createParticipant(
    {
      ...{ name, ledger, incarnation: newId(), mode: "safe", replicas: undefined },
      ...{ force: undefined, discard: undefined, addressType: "dns" },
    },
    {
      ...{ clock, newId },
      look: async () => {
        const peers = [...addresses].map(([one, where]) => ({
          ...{ name: `${one}.galera.db`, ordinal: ordinalOf(one), addresses: [where] },
        }));
        const isMe = (peer: { name: string }) => peer.name === `${name}.galera.db`;
        const set = { peers, self: peers.find(isMe), others: peers.filter((peer) => !isMe(peer)) };
        return { kind: "peers", set: { ...set, fresh: true }, ttlS: 5 };
      },
      save: (next) => saveLedger(stateDir, next),
      contact: createContact(
        { agentPort: port, key: shared },
        { clock, newId, accepts: async (where) => servers.has(where) },
      ),
    },
  );
  const end = { done: false, reason: undefined as unknown };
  const ended = runAgent(
    { name, stateDir, host: address, port, key: shared, parent, address },
    {
      ...{ participant, clock, log, signal: stop.signal, parentNow: () => pod.parent ?? 1 },
      terminate: (pid) => void pod.terminated.push(pid),
      accepts: async (where) => servers.has(where),
      sql: {
        lastCommitted: async () => pod.seqno,
        bootstrap: async () => {
          asked.push(clock.now());
          if (pod.refusal !== undefined) throw new Error(pod.refusal);
        },
        shutdown: async () => {
          pod.shutdowns += 1;
        },
        close: async () => {},
      },
    },
  ).then(
    () => Object.assign(end, { done: true }),
    (reason) => Object.assign(end, { done: true, reason }),
  );
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await ended;
  });
  const local = createLocalAgent({ host: address, port, key: shared });
  const state = async () => {
    const nonce = newId();
    const answer = await askState({ name, address, port, key: shared, nonce, signal });
    if (answer.kind === "state") return answer.state;
    throw new Error(answer.what);
  };
  await passing(clock, () => end.done || accepts(address, port, signal), 0);
  return {
    ...{ name, address, port, stateDir, lines, pod, asked, stop, end, state, local },
    /** `run` begins a start. */
    start: (evidence: Evidence) => local.start(evidence, signal),
    decision: () => local.decision(signal),
    /** The server's port is open. */
    up: () => servers.add(address),
    down: () => servers.delete(address),
    tell: (told: Told) => saveTold(stateDir, told),
    reaches: (phase: Partial<Phase>) =>
      passing(clock, async () => {
        const now: Phase = (await state()).phase;
        return JSON.stringify({ ...now, ...phase }, bigints) === JSON.stringify(now, bigints);
      }),
  };
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** A founder in a primary component. */
async function founder(options: MemberOptions = {}) {
  const pod = await member("galera-0", options);
  await pod.start(empty);
  await passing(world.clock, async () => (await pod.decision()).action === "found");
  pod.up();
  pod.tell(toldOf(true, 1, "galera-0"));
  await pod.reaches({ kind: "running", primary: true });
  return pod;
}

describe("a start", () => {
  test("wakes the agent at once, which decides; before it there is nothing to do", async () => {
    const pod = await member("galera-0");
    await world.clock.advance(5000);
    expect(await pod.state()).toMatchObject({ phase: { kind: "idle" } });
    expect(await pod.decision()).toMatchObject({ action: "wait", why: "DNS", asked: false });
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
    await passing(world.clock, async () => (await pod.decision()).why !== "DNS");
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
    expect(pod.pod.terminated).toEqual([]);
    await passing(world.clock, () => pod.pod.terminated.length > 0);
    expect(pod.pod.terminated).toEqual([7]);
    expect(pod.lines.at(-1)).toMatch(/^warn: ending my server, so that another one can found: /);
  });

  test("beside a sidecar, by SQL", async () => {
    const pod = await member("galera-0", { ledger: ledgerOf("galera-0") });
    pod.pod.seqno = undefined;
    pod.up();
    pod.tell(toldOf(false, 3, "galera-0"));
    await passing(world.clock, () => pod.pod.shutdowns > 0);
    expect(pod.asked).toEqual([]);
  });

  test("that has left its cluster, and does not within 30 s", async () => {
    const pod = await founder({ parent: 7 });
    pod.tell({ ...toldOf(true, 1, "galera-0"), status: "disconnected", current: undefined });
    await pod.reaches({ kind: "idle" });
    await world.clock.advance(25_000);
    expect(pod.pod.terminated).toEqual([]);
    await world.clock.advance(10_000);
    expect(pod.pod.terminated).toEqual([7]);
    await world.clock.advance(100_000);
    expect(pod.pod.terminated).toEqual([7]);
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
    await passing(world.clock, async () => (await zero.decision()).why !== "DNS");
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
    await passing(world.clock, async () => (await zero.decision()).why !== "DNS");
    await world.clock.advance(10_000);
    expect(await zero.decision()).toMatchObject({
      action: "wait",
      why: expect.stringContaining("galera-1: its agent has another GALERA_AGENT_KEY than I"),
    });
    expect(await one.decision()).toMatchObject({ action: "wait" });
    for (const line of [...zero.lines, ...one.lines]) expect(line).not.toContain(key);
  });
});
