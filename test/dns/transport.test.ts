import { createSocket } from "node:dgram";
import { afterEach, describe, expect, test } from "vitest";
import { type ClientOptions, createClient } from "../../src/dns/client.js";
import type { Server } from "../../src/dns/lookup.js";
import { type Clock, systemClock } from "../../src/system/clock.js";
import { framed } from "../lab/fake-dns/ask.js";
import { testClock } from "../system/test-clock.js";
import {
  coreDnsAnswer,
  flags,
  largestAnswer,
  members,
  message,
  type Parts,
  service,
  srv,
} from "./replies.js";
import { type Behaviour, type HandMade, handMade } from "./servers.js";

const running: HandMade[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function serve(behaviour: Behaviour): Promise<HandMade> {
  const server = await handMade(behaviour);
  running.push(server);
  return server;
}

/** Random ids, as the real program has them; time passes only where `clock` is the machine's. */
function client(servers: readonly Server[], clock: Clock, options: Partial<ClientOptions> = {}) {
  const query = createClient({
    ...{ servers, tryMs: 1000, overallMs: 10_000, attempts: 1, rotate: false, tcp: false, clock },
    randomId: () => Math.floor(Math.random() * 0x1_0000),
    ...options,
  });
  return (signal = new AbortController().signal) => query(service, "SRV", signal);
}

/** A look-up whose time never runs out. */
function lookUp(server: Server, options: Partial<ClientOptions> = {}) {
  return client([server], testClock(), options)();
}

/** The reply that says `target`, to the query that came in. */
function reply(query: Buffer, target: string, parts: Parts = {}): Buffer {
  return message({ id: query.readUInt16BE(0), answers: [srv(target)], ...parts });
}

function answer(target: string) {
  return { kind: "answer", value: { srv: [{ target }] } };
}

describe("over UDP", () => {
  test("an answer", async () => {
    const dns = await serve({ udp: (query, send) => send(reply(query, "a.example")) });
    expect(await lookUp(dns)).toMatchObject(answer("a.example"));
  });

  test("from a server with an IPv6 address", async () => {
    const dns = await serve({
      host: "::1",
      udp: (query, send) => send(reply(query, "a.example")),
    });
    expect(await lookUp(dns)).toMatchObject(answer("a.example"));
  });

  test.each<[string, (query: Buffer) => Buffer]>([
    ["nothing", () => Buffer.alloc(0)],
    ["garbage", () => Buffer.from("garbage")],
    ["a large datagram of garbage", () => Buffer.alloc(60_000, 0xc0)],
    ["another id", (query) => reply(query, "evil.example", { id: query.readUInt16BE(0) ^ 1 })],
    ["another question", (query) => reply(query, "evil.example", { name: "evil.example" })],
    ["another type", (query) => reply(query, "evil.example", { type: "A" })],
    ["the query itself", (query) => query],
  ])("%s, then the right answer", async (_, wrong) => {
    const dns = await serve({
      udp: (query, send) => {
        for (let n = 0; n < 20; n += 1) send(wrong(query));
        send(reply(query, "a.example"));
      },
    });
    expect(await lookUp(dns)).toMatchObject(answer("a.example"));
    expect(dns.queries).toHaveLength(1);
  });

  test.each([
    ["port", "127.0.0.1"],
    ["address", "127.0.0.2"],
  ])("the right answer from another %s is nobody's", async (_, host) => {
    const clock = testClock();
    const spoofer = createSocket("udp4");
    await new Promise<void>((bound) => spoofer.bind(0, host, bound));
    const dns = await serve({
      udp: (query, send) => {
        const { port } = dns.queries[0] as { port: number };
        const spoofed = reply(query, "evil.example");
        spoofer.send(spoofed, port, "127.0.0.1", () => send(reply(query, "a.example")));
      },
    });
    expect(await client([dns], clock)()).toMatchObject(answer("a.example"));
    spoofer.close();
  });

  test("from a port and with an id that differ each time", async () => {
    const dns = await serve({ udp: (query, send) => send(reply(query, "a.example")) });
    for (let n = 0; n < 20; n += 1) await lookUp(dns);
    const distinct = (key: "id" | "port") => new Set(dns.queries.map((query) => query[key])).size;
    expect(distinct("id")).toBeGreaterThan(15);
    expect(distinct("port")).toBeGreaterThan(15);
  });

  test("a port where nobody listens is known at once", async () => {
    const dns = await handMade({});
    await dns.close();
    expect(await lookUp(dns)).toEqual({
      ...{ kind: "failed", why: "unreachable" },
      detail: `${dns.name}: recvmsg ECONNREFUSED`,
    });
  });

  test("an address that no route leads to is an outcome too", async () => {
    const nowhere = { host: "255.255.255.255", port: 53 };
    const dns = await serve({ udp: (query, send) => send(reply(query, "a.example")) });
    expect(await lookUp(nowhere)).toMatchObject({ kind: "failed", why: "unreachable" });
    const found = await client([nowhere, dns], testClock())();
    expect(found).toMatchObject(answer("a.example"));
  });

  test("a silent server costs its time, and the next one is asked", async () => {
    const clock = testClock();
    const silent = await serve({});
    const dns = await serve({ udp: (query, send) => send(reply(query, "a.example")) });
    const found = client([silent, dns], clock)();
    await expect.poll(() => silent.queries.length).toBe(1);
    await clock.advance(999);
    expect(dns.queries).toEqual([]);
    await clock.advance(1);
    expect(await found).toMatchObject(answer("a.example"));
  });
});

describe("over TCP", () => {
  const truncated: Behaviour["udp"] = (query, send) =>
    send(reply(query, "half.example", { flags: flags.truncated }));
  const whole: Behaviour["tcp"] = (query, send) => send(reply(query, "a.example"));

  test("where the answer over UDP is truncated", async () => {
    const dns = await serve({ udp: truncated, tcp: whole });
    expect(await lookUp(dns)).toMatchObject(answer("a.example"));
    expect(dns.queries.map(({ over }) => over)).toEqual(["udp", "tcp"]);
  });

  test("where it is truncated in the middle of a record", async () => {
    const udp: Behaviour["udp"] = (query, send) =>
      send(reply(query, "half.example", { flags: flags.truncated }).subarray(0, -5));
    expect(await lookUp(await serve({ udp, tcp: whole }))).toMatchObject(answer("a.example"));
  });

  test("from the start, where resolv.conf says use-vc", async () => {
    const dns = await serve({ udp: truncated, tcp: whole });
    expect(await lookUp(dns, { tcp: true })).toMatchObject(answer("a.example"));
    expect(dns.queries.map(({ over }) => over)).toEqual(["tcp"]);
  });

  test("to a server with an IPv6 address", async () => {
    const dns = await serve({ host: "::1", tcp: whole });
    expect(await lookUp(dns, { tcp: true })).toMatchObject(answer("a.example"));
  });

  test("byte by byte", async () => {
    const dns = await serve({
      tcp: async (query, _send, socket) => {
        socket.setNoDelay(true);
        for (const byte of framed(reply(query, "a.example"))) {
          await new Promise((written) => socket.write(Buffer.from([byte]), written));
        }
      },
    });
    expect(await lookUp(dns, { tcp: true })).toMatchObject(answer("a.example"));
  });

  test("behind other messages in one segment", async () => {
    const dns = await serve({
      tcp: (query, _send, socket) => {
        const foreign = reply(query, "evil.example", { id: query.readUInt16BE(0) ^ 1 });
        const messages = [Buffer.alloc(0), Buffer.from("garbage"), foreign];
        socket.write(Buffer.concat([...messages, reply(query, "a.example")].map(framed)));
      },
    });
    expect(await lookUp(dns, { tcp: true })).toMatchObject(answer("a.example"));
  });

  test("as many records as a message can hold", async () => {
    const { targets } = largestAnswer(0);
    const dns = await serve({
      tcp: (query, send) => send(largestAnswer(query.readUInt16BE(0)).bytes),
    });
    const started = performance.now();
    const found = await lookUp(dns, { tcp: true });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(targets.length).toBeGreaterThan(2000);
    expect(found).toMatchObject({ value: { srv: targets.map((target) => ({ target })) } });
  });

  test("what no message can hold is no answer to rely on", async () => {
    const dns = await serve({
      tcp: (query, send) => {
        const asked = { id: query.readUInt16BE(0), name: service, type: "SRV" } as const;
        send(coreDnsAnswer(asked, members(2000), "tcp"));
      },
    });
    expect(await lookUp(dns, { tcp: true })).toEqual({
      ...{ kind: "failed", why: "malformed" },
      detail: `${dns.name}: the answer does not fit into a DNS message`,
    });
  });

  test.each<[string, NonNullable<Behaviour["tcp"]>, { why: string; detail: RegExp }]>([
    [
      "closed at once",
      (_query, _send, socket) => socket.end(),
      { why: "unreachable", detail: /the connection was closed before the answer$/ },
    ],
    [
      "closed in the middle",
      (query, _send, socket) => socket.end(framed(reply(query, "a.example")).subarray(0, 40)),
      { why: "unreachable", detail: /the connection was closed before the answer$/ },
    ],
    [
      "reset",
      (_query, _send, socket) => socket.resetAndDestroy(),
      { why: "unreachable", detail: /ECONNRESET$/ },
    ],
    [
      "garbage, then closed",
      (_query, _send, socket) => socket.end(framed(Buffer.from("garbage"))),
      { why: "malformed", detail: /a reply that is no DNS message/ },
    ],
    [
      "truncated here too",
      (query, send) => send(reply(query, "a.example", { flags: flags.truncated })),
      { why: "malformed", detail: /the answer does not fit into a DNS message$/ },
    ],
    [
      "SERVFAIL",
      (query, send) => send(reply(query, "a.example", { flags: flags.servfail })),
      { why: "servfail", detail: /SERVFAIL$/ },
    ],
  ])("%s: a failure, and the next server is asked", async (_, tcp, { why, detail }) => {
    const bad = await serve({ udp: truncated, tcp });
    const good = await serve({ udp: truncated, tcp: whole });
    expect(await lookUp(bad)).toEqual({
      ...{ kind: "failed", why, detail: expect.stringMatching(detail) },
    });
    expect(await client([bad, good], testClock())()).toMatchObject(answer("a.example"));
  });

  test("silence costs one server's time", async () => {
    const clock = testClock();
    const dns = await serve({ udp: truncated });
    const found = client([dns], clock)();
    await expect.poll(() => dns.queries.length).toBe(2);
    await clock.advance(1000);
    expect(await found).toMatchObject({ kind: "failed", why: "timeout" });
  });
});

describe("a signal ends it at once, with its reason, and every socket is closed", () => {
  const reason = new Error("ended by SIGTERM");
  const sockets = () =>
    process.getActiveResourcesInfo().filter((name) => /UDP|TCPSocket|TCPConnect/.test(name));
  /** A server's own socket, once those of other tests are gone. */
  const alone = () => expect.poll(sockets).toEqual(["UDPWrap"]);

  test.each<[string, Behaviour, boolean]>([
    ["over UDP", {}, false],
    ["over TCP", {}, true],
    ["in the middle of a message", { tcp: (_q, _s, socket) => socket.write("\u0001") }, true],
  ])("%s", async (_, behaviour, tcp) => {
    const dns = await serve(behaviour);
    await alone();
    const stop = new AbortController();
    const found = client([dns], systemClock, { tcp, tryMs: 60_000 })(stop.signal);
    await expect.poll(() => dns.queries.length).toBe(1);
    expect(sockets().length).toBeGreaterThan(1);
    const aborted = performance.now();
    stop.abort(reason);
    await expect(found).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(500);
    await alone();
  });

  test("however early it comes", async () => {
    const dns = await serve({});
    for (const tcp of [false, true]) {
      for (let turns = 0; turns < 20; turns += 1) {
        const stop = new AbortController();
        const found = client([dns], systemClock, { tcp, tryMs: 60_000 })(stop.signal);
        found.catch(() => {});
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        stop.abort(reason);
        await expect(found).rejects.toBe(reason);
      }
    }
    await alone();
  });
});
