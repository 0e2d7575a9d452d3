import { describe, expect, onTestFinished, test } from "vitest";
import { exchange } from "../../../src/agent/http/exchange.js";
import { createLocalAgent, findAgent } from "../../../src/agent/http/local.js";
import { type Left, leaveAgent } from "../../../src/agent/leave.js";
import type { Evidence } from "../../../src/bootstrap/evidence.js";
import { fromJson, toJson } from "../../../src/bootstrap/format.js";
import { systemClock } from "../../../src/system/clock.js";
import { testClock } from "../../system/test-clock.js";
import { freePort, handMade, host, http, key, passing, serving, signal } from "../members.js";

const evidence = { kind: "empty" } as const;

describe("what is asked", () => {
  test.each([
    ["with a key", key],
    ["without one", undefined],
  ])("%s: about, start, decision", async (_, shared) => {
    const started: unknown[] = [];
    const ordered = {
      ...{ action: "join", why: "galera-0 is in the primary component", discard: true },
      targets: [{ name: "galera-0.galera.db", addresses: ["10.0.0.1"], lookedUp: ["10.0.0.1"] }],
      asked: true,
    };
    const drained = { state: "waiting", why: "galera-2 to leave first" };
    const limits: unknown[] = [];
    const { port } = await serving(
      {
        about: () => ({ name: "galera-0", parent: 7 }),
        start: (body) => void started.push(fromJson(body)),
        decision: () => ordered,
        drain: (body) => {
          limits.push(fromJson(body));
          return drained;
        },
      },
      { key: shared },
    );
    const agent = createLocalAgent({ host, port, key: shared });
    expect(await agent.about(signal)).toEqual({ name: "galera-0", parent: 7 });
    await agent.start({ ...evidence }, signal);
    expect(started).toEqual([{ evidence }]);
    expect(await agent.decision(signal)).toEqual(ordered);
    expect(await agent.drain({ delayMs: 0.5, timeoutMs: 20_000 }, signal)).toEqual(drained);
    expect(limits).toEqual([{ delayMs: 0.5, timeoutMs: 20_000 }]);
  });

  test("a sidecar has no parent; a wait may have a hint, and no targets yet", async () => {
    const wait = { action: "wait", why: "DNS", discard: false, asked: false };
    let decision: object = wait;
    const { port } = await serving({ decision: () => decision });
    const agent = createLocalAgent({ host, port, key: undefined });
    expect(await agent.about(signal)).toEqual({ name: "galera-0", parent: undefined });
    expect(await agent.decision(signal)).toEqual({ ...wait, targets: undefined });
    decision = { ...wait, hint: "set it" };
    expect(await agent.decision(signal)).toEqual({ ...decision, targets: undefined });
  });

  test("a position beyond 2^53 arrives whole", async () => {
    const started: string[] = [];
    const { port } = await serving({ start: (body) => void started.push(body) });
    const uuid = "8b1f9d4e-0000-4000-8000-000000000001";
    const rest = { safeToBootstrap: false, certain: true };
    const position: Evidence = { kind: "position", uuid, seqno: 2n ** 60n, ...rest };
    await createLocalAgent({ host, port, key: undefined }).start(position, signal);
    expect(started).toEqual([toJson({ evidence: position })]);
    expect(started[0]).toContain('"1152921504606846976"');
  });
});

