import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { accepts } from "../../../src/agent/http/port.js";
import { isFromHere, serve } from "../../../src/agent/http/server.js";
import {
  isSignedBy,
  requestSubject,
  sign,
  signatureHeader,
  tellingSubject,
} from "../../../src/agent/http/signature.js";
import { probePaths, probes } from "../../../src/agent/probes.js";
import { systemClock } from "../../../src/system/clock.js";
import { testClock } from "../../system/test-clock.js";
import { host, idleHandlers, key, passing, portOf, serving, signal } from "../members.js";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly localAddress?: string;
}

/** Sends bytes, and gives all that comes back until the server hangs up. */
function raw(port: number, bytes: string, localAddress = host): Promise<string> {
  const socket = connect({ host, port, localAddress });
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.write(bytes);
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}

async function send(port: number, { method = "GET", path = "/", ...rest }: Sent) {
  const { headers = {}, body, localAddress } = rest;
  const all = {
    host: "agent",
    ...(body !== undefined && { "content-length": `${Buffer.byteLength(body)}` }),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = await raw(
    port,
    `${method} ${path} HTTP/1.1\r\n${head.join("")}\r\n${body ?? ""}`,
    localAddress,
  );
  const [top = "", content = ""] = text.split("\r\n\r\n");
  return {
    status: Number(top.split(" ")[1]),
    signature: new RegExp(`${signatureHeader}: (.*)`).exec(top)?.[1],
    // Chunked, where the body's length was not told.
    body: /\{.*\}/.exec(content)?.[0] ?? "",
    text,
  };
}

/** A connection of which the test keeps hold. */
function idle(port: number): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return new Promise((connected) => socket.on("connect", () => connected(socket)));
}

const signedFor = (method: string, path: string, body = "", by = key) => ({
  [signatureHeader]: sign(by, requestSubject(method, path), body),
});

describe("GET /v1/state", () => {
  test("is for everybody, signed for the nonce", async () => {
    const { port } = await serving({}, { key });
    const { status, body, signature } = await send(port, { path: "/v1/state?nonce=00ff" });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ name: "galera-1", phase: { kind: "idle" } });
    expect(isSignedBy(key, signature, tellingSubject("/v1/state", "00ff"), body)).toBe(true);
  });

  test("carries no signature without a key", async () => {
    const { port } = await serving();
    const { status, signature } = await send(port, { path: "/v1/state" });
    expect({ status, signature }).toEqual({ status: 200, signature: undefined });
  });

  test.each(["%0a", "a%20b", "x".repeat(65)])("signs nothing for the nonce %s", async (nonce) => {
    const { port } = await serving({}, { key });
    const { status, signature } = await send(port, { path: `/v1/state?nonce=${nonce}` });
    expect({ status, signature }).toEqual({ status: 400, signature: undefined });
  });
});

describe("the probes", () => {
  test.each(probes)("%s: 200 or 503, and why, for GET and HEAD, without a key", async (probe) => {
    const asked: string[] = [];
    const { port } = await serving(
      {
        health: async (one) => {
          asked.push(one);
          return { ok: asked.length % 2 === 1, why: "synced" };
        },
      },
      { key },
    );
    const path = probePaths[probe];
    expect(await send(port, { path })).toMatchObject({
      ...{ status: 200, body: '{"ok":true,"why":"synced"}', signature: undefined },
    });
    expect(await send(port, { path })).toMatchObject({
      ...{ status: 503, body: '{"ok":false,"why":"synced"}' },
    });
    const head = await send(port, { method: "HEAD", path: `${path}?verbose` });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.text).toMatch(/content-length: 26\r\n/);
    expect(asked).toEqual([probe, probe, probe]);
  });

  test("metrics, as Prometheus has them", async () => {
    const { port } = await serving({
      metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
    });
    const { status, text } = await send(port, { path: "/metrics" });
    expect(status).toBe(200);
    expect(text).toMatch(/content-type: text\/plain; version=0.0.4\r\n[\s\S]*\r\n\r\nup 1\n$/);
  });
});

