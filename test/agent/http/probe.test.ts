import { describe, expect, test } from "vitest";
import type { Health } from "../../../src/agent/health.js";
import { askHealth } from "../../../src/agent/http/probe.js";
import type { Probe } from "../../../src/agent/probes.js";
import { probeAsked } from "../../../src/entrypoint.js";
import { freePort, handMade, host, http, serving, signal } from "../members.js";

const ask = (port: number, probe: Probe = "readiness", stop = signal) =>
  askHealth(probe, { podIp: [host], agentPort: port }, stop);

const nobodyLine = (port: number, why: string) =>
  `no agent answers on ${host}:${port} (POD_IP, GALERA_AGENT_PORT): ${why}`;

/** The one line of an agent that cannot be asked. */
const nobody = (port: number, why: string | RegExp) => ({
  exitCode: 1,
  message: expect.stringMatching(
    new RegExp(
      `^no agent answers on ${host}:${port} \\(POD_IP, GALERA_AGENT_PORT\\): ${typeof why === "string" ? why : why.source}$`,
    ),
  ),
});

describe("an agent's answer", () => {
  const asked: Probe[] = [];
  const agent = (health: Health) =>
    serving({
      health: async (probe) => {
        asked.push(probe);
        return health;
      },
    });

  test.each(["startup", "liveness", "readiness"] as const)("to %s", async (probe) => {
    const well = await agent({ ok: true, why: "synced" });
    expect(await ask(well.port, probe)).toBe("synced");
    const unwell = await agent({ ok: false, why: "draining" });
    await expect(ask(unwell.port, probe)).rejects.toMatchObject({
      ...{ exitCode: 1, message: "draining" },
    });
    expect(asked.splice(0)).toEqual([probe, probe]);
  });

  test("needs no key", async () => {
    const { port } = await serving({}, { key: "of nobody who asks" });
    expect(await ask(port)).toBe("nothing to do");
  });
});

describe("no answer of an agent's: exit code 1, and a line that says so", () => {
  test("no liveness that nobody can tell is a reason to end a server", async () => {
    const port = await freePort();
    expect(await ask(port, "liveness")).toBe(nobodyLine(port, "ECONNREFUSED"));
    await expect(ask(port, "startup")).rejects.toMatchObject(nobody(port, "ECONNREFUSED"));
  });

  test("nobody listens", async () => {
    const port = await freePort();
    await expect(ask(port)).rejects.toMatchObject(nobody(port, "ECONNREFUSED"));
  });

  test.each<[string, string, RegExp]>([
    ["nothing", "", /status none/],
    ["no HTTP", "hello", /status none/],
    ["another status", http(404, '{"error":"unknown"}'), /status 404/],
    ["a fault", http(500, '{"error":"a fault, which its log names"}'), /status 500/],
    ["no JSON", http(200, "ok"), /no JSON/],
    ["no body", http(200, ""), /empty/],
    ["another document", http(200, '{"ok":"yes","why":"synced"}'), /.*ok.*/],
    ["more than one line", http(200, '{"ok":true,"why":"a\\nb"}'), /.*why.*/],
    ["a long answer", http(200, "x".repeat(10_000)), /an answer too long for an agent's/],
  ])("%s", async (_, bytes, why) => {
    const { port } = await handMade((socket) => socket.end(bytes));
    await expect(ask(port)).rejects.toMatchObject(nobody(port, why));
  });

  test("the connection is reset", async () => {
    const { port } = await handMade((socket) => socket.resetAndDestroy());
    await expect(ask(port)).rejects.toMatchObject(nobody(port, "ECONNRESET"));
  });

  test("it hangs: given up after 2 s", async () => {
    const { port } = await handMade((socket) => socket.write("HTTP/1.1 200 OK\r\n"));
    const started = performance.now();
    await expect(ask(port)).rejects.toMatchObject(nobody(port, "no answer"));
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(performance.now() - started).toBeLessThan(3500);
  });
});

test("a signal ends it with its reason", async () => {
  const { port } = await handMade(() => {});
  const stop = new AbortController();
  const reason = new Error("ended by SIGTERM");
  setTimeout(() => stop.abort(reason), 20);
  await expect(ask(port, "liveness", stop.signal)).rejects.toBe(reason);
  await expect(ask(port, "liveness", stop.signal)).rejects.toBe(reason);
});

test.each<[string, readonly string[], Probe | undefined]>([
  ["galera-peers", ["probe", "startup"], "startup"],
  ["galera-peers", ["probe", "liveness"], "liveness"],
  ["galera-peers", ["probe", "readiness"], "readiness"],
  ["galera-peers", ["probe"], undefined],
  ["galera-peers", ["probe", "life"], undefined],
  ["galera-peers", ["probe", "liveness", "--agent-port=1"], undefined],
  ["galera-peers", ["probe", "--help"], undefined],
  ["galera-peers", ["run", "liveness"], undefined],
  ["peer-finder", ["probe", "liveness"], undefined],
])("%s %j takes the short way: %s", (program, argv, probe) => {
  expect(probeAsked(program as "galera-peers", argv)).toBe(probe);
});
