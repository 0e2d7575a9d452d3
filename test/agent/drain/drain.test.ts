import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createDrain, type DrainAnswer, type DrainLimits } from "../../../src/agent/drain/drain.js";
import { drainHere } from "../../../src/agent/drain/drain-here.js";
import type { Neighbour } from "../../../src/agent/drain/leave-turn.js";
import type { DrainStage, Report } from "../../../src/agent/report.js";
import { fromJson } from "../../../src/bootstrap/format.js";
import type { Phase } from "../../../src/bootstrap/member.js";
import { Interrupted } from "../../../src/system/signals.js";
import { type TestClock, testClock } from "../../system/test-clock.js";
import { collect, freePort, handMade, host, key, passing, serving, stateOf } from "../members.js";
import { syncedReport } from "../reports.js";

const members = ["galera-0", "galera-1", "galera-2"];
const limits = { delayMs: 5000, timeoutMs: 20_000 };

function inView(names: readonly string[], primary = true): Phase {
  const view = { number: 3, members: names };
  return { kind: "running", primary, status: "synced", view, seqno: 41n };
}

function report(name: string, phase: Phase, draining?: DrainStage): Report {
  return syncedReport({ state: stateOf(name, { phase }), draining });
}

/** The agent of galera-1, and what it sees. */
function agent() {
  const clock = testClock();
  const { log, lines } = collect();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const world = {
    phase: inView(members) as Phase,
    /** Whom it asks, and what they say; they are well unless a test says something else. */
    others: new Map<string, Neighbour>(),
    asked: [] as (readonly string[])[],
    fault: undefined as Error | undefined,
  };
  const drain = createDrain({
    ...{ clock, log, signal: stop.signal },
    self: async () => {
      if (world.fault !== undefined) throw world.fault;
      return report("galera-1", world.phase, drain.stage());
    },
    neighbours: async (names) => {
      world.asked.push(names);
      const well = (name: string): Neighbour => ({
        ...{ kind: "answers", report: report(name, inView(members)) },
      });
      return new Map(names.map((name) => [name, world.others.get(name) ?? well(name)]));
    },
  });
  const shows = (name: string, stage: DrainStage | undefined) =>
    world.others.set(name, { kind: "answers", report: report(name, inView(members), stage) });
  const ask = () => drain.ask(limits);
  return { clock, lines, stop, world, drain, shows, ask };
}

const waitingFor = (why: string): DrainAnswer => ({ state: "waiting", why });
const myTurn: DrainAnswer = { state: "drained", why: "it is my turn" };