describe("what goes wrong is a Failure in one line", () => {
  const lost = (port: number, why: string) => ({
    ...{ exitCode: 70, message: `the agent on ${host}:${port}: ${why}` },
  });

  test("nobody listens: no agent, and nobody to start or decide", async () => {
    const port = await freePort();
    const agent = createLocalAgent({ host, port, key });
    expect(await agent.about(signal)).toBeUndefined();
    await expect(agent.start(evidence, signal)).rejects.toMatchObject(
      lost(port, "connection refused"),
    );
    const limits = { delayMs: 0, timeoutMs: 1 };
    const silent = { state: "silent", why: "connection refused" };
    expect(await agent.decision(signal)).toEqual(silent);
    expect(await agent.drain(limits, signal)).toEqual(silent);
  });

  test("another key, or none here", async () => {
    const { port } = await serving({}, { key });
    for (const mine of [undefined, "another key, of nobody's"]) {
      const agent = createLocalAgent({ host, port, key: mine });
      const why = "not signed with this agent's GALERA_AGENT_KEY";
      const refused = { ...lost(port, why), exitCode: 78 };
      await expect(agent.about(signal)).rejects.toMatchObject(refused);
      await expect(agent.start(evidence, signal)).rejects.toMatchObject(refused);
      await expect(agent.decision(signal)).rejects.toMatchObject(refused);
    }
  });

  test("a fault there", async () => {
    const fault = () => {
      throw new Error("a fault");
    };
    const { port } = await serving({ start: fault, decision: fault });
    const agent = createLocalAgent({ host, port, key: undefined });
    const told = lost(port, "a fault, which its log names");
    await expect(agent.start(evidence, signal)).rejects.toMatchObject(told);
    await expect(agent.decision(signal)).rejects.toMatchObject(told);
  });

  test.each<[string, number, string, string]>([
    ["no JSON", 200, "<html>", "no agent's answer (no JSON)"],
    ["null", 200, "null", "no agent's answer (agent: no object)"],
    ["something else's object", 200, "{}", "no agent's answer (agent.name: not a member's name)"],
    [
      "a parent that is no process",
      200,
      '{"name":"galera-0","parent":"1"}',
      "no agent's answer (agent.parent: not a number from 0)",
    ],
    ["a status without a reason", 404, "{}", "status 404"],
    ["a status with a page", 404, "<html>", "no agent's answer (no JSON)"],
    [
      "a reason that would be a second line",
      500,
      '{"error":"a\\nb"}',
      "no agent's answer (answer.error: not a line)",
    ],
  ])("who listens there is no agent: %s", async (_, status, body, why) => {
    const { port } = await handMade((socket) => socket.end(http(status, body)));
    const agent = createLocalAgent({ host, port, key: undefined });
    await expect(agent.about(signal)).rejects.toMatchObject(lost(port, why));
  });

  const wait = { action: "wait", why: "DNS", discard: false, asked: true };
  const target = { name: "galera-0.galera.db", addresses: ["10.0.0.1"] };
  test.each<[string, unknown, string]>([
    ["null", null, "decision: no object"],
    ["nothing", {}, "decision.action: none of found, join, wait, hold"],
    ["what no start can do", { ...wait, action: "rest" }, "decision.action: none of"],
    ["no reason", { ...wait, why: 7 }, "decision.why: not a line"],
    ["two lines", { ...wait, hint: "a\nb" }, "decision.hint: not a line"],
    ["no word of discarding", { ...wait, discard: "yes" }, "decision.discard: neither true nor"],
    ["no word of a start", { ...wait, asked: null }, "decision.asked: neither true nor false"],
    ["no list of targets", { ...wait, targets: {} }, "decision.targets: no list"],
    [
      "a target without a name",
      { ...wait, targets: [{ ...target, name: "a b" }] },
      "decision.targets.0.name: not a member's name",
    ],
    [
      "a target without addresses",
      { ...wait, targets: [target, { ...target, addresses: "10.0.0.1" }] },
      "decision.targets.1.addresses: no list",
    ],
  ])("a decision that is none: %s", async (_, body, why) => {
    const { port } = await handMade((socket) => socket.end(http(200, JSON.stringify(body))));
    const agent = createLocalAgent({ host, port, key: undefined });
    await expect(agent.decision(signal)).rejects.toMatchObject({
      ...{ exitCode: 70, message: expect.stringContaining(`no agent's answer (${why}`) },
    });
  });

  test("how far a drain is, in words that nobody knows", async () => {
    const { port } = await serving({ drain: () => ({ state: "perhaps", why: "who knows" }) });
    const agent = createLocalAgent({ host, port, key: undefined });
    await expect(agent.drain({ delayMs: 0, timeoutMs: 1 }, signal)).rejects.toMatchObject(
      lost(port, "no agent's answer (drain.state: none of waiting, drained, overdue)"),
    );
  });
});

test("a signal ends a question with its reason", async () => {
  const { port } = await handMade(() => {});
  const agent = createLocalAgent({ host, port, key: undefined });
  const reason = new Error("ended by SIGTERM");
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), 20);
  await expect(agent.decision(stop.signal)).rejects.toBe(reason);
});

/** An agent as far as `about` goes, in a process of its own; `/end` ends it. */
const agentProgram = `
  const [address, port, parent, delay] = process.argv.slice(1);
  const answer = (request, response) => {
    response.end(JSON.stringify({ name: "galera-0", parent: Number(parent), ppid: process.ppid }));
    if (request.url === "/end") process.exit();
  };
  const server = require("node:http").createServer(answer);
  const listen = () => server.listen(port, address);
  server.on("error", () => setTimeout(listen, 50)); // another one still has the port
  setTimeout(listen, delay);
  setTimeout(process.exit, 10_000);
`;

function leaving(script: string, ...args: readonly (string | number)[]): () => Left {
  const argv = [process.execPath, "-e", script, "--", ...args.map(String)];
  return () => leaveAgent({ argv, env: {}, account: undefined });
}