describe("what only this host may ask", () => {
  const started: string[] = [];
  const handlers = { start: (body: string) => void started.push(body) };

  test("without a key: about, start, decision", async () => {
    const { port } = await serving(handlers);
    const localAddress = "127.0.50.2";
    expect(await send(port, { path: "/v1/agent", localAddress })).toMatchObject({
      ...{ status: 200, body: '{"name":"galera-0"}' },
    });
    const start = { method: "POST", path: "/v1/start", body: "text" };
    expect(await send(port, start)).toMatchObject({ status: 200, body: "{}" });
    expect(started.splice(0)).toEqual(["text"]);
    expect(await send(port, { path: "/v1/decision?x=1" })).toMatchObject({ status: 200 });
  });

  test("with a key: only signed with it, for this request", async () => {
    const { port } = await serving(handlers, { key });
    const start = { method: "POST", path: "/v1/start", body: "text" };
    const right = signedFor("POST", "/v1/start", "text");
    for (const headers of [
      {},
      { [signatureHeader]: "" },
      { [signatureHeader]: "0".repeat(64) },
      signedFor("POST", "/v1/start", "text", "another key, of nobody's"),
      signedFor("POST", "/v1/start", "other"),
      signedFor("GET", "/v1/decision"),
    ]) {
      const { status, text } = await send(port, { ...start, headers });
      expect(status).toBe(403);
      expect(text).not.toContain(key);
    }
    expect(await send(port, { path: "/v1/decision" })).toMatchObject({ status: 403 });
    expect(await send(port, { path: "/v1/agent" })).toMatchObject({ status: 403 });
    expect(started).toEqual([]);
    expect(await send(port, { ...start, headers: right })).toMatchObject({ status: 200 });
    expect(started.splice(0)).toEqual(["text"]);
  });

  test.each<[string, string, boolean]>([
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.50.2", "127.0.50.1", true],
    ["::1", "::1", true],
    ["::ffff:127.0.0.1", "::ffff:127.0.0.1", true],
    ["10.0.0.1", "10.0.0.1", true],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1", true],
    ["fd00::1", "fd00::1", true],
    ["10.0.0.2", "10.0.0.1", false],
    ["::ffff:10.0.0.2", "::ffff:10.0.0.1", false],
    ["fd00::2", "fd00::1", false],
    ["10.0.0.2", "127.0.0.1", false],
    ["12.7.0.1", "10.0.0.1", false],
    ["::2", "::1", false],
  ])("from %s to %s: %s", (remoteAddress, localAddress, local) => {
    expect(isFromHere({ remoteAddress, localAddress })).toBe(local);
  });

  test("from one who has hung up already: nobody", () => {
    expect(isFromHere({ remoteAddress: undefined })).toBe(false);
    expect(isFromHere({ remoteAddress: undefined, localAddress: "10.0.0.1" })).toBe(false);
  });
});