describe("the agent", () => {
  test("readiness falls at once, clients have their time, and then it is its turn", async () => {
    const { clock, lines, drain, world, ask } = agent();
    expect(drain.stage()).toBeUndefined();
    const first = ask();
    expect(drain.stage()).toBe("waiting");
    expect(await first).toEqual(waitingFor("clients to go, for 5.0 s"));
    await clock.advance(4999);
    expect(world.asked).toEqual([]);
    expect(await ask()).toMatchObject({ state: "waiting" });
    await clock.advance(1);
    expect(await ask()).toEqual(myTurn);
    expect(drain.stage()).toBe("leaving");
    expect(world.asked).toEqual(Array(2).fill(["galera-0", "galera-2"]));
    expect(lines).toEqual([
      "info: draining: waiting for clients to go, for 5.0 s",
      "info: drained: it is my turn",
    ]);
  });

  test("it shows that it waits, then that it leaves, and only then goes", async () => {
    const { clock, drain, shows, ask } = agent();
    shows("galera-2", "waiting");
    await ask();
    await clock.advance(9000);
    expect(await ask()).toEqual(waitingFor("galera-2 to leave first"));
    expect(drain.stage()).toBe("waiting");
    shows("galera-2", undefined);
    await clock.advance(200);
    expect(await ask()).toEqual(myTurn);
  });

  test("each wait is said once, however often it comes back", async () => {
    const { clock, lines, shows, world, ask } = agent();
    await ask();
    await clock.advance(4900);
    for (let time = 0; time < 3; time += 1) {
      shows("galera-2", "waiting");
      await clock.advance(2000);
      world.others.set("galera-2", { kind: "gone" });
      await clock.advance(2000);
    }
    expect(lines.filter((line) => line.includes("waiting"))).toEqual([
      "info: draining: waiting for clients to go, for 5.0 s",
      "info: draining: waiting for galera-2 to leave first",
      "info: draining: waiting for the cluster to notice that galera-2 has ended",
    ]);
  });

  test("who drains for ever holds it up until the time is up, and no longer", async () => {
    const { clock, lines, drain, shows, ask } = agent();
    shows("galera-2", "leaving");
    await ask();
    await clock.advance(19_999);
    expect(await ask()).toEqual(waitingFor("galera-2 to leave first"));
    await clock.advance(1);
    expect(await ask()).toEqual({ state: "overdue", why: "galera-2 to leave first" });
    expect(drain.stage()).toBe("leaving");
    expect(lines.at(-1)).toBe(
      "warn: draining: the time is up, and my server leaves without waiting for galera-2 to leave first",
    );
  });

  test.each<[string, Phase, number, string]>([
    ["not primary: after the clients' time", inView(members, false), 5000, "not primary"],
    ["alone: after the clients' time", inView(["galera-1"]), 5000, "alone"],
    ["no server: at once", { kind: "idle" }, 0, "not in the cluster"],
    ["a server that joins: at once", { kind: "joining" }, 0, "not in the cluster"],
  ])("%s", async (_, phase, ms, why) => {
    const { clock, world, shows, ask } = agent();
    world.phase = phase;
    shows("galera-2", "leaving");
    if (ms > 0) {
      await ask();
      await clock.advance(ms - 1);
      expect(await ask()).toMatchObject({ state: "waiting" });
      await clock.advance(1);
    }
    expect(await ask()).toEqual({ state: "drained", why: expect.stringContaining(why) });
  });

  test("where nothing leaves, a server that comes is as new", async () => {
    const { world, drain, ask } = agent();
    world.phase = { kind: "idle" };
    expect(await ask()).toMatchObject({ state: "drained" });
    expect(drain.stage()).toBeUndefined();
    world.phase = inView(members);
    expect(await ask()).toMatchObject({ state: "waiting" });
  });

  test("another drain joins the one that runs, whatever its limits", async () => {
    const { clock, drain, ask } = agent();
    await Promise.all([ask(), drain.ask({ delayMs: 0, timeoutMs: 1 })]);
    await clock.advance(4000);
    expect(await drain.ask({ delayMs: 60_000, timeoutMs: 60_000 })).toMatchObject({
      state: "waiting",
    });
    await clock.advance(1000);
    expect(await ask()).toEqual(myTurn);
  });

  test.each([
    ["while clients go", 100],
    ["while it waits for another one", 7000],
    ["in its turn", 20_000],
  ])("another start, %s: all is as new", async (_, ms) => {
    const { clock, lines, drain, shows, ask } = agent();
    shows("galera-2", "waiting");
    await ask();
    await clock.advance(ms);
    drain.forget();
    const said = lines.length;
    expect(drain.stage()).toBeUndefined();
    await clock.advance(60_000);
    expect(lines.slice(said)).toEqual([]);
    expect(drain.stage()).toBeUndefined();
    shows("galera-2", undefined);
    expect(await ask()).toEqual(waitingFor("clients to go, for 5.0 s"));
    await clock.advance(5000);
    expect(await ask()).toEqual(myTurn);
  });

  test("another start while it looks for the first time: nothing of the drain stays", async () => {
    const { clock, drain, ask } = agent();
    const first = ask();
    drain.forget();
    expect(await first).toMatchObject({ state: "waiting" });
    await clock.advance(60_000);
    expect(drain.stage()).toBeUndefined();
  });

  test("a look that fails is a wait, and is taken again", async () => {
    const { clock, world, lines, ask } = agent();
    world.fault = Object.assign(new Error("ENOSPC: no space, write '/x.123'"), { code: "ENOSPC" });
    expect(await ask()).toMatchObject({ state: "waiting" });
    await clock.advance(7000);
    expect(await ask()).toEqual(waitingFor("a look at the cluster: ENOSPC"));
    expect(lines.filter((line) => line.includes("ENOSPC"))).toHaveLength(1);
    world.fault = undefined;
    await clock.advance(200);
    expect(await ask()).toEqual(myTurn);
  });

  test("the agent's own end ends it, without a word", async () => {
    const { clock, lines, stop, ask } = agent();
    await ask();
    stop.abort(new Error("ended by SIGTERM"));
    await clock.advance(60_000);
    expect(await ask()).toMatchObject({ state: "waiting" });
    expect(lines).toHaveLength(1);
  });
});