describe("whose agent decides", () => {
  const { pid } = process;
  const ports = { clock: systemClock, signal, pid };
  const never = () => {
    throw new Error("an agent was started");
  };

  test("the pod's sidecar, where there is one", async () => {
    const { port } = await serving();
    expect(
      await findAgent(createLocalAgent({ host, port, key: undefined }), "galera-0", never, ports),
    ).toBe("sidecar");
  });

  function endAfterwards(port: number): void {
    onTestFinished(async () => {
      const to = { host, port, method: "GET", path: "/end", timeoutMs: 500, signal } as const;
      await exchange(to);
    });
  }

  test("else one that is left behind, as soon as it answers", async () => {
    const port = await freePort();
    endAfterwards(port);
    const agent = createLocalAgent({ host, port, key: undefined });
    const started = performance.now();
    expect(
      await findAgent(agent, "galera-0", leaving(agentProgram, host, port, pid, 100), ports),
    ).toBe("child");
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await agent.about(signal)).toEqual({ name: "galera-0", parent: pid });
  });

  test("not one that an earlier process has left behind: its end is waited for", async () => {
    const port = await freePort();
    const parent = pid + 1;
    const { close } = await serving({ about: () => ({ name: "galera-0", parent }) }, { port });
    endAfterwards(port);
    const agent = createLocalAgent({ host, port, key: undefined });
    let which: string | undefined;
    const found = findAgent(agent, "galera-0", leaving(agentProgram, host, port, pid, 300), ports);
    found.then((one) => {
      which = one;
    });
    await systemClock.sleep(200);
    expect(which).toBeUndefined();
    await close();
    expect(await found).toBe("child");
  });

  test("another member's, which two pods on one host would share, is refused", async () => {
    const { port } = await serving();
    const agent = createLocalAgent({ host, port, key: undefined });
    await expect(findAgent(agent, "galera-1", never, ports)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/^the agent here is that of galera-0, and this is galera-1: /),
    });
  });

  test("a sidecar that comes up meanwhile", async () => {
    const port = await freePort();
    const agent = createLocalAgent({ host, port, key: undefined });
    const found = findAgent(agent, "galera-0", leaving("setTimeout(() => {}, 300)"), ports);
    await serving({}, { port });
    expect(await found).toBe("sidecar");
  });

  test.each<[string, string, string]>([
    ["with a code", "process.exit(78)", "it ended with code 78"],
    ["by a signal", "process.kill(process.pid, 'SIGKILL')", "it ended with SIGKILL"],
  ])("one that ends at once, %s: Failure 70", async (_, script, how) => {
    const agent = createLocalAgent({ host, port: await freePort(), key: undefined });
    await expect(findAgent(agent, "galera-0", leaving(script), ports)).rejects.toMatchObject({
      ...{ exitCode: 70, message: `the agent did not come up: ${how}` },
    });
  });

  test("one that cannot be started: Failure 70", async () => {
    const agent = createLocalAgent({ host, port: await freePort(), key: undefined });
    const leave = () => leaveAgent({ argv: ["/no/such/node"], env: {}, account: undefined });
    await expect(findAgent(agent, "galera-0", leave, ports)).rejects.toMatchObject({
      ...{ exitCode: 70, message: expect.stringMatching(/did not come up: spawn .*ENOENT/) },
    });
  });

  test("one that never answers: Failure 70 after 15 s", async () => {
    const agent = createLocalAgent({ host, port: await freePort(), key: undefined });
    const clock = testClock();
    let failure: unknown;
    const leave = () => ({ ended: () => undefined });
    findAgent(agent, "galera-0", leave, { ...ports, clock }).catch((error) => {
      failure = error;
    });
    await passing(clock, () => failure, 500);
    expect(clock.now()).toBeGreaterThanOrEqual(15_000);
    expect(failure).toMatchObject({
      ...{ exitCode: 70, message: "the agent did not come up: no answer" },
    });
  });

  test("a signal ends the wait with its reason", async () => {
    const agent = createLocalAgent({ host, port: await freePort(), key: undefined });
    const reason = new Error("ended by SIGTERM");
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 50);
    const leave = () => ({ ended: () => undefined });
    const found = findAgent(agent, "galera-0", leave, { ...ports, signal: stop.signal });
    await expect(found).rejects.toBe(reason);
  });
});

test("an agent that is left behind has no variables but its own, and no standard input", async () => {
  const port = await freePort();
  const script = `
    const seen = { env: process.env, input: require("node:fs").readFileSync(0, "utf8") };
    require("node:http").createServer((_, response) => {
      response.end(JSON.stringify(seen), () => process.exit());
    }).listen(${port}, "${host}");
    setTimeout(process.exit, 5000);
  `;
  const argv = [process.execPath, "-e", script];
  const left = leaveAgent({ argv, env: { A: "1" }, account: undefined });
  const to = { host, port, method: "GET", path: "/", timeoutMs: 1000, signal } as const;
  const answer = async () => {
    const reply = await exchange(to);
    return reply.kind === "reply" ? JSON.parse(reply.body) : undefined;
  };
  await expect.poll(answer, { timeout: 3000 }).toEqual({ env: { A: "1" }, input: "" });
  await expect.poll(left.ended).toBe("it ended with code 0");
});