describe("what nobody asks", () => {
  test.each([
    ["GET", "/", 404],
    ["GET", "/v1", 404],
    ["GET", "/v1/state/", 404],
    ["GET", "/V1/STATE", 404],
    ["POST", "/v1/state", 404],
    ["GET", "/v1/start", 404],
    ["POST", "/v1/decision", 404],
    ["DELETE", "/v1/start", 404],
    ["HEAD", "/v1/agent", 404],
    ["POST", "/livez", 404],
    ["PUT", "/readyz", 404],
    ["DELETE", "/metrics", 404],
    ["GET", "/livez/", 404],
    ["GET", "/readyz%00", 404],
    ["GET", "/%2e%2e/%2e%2e/etc/passwd", 404],
    ["GET", "/__proto__", 404],
    ["GET", "/constructor", 404],
    ["OPTIONS", "*", 404],
    ["GET", "//", 400],
    ["GET", "http://[", 400],
  ])("%s %s: %d, in one line", async (method, path, status) => {
    const { port, faults } = await serving();
    const body = method === "POST" ? { body: "" } : {};
    const reply = await send(port, { method, path, ...body });
    expect(reply.status).toBe(status);
    if (method !== "HEAD") expect(JSON.parse(reply.body)).toEqual({ error: expect.any(String) });
    expect(faults).toEqual([]);
  });

  test.each([
    ["GET", "/v1/agent"],
    ["POST", "/v1/start"],
    ["GET", "/nothing"],
  ])("%s %s: a 404 for whoever has no key, as if it were not there", async (method, path) => {
    const { port } = await serving({}, { key });
    const local = await send(port, { method, path, body: "" });
    expect(local.status).toBe(path === "/nothing" ? 404 : 403);
  });

  test.each<[string, string, number]>([
    ["no HTTP", "\x16\x03\x01\x02\x00", 400],
    ["a NUL in the path", "GET /livez\0 HTTP/1.1\r\nhost: a\r\n\r\n", 400],
    ["a NUL in a header", "GET /livez HTTP/1.1\r\nhost: a\0b\r\n\r\n", 400],
    ["a path of 9 KiB", `GET /${"y".repeat(9000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
    [
      "a length, and chunks",
      "POST /v1/start HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    [
      "a length that is none",
      "POST /v1/start HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
      400,
    ],
    ["headers of 8 KiB", `GET / HTTP/1.1\r\nx: ${"y".repeat(9000)}\r\n\r\n`, 431],
    [
      "two lengths",
      "POST /v1/start HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      400,
    ],
    ["no host", "GET /v1/state HTTP/1.1\r\n\r\n", 400],
  ])("%s: refused, and the next one is answered", async (_, bytes, status) => {
    const { port } = await serving();
    const answer = raw(port, bytes);
    expect(await send(port, { path: "/v1/state" })).toMatchObject({ status: 200 });
    expect((await answer).split(" ")[1]).toBe(`${status}`);
  });

  test("HTTP/0.9 and 1.0 are answered as 1.1 is", async () => {
    const { port } = await serving();
    for (const version of ["", " HTTP/1.0"]) {
      expect(await raw(port, `GET /livez${version}\r\n\r\n`)).toContain("HTTP/1.1 200");
    }
  });

  test("CONNECT and Upgrade", async () => {
    const { port } = await serving();
    await raw(port, "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n");
    const headers = { connection: "upgrade", upgrade: "websocket" };
    expect(await send(port, { path: "/v1/state", headers })).toMatchObject({ status: 200 });
  });
});

describe("a start's body", () => {
  const start = { method: "POST", path: "/v1/start" };

  test("of 16 KiB is the longest", async () => {
    const lengths: number[] = [];
    const { port } = await serving({ start: (body) => void lengths.push(body.length) });
    expect(await send(port, { ...start, body: "x".repeat(16_384) })).toMatchObject({ status: 200 });
    expect(await send(port, { ...start, body: "x".repeat(16_385) })).toMatchObject({ status: 413 });
    expect(lengths).toEqual([16_384]);
  });

  test("has a length that is told before", async () => {
    const { port } = await serving();
    const headers = { "transfer-encoding": "chunked" };
    expect(await send(port, { ...start, headers })).toMatchObject({ status: 413 });
  });

  test("that is cut off is none, and no fault", async () => {
    const started: string[] = [];
    const { port, faults } = await serving({ start: (body) => void started.push(body) });
    const socket = await idle(port);
    socket.resume();
    socket.end("POST /v1/start HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{");
    await new Promise((closed) => socket.on("close", closed));
    expect(await send(port, { path: "/v1/state" })).toMatchObject({ status: 200 });
    expect({ started, faults }).toEqual({ started: [], faults: [] });
  });
});

test("a fault in a handler is a 500 without what it is about, and one line", async () => {
  const fault = () => {
    throw new Error(`a fault near ${key}`);
  };
  const { port, faults } = await serving({
    start: fault,
    decision: fault,
    state: async () => fault(),
  });
  for (const sent of [
    { path: "/v1/state" },
    { path: "/v1/decision" },
    { method: "POST", path: "/v1/start", body: "" },
  ]) {
    const reply = await send(port, sent);
    expect(reply).toMatchObject({ status: 500, body: '{"error":"a fault, which its log names"}' });
    expect(reply.text).not.toContain(key);
    expect(faults.splice(0)).toEqual([expect.stringMatching(/^an answer to .*: a fault near/)]);
  }
  expect(await send(port, { path: "/v1/agent" })).toMatchObject({ status: 200 });
});

/** A program that does something to the port with many sockets, in a process of its own, until the test's end. */
async function attacker(port: number, body: string) {
  const code = `
    const { connect } = require("node:net");
    const open = () => {
      const socket = connect({ host: "${host}", port: ${port} });
      socket.on("error", () => {});
      return socket;
    };
    ${body}`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const end = () => {
    child.kill("SIGKILL");
    return ended;
  };
  onTestFinished(end);
  await new Promise((ready) => child.stdout.once("data", ready));
  return end;
}

const descriptors = () => readdirSync("/proc/self/fd").length;

describe("attacks, while the kubelet and the members ask", () => {
  const head = "GET /v1/state HTTP/1.1\\r\\nhost: a\\r\\n";
  const again = (one: string, count = 100) => `
    const again = () => { const s = open(); ${one}; s.on("close", () => setTimeout(again, 10)); };
    for (let n = 0; n < ${count}; n += 1) again();
    console.log("ready");`;
  test.each<[string, string]>([
    ["3,000 that say nothing", 'for (let n = 0; n < 3000; n += 1) open(); console.log("ready");'],
    [
      "100 with slow headers",
      again(`s.write("${head}x: "); setInterval(() => s.write("y"), 50).unref()`),
    ],
    ["100 with garbage", again("s.write(Buffer.alloc(4096, 0x16)); s.resume()")],
    ["100 with endless headers", again(`s.write("${head}x: " + "y".repeat(65536)); s.resume()`)],
    [
      "100 with endless chunks",
      again(
        `s.write("POST /v1/start HTTP/1.1\\r\\nhost: a\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n" + "ffff\\r\\n" + "z".repeat(65536)); s.resume()`,
      ),
    ],
    [
      "100 with a huge body for a probe",
      again(
        `s.write("GET /livez HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 99999999999\\r\\n\\r\\n" + "z".repeat(65536)); s.resume()`,
      ),
    ],
    [
      "two that pipeline a thousand requests each",
      again(`s.write("${head}\\r\\n".repeat(1000)); s.resume()`, 2),
    ],
    [
      "100 that never read their answer",
      again(`s.pause(); s.write("GET /metrics HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n")`),
    ],
    [
      "100 that go as soon as they have asked",
      again(`s.write("${head}\\r\\n"); s.resetAndDestroy()`),
    ],
  ])(
    "%s",
    async (_, attack) => {
      const { port, faults } = await serving({
        health: async () => {
          await systemClock.sleep(30); // as long as a server takes to answer
          return { ok: true, why: "synced" };
        },
        metrics: async () => ({ contentType: "text/plain", body: "m".repeat(200_000) }),
      });
      const before = { open: descriptors(), rss: process.memoryUsage.rss() };
      const end = await attacker(port, attack);
      for (let n = 0; n < 5; n += 1) {
        const started = performance.now();
        for (const path of ["/livez", "/v1/state"]) {
          expect(await send(port, { path })).toMatchObject({ status: 200 });
        }
        expect(performance.now() - started).toBeLessThan(2000);
        await systemClock.sleep(50);
      }
      expect(descriptors() - before.open).toBeLessThan(1100);
      expect(process.memoryUsage.rss() - before.rss).toBeLessThan(200e6);
      await end();
      await expect.poll(descriptors, { timeout: 5000 }).toBeLessThanOrEqual(before.open);
      expect(faults).toEqual([]);
    },
    30_000,
  );
});

describe("whoever is slow, or many", () => {
  test("300 idle connections keep nobody from an answer", async () => {
    const { port } = await serving();
    await Promise.all(Array.from({ length: 300 }, () => idle(port)));
    const started = performance.now();
    expect(await send(port, { path: "/v1/state" })).toMatchObject({ status: 200 });
    expect(performance.now() - started).toBeLessThan(500);
  });

  test("nor do 300 that come anew all the time", async () => {
    const { port } = await serving();
    let flooding = true;
    const flood = Array.from({ length: 300 }, async () => {
      while (flooding) {
        const socket = await idle(port);
        await systemClock.sleep(20);
        if (socket.destroyed) continue;
        socket.write("GET /v1/state HTTP/1.1\r\n");
        await systemClock.sleep(20);
        socket.destroy();
      }
    });
    const answers = [];
    for (let n = 0; n < 5; n += 1) answers.push((await send(port, { path: "/v1/state" })).status);
    flooding = false;
    await Promise.all(flood);
    expect(answers.filter((status) => status === 200).length).toBeGreaterThan(0);
  });

  // Each takes its 3 to 4 s, so all at once.
  test("idle, slow headers, a slow body: cut off after some 3 s", async () => {
    const { port } = await serving();
    const heads = [
      "",
      "GET /v1/state",
      "GET /v1/state HTTP/1.1\r\nx: ",
      "POST /v1/start HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n",
    ];
    const started = performance.now();
    const ends = heads.map(async (head) => {
      const socket = await idle(port);
      socket.resume();
      const timer = setInterval(() => head && socket.write("x"), 100);
      socket.write(head);
      await new Promise((closed) => socket.on("close", closed));
      clearInterval(timer);
      return performance.now() - started;
    });
    for (const ms of await Promise.all(ends)) expect(ms).toBeLessThan(4800);
  });

  test("a connection serves one request: one that brings more is cut off", async () => {
    let asked = 0;
    const state = async () => {
      asked += 1;
      await systemClock.sleep(10);
      return {};
    };
    const { port } = await serving({ state });
    const one = "GET /v1/state HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n";
    expect((await raw(port, one)).match(/HTTP\/1.1 200/g)).toHaveLength(1);
    expect(await raw(port, one.repeat(100))).toBe("");
    expect(asked).toBe(2);
  });
});

describe("the port", () => {
  async function taken() {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, host, listening));
    onTestFinished(() => void server.close());
    return { port: portOf(server.address()), server };
  }

  test("that is in use is taken over as soon as it is free", async () => {
    const { port, server } = await taken();
    const clock = testClock();
    const ports = { clock, fault: () => {}, isAwaited: async () => false };
    const started = serve(idleHandlers, { host, port, key: undefined, signal }, ports);
    await clock.advance(4000);
    server.close();
    await passing(clock, () => accepts(host, port, signal));
    const agent = await started;
    agent.close();
  });

  test("that stays in use: Failure 78 after 12 s, which names it", async () => {
    const { port } = await taken();
    const clock = testClock();
    const ports = { clock, fault: () => {}, isAwaited: async () => false };
    const started = serve(idleHandlers, { host, port, key, signal }, ports).catch((error) => error);
    let ended: unknown;
    started.then((error) => {
      ended = error;
    });
    await passing(clock, () => ended);
    expect(clock.now()).toBeGreaterThanOrEqual(5000);
    expect(clock.now()).toBeLessThan(12_500);
    expect(ended).toMatchObject({
      exitCode: 78,
      message: `the agent's port (GALERA_AGENT_PORT): listen EADDRINUSE: address already in use ${host}:${port}`,
    });
  });

  test("on an address that is not this host's: Failure 78 at once", async () => {
    const ports = { clock: testClock(), fault: () => {}, isAwaited: async () => false };
    const started = serve(idleHandlers, { host: "192.0.2.1", port: 0, key, signal }, ports);
    await expect(started).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining("EADDRNOTAVAIL"),
    });
  });

  test("a signal ends the wait for it with its reason", async () => {
    const { port } = await taken();
    const reason = new Error("ended by SIGTERM");
    const stop = new AbortController();
    const ports = { clock: testClock(), fault: () => {}, isAwaited: async () => false };
    const started = serve(idleHandlers, { host, port, key, signal: stop.signal }, ports);
    setTimeout(() => stop.abort(reason), 20);
    await expect(started).rejects.toBe(reason);
  });
});

describe("accepts", () => {
  test("a port that is open, one that is not, and a signal", async () => {
    const { port } = await serving();
    expect(await accepts(host, port, signal)).toBe(true);
    expect(await accepts("127.0.50.9", port, signal)).toBe(false);
    expect(await accepts("not an address", port, signal)).toBe(false);
    const reason = new Error("ended by SIGTERM");
    await expect(accepts(host, port, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