describe("the command", () => {
  let clock: TestClock;
  beforeEach(() => {
    clock = testClock();
  });

  /** Runs it against an agent's port; what it came to is filled in. */
  function command(port: number, rest = {}, env = {}) {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const { log, lines } = collect();
    const settings = { podIp: [host], agentPort: port, ...rest };
    const end: { done: boolean; reason?: unknown } = { done: false };
    drainHere(settings, env, { clock, log, signal: stop.signal }).then(
      () => Object.assign(end, { done: true }),
      (reason) => Object.assign(end, { done: true, reason }),
    );
    return { lines, end, stop };
  }

  /** An agent that says one thing after the other, the last one for ever. */
  async function saying(...answers: readonly DrainAnswer[]) {
    const asked: DrainLimits[] = [];
    const drain = (body: string) => {
      asked.push(fromJson(body) as DrainLimits);
      return answers[asked.length - 1] ?? answers.at(-1);
    };
    return { ...(await serving({ drain }, { key })), asked };
  }

  test("says each wait once, and ends when the server may", async () => {
    const two = waitingFor("galera-2 to leave first");
    const notice = waitingFor("the cluster to notice that galera-0 has ended");
    const { port, asked } = await saying(two, notice, two, two, myTurn);
    const { lines, end } = command(port, {}, { GALERA_AGENT_KEY: key });
    await passing(clock, () => end.done, 200);
    expect(end).toEqual({ done: true });
    expect(lines).toEqual([
      "info: waiting for galera-2 to leave first",
      "info: waiting for the cluster to notice that galera-0 has ended",
      "info: the server may be ended: it is my turn",
    ]);
    expect(asked).toHaveLength(5);
    expect(asked[0]).toEqual(limits);
  });

  test("hands in what is left of its limits: an agent that begins anew goes on", async () => {
    const { port, asked } = await saying(waitingFor("clients to go"));
    const given = { drainDelay: 600, drainTimeout: 2000 };
    const { end } = command(port, given, { GALERA_AGENT_KEY: key });
    await passing(clock, () => asked.length >= 5, 50);
    expect(asked[0]).toEqual({ delayMs: 600, timeoutMs: 2000 });
    const times = asked.map(({ timeoutMs }) => 2000 - timeoutMs);
    for (const [index, ms] of times.slice(1).entries()) {
      expect(ms - (times[index] ?? 0)).toBeGreaterThanOrEqual(200);
      expect(asked[index + 1]?.delayMs).toBe(Math.max(0, 600 - ms));
    }
    expect(end.done).toBe(false);
  });

  test("the time is up: said as a warning, the end of the server may come", async () => {
    const { port } = await saying({ state: "overdue", why: "galera-2 to leave first" });
    const { lines, end } = command(port, {}, { GALERA_AGENT_KEY: key });
    await passing(clock, () => end.done);
    expect(end).toEqual({ done: true });
    expect(lines).toEqual([
      "warn: the server may be ended since the time is up, without waiting for galera-2 to leave first",
    ]);
  });

  test("an agent that does not end its wait: the command does", async () => {
    const { port } = await saying(waitingFor("galera-2 to leave first"));
    const { lines, end } = command(port, { drainTimeout: 3000 }, { GALERA_AGENT_KEY: key });
    await passing(clock, () => end.done);
    expect(clock.now()).toBeLessThan(10_000);
    expect(end).toEqual({ done: true });
    expect(lines.at(-1)).toMatch(/^warn: .* without waiting for galera-2 to leave first$/);
  });

  test.each([
    ["5 s", {}, 5000],
    ["the whole time, where that is less", { drainTimeout: 1000 }, 1000],
  ])("no agent for %s: Failure 69 in one line", async (_, given, ms) => {
    const port = await freePort();
    const { lines, end } = command(port, given);
    await passing(clock, () => end.done);
    expect(clock.now()).toBeGreaterThanOrEqual(ms);
    expect(clock.now()).toBeLessThan(ms + 5000);
    expect(end.reason).toMatchObject({
      exitCode: 69,
      message: `no agent on ${host}:${port} (connection refused): nobody knows whose turn it is to leave`,
    });
    expect(lines).toEqual([
      "info: waiting for the agent, which does not answer (connection refused)",
    ]);
  });

  test("an agent that is killed, and another one in its place", async () => {
    const port = await freePort();
    const first = await serving({ drain: () => waitingFor("galera-2 to leave first") }, { port });
    const { lines, end } = command(port);
    await passing(clock, () => lines.length > 0, 200);
    await first.close();
    await passing(clock, () => lines.length > 1, 200);
    await serving({ drain: () => myTurn }, { port });
    await passing(clock, () => end.done, 200);
    expect(end).toEqual({ done: true });
    expect(lines).toEqual([
      "info: waiting for galera-2 to leave first",
      "info: waiting for the agent, which does not answer (connection refused)",
      "info: the server may be ended: it is my turn",
    ]);
  });

  test.each<[string, Record<string, string>, number, RegExp]>([
    ["another key than the agent's", {}, 78, /not signed with this agent's GALERA_AGENT_KEY$/],
    ["a key that is none", { GALERA_AGENT_KEY: "short" }, 78, /at least 16 characters$/],
  ])("%s: a Failure", async (_, env, exitCode, message) => {
    const { port } = await saying(myTurn);
    const { end } = command(port, {}, env);
    await passing(clock, () => end.done);
    expect(end.reason).toMatchObject({ exitCode, message: expect.stringMatching(message) });
  });

  test.each([
    ["between two questions", async () => (await saying(waitingFor("clients to go"))).port],
    ["while an agent does not answer", async () => (await handMade(() => {})).port],
  ])("SIGTERM %s ends it with its reason", async (_, listening) => {
    const { end, stop } = command(await listening(), {}, { GALERA_AGENT_KEY: key });
    await passing(clock, () => clock.now() >= 100);
    const reason = new Interrupted("SIGTERM");
    stop.abort(reason);
    await passing(clock, () => end.done, 0);
    expect(end.reason).toBe(reason);
    expect(reason.exitCode).toBe(143);
  });
});
