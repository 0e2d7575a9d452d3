import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type AskOptions, askReport, askState } from "../../../src/agent/http/ask.js";
import { sign, signatureHeader, tellingSubject } from "../../../src/agent/http/signature.js";
import { toJson } from "../../../src/bootstrap/format.js";
import { report } from "../../status/sightings.js";
import {
  freePort,
  handMade,
  host,
  http,
  key,
  serving,
  signal,
  stateOf,
  synced,
  uuid,
} from "../members.js";

const nonce = "00000000000000ff";
const subject = tellingSubject("/v1/state", nonce);

function ask(port: number, options: Partial<AskOptions> = {}) {
  return askState({ name: "galera-1", address: host, port, key, nonce, signal, ...options });
}

/** Nobody leaves a socket behind. */
afterEach(() => expect.poll(connections, { interval: 2 }).toBe(0));

function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCPSocket|TCPConnect/.test(name))
    .length;
}

const founding = { epoch: 1, id: "00ff00ff00ff00ff", seqno: -1n };
const view = { number: 7, members: ["galera-0", "galera-1"] };
const rich = stateOf("galera-1", {
  ballot: 3,
  vote: { candidate: "galera-0", incarnation: "a", ballot: 2 },
  phase: { kind: "running", primary: true, status: "synced", view, seqno: 2n ** 62n },
  evidence: { kind: "position", uuid, seqno: 41n, safeToBootstrap: false, certain: true },
  ledger: { uuid, foundings: [founding], view, joining: undefined, discarded: [1] },
  forces: 2,
});

describe("a state", () => {
  test.each([
    ["signed", key],
    ["unsigned", undefined],
  ])("%s, with all that a member tells", async (_, shared) => {
    const { port } = await serving({ state: async () => rich }, { key: shared });
    expect(await ask(port, { key: shared })).toEqual({ kind: "told", told: rich });
  });

  test("byte by byte, in chunks, and with what a later version adds", async () => {
    const body = toJson({ ...rich, further: { nested: [1] } });
    const signature = sign(key, subject, body);
    const { port } = await handMade(async (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${signatureHeader}: ${signature}\r\n`);
      socket.write("transfer-encoding: chunked\r\n\r\n");
      for (const byte of body) await new Promise((sent) => socket.write(`1\r\n${byte}\r\n`, sent));
      socket.end("0\r\n\r\n");
    });
    expect(await ask(port)).toEqual({ kind: "told", told: rich });
  });

  test("of a member whose address is IPv6", async () => {
    const { port } = await serving({}, { key, host: "::1" });
    expect(await ask(port, { address: "::1" })).toMatchObject({ kind: "told" });
  });
});

describe("keys", () => {
  const doubtful = { kind: "silent", absent: false, unproved: true };
  test.each<[string, string | undefined, string | undefined, string]>([
    [
      "that differ",
      "another key, of nobody's",
      key,
      "its agent has another GALERA_AGENT_KEY than I",
    ],
    ["only here", undefined, key, "its agent has no GALERA_AGENT_KEY, and I have one"],
    ["only there", key, undefined, "its agent has a GALERA_AGENT_KEY, and I have none"],
  ])("%s", async (_, theirs, mine, what) => {
    const { port } = await serving({}, { key: theirs });
    expect(await ask(port, { key: mine })).toEqual({ ...doubtful, what });
  });

  test.each<[string, string | undefined, string | undefined, object]>([
    ["a signed answer is taken without a key", key, undefined, { kind: "told" }],
    ["an unsigned one too", undefined, undefined, { kind: "told" }],
    ["with a key, it has to be signed", undefined, key, doubtful],
    ["with this key", "another key, of nobody's", key, doubtful],
  ])("unverified: %s", async (_, theirs, mine, expected) => {
    const { port } = await serving({}, { key: theirs });
    expect(await ask(port, { key: mine, unverified: true })).toMatchObject(expected);
  });
});

describe("an answer that is not the one to this question", () => {
  const wrong = { kind: "silent", what: "its agent has another GALERA_AGENT_KEY than I" };
  const body = toJson(stateOf("galera-1"));
  const signed = { [signatureHeader]: sign(key, subject, body) };

  test("is the right one as it stands", async () => {
    const { port } = await handMade((socket) => socket.end(http(200, body, signed)));
    expect(await ask(port)).toMatchObject({ kind: "told" });
  });

  test.each<[string, string, Record<string, string>]>([
    [
      "a replayed one, to an earlier nonce",
      body,
      { [signatureHeader]: sign(key, tellingSubject("/v1/state", "00000000000000fe"), body) },
    ],
    ["a body changed on the way", body.replace("idle", "waiting"), signed],
    ["a signature twice", body, { ...signed, [signatureHeader.toUpperCase()]: "0".repeat(64) }],
    ["a signature of nothing", body, { [signatureHeader]: "" }],
  ])("%s", async (_, given, headers) => {
    const { port } = await handMade((socket) => socket.end(http(200, given, headers)));
    expect(await ask(port)).toMatchObject(wrong);
  });

  test("each question has its nonce in the path", async () => {
    let received = "";
    const { port } = await handMade((socket, text) => {
      received = text;
      socket.end(http(200, body, signed));
    });
    await ask(port);
    expect(received).toMatch(new RegExp(`^GET /v1/state\\?nonce=${nonce} HTTP/1.1\r\n`));
    expect(received).not.toContain(key);
  });

  test("another member's agent at this address", async () => {
    const { port } = await serving({ state: async () => stateOf("galera-10") }, { key });
    expect(await ask(port)).toEqual({
      ...{ kind: "silent", what: "the agent at its address is that of galera-10", absent: false },
    });
  });
});

describe("an answer that cannot be used", () => {
  const unreadable = (why: string) =>
    `its agent's answer cannot be read (${why}): another version?`;
  const ok = stateOf("galera-1");
  test.each<[string, string, string]>([
    ["nothing", "", unreadable("empty")],
    ["no JSON", "<html>", unreadable("no JSON")],
    ["no object", "1", unreadable("state: no object")],
    ["null", "null", unreadable("state: no object")],
    ["an empty one", "{}", unreadable("state.name: not a member's name")],
    [
      "a phase of another version",
      toJson({ ...ok, phase: { kind: "leaving" } }),
      unreadable('state.phase.kind: "leaving" is not known'),
    ],
    [
      "a name that forges a log line",
      toJson({ ...ok, name: "galera-1\nerror: x" }),
      unreadable("state.name: not a member's name"),
    ],
    [
      "a ballot below 0",
      toJson({ ...ok, ballot: -1 }),
      unreadable("state.ballot: not a number from 0"),
    ],
  ])("%s", async (_, body, what) => {
    const headers = { [signatureHeader]: sign(key, subject, body) };
    const { port } = await handMade((socket) => socket.end(http(200, body, headers)));
    expect(await ask(port)).toEqual({ kind: "silent", what, absent: false });
  });

  test.each([404, 500, 302, 204])("status %d", async (status) => {
    const { port } = await handMade((socket) =>
      socket.end(http(status, "", { location: "http://127.0.0.1/" })),
    );
    const what = `its agent answers with status ${status}`;
    expect(await ask(port)).toEqual({ kind: "silent", what, absent: false });
  });
});

describe("nobody who could be understood", () => {
  const silent = (why: string, absent = false) => ({
    ...{ kind: "silent", what: `its agent: ${why}`, absent },
  });

  test("nobody listens", async () => {
    expect(await ask(await freePort())).toEqual(silent("connection refused", true));
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["closed at once", (socket) => socket.end(), "connection reset"],
    ["reset", (socket) => socket.resetAndDestroy(), "connection reset"],
    [
      "closed in the middle of the body",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
      "connection reset",
    ],
    ["not HTTP", (socket) => socket.end("\x00\x01garbage\r\n\r\n"), "no HTTP answer"],
    [
      "too many headers",
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`),
      "no HTTP answer",
    ],
    [
      "a body without end",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        const more = () => socket.destroyed || socket.write(" ".repeat(10_000), more);
        more();
      },
      "an answer too long for an agent's",
    ],
  ])("%s", async (_, behaviour, why) => {
    const { port } = await handMade((socket) => behaviour(socket));
    expect(await ask(port)).toEqual(silent(why));
  });

  test("a body of 64 KiB is the longest that is read", async () => {
    for (const [length, what] of [
      [65_536, "its agent's answer cannot be read (empty): another version?"],
      [65_537, "its agent: an answer too long for an agent's"],
    ] as const) {
      const { port } = await handMade((socket) => socket.end(http(200, " ".repeat(length))));
      expect(await ask(port, { key: undefined })).toMatchObject({ what });
    }
  });

  // Each takes its second, so all at once.
  test("one who accepts and is silent, and one who never comes to an end: a second", async () => {
    const drip = (head: string) => (socket: Socket) => {
      socket.write(head);
      const timer = setInterval(() => socket.write("x"), 50);
      socket.on("close", () => clearInterval(timer));
    };
    const servers = await Promise.all([
      handMade(() => {}),
      handMade(drip("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")),
      handMade(drip("HTTP/1.1 200 OK\r\nx-endless: ")),
      handMade((socket) => socket.write("HTTP/1.1 100 Continue\r\n\r\n".repeat(10))),
    ]);
    const started = performance.now();
    expect(await Promise.all(servers.map(({ port }) => ask(port)))).toEqual(
      servers.map(() => silent("no answer")),
    );
    const ms = performance.now() - started;
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(1500);
  });
});

describe("a report", () => {
  const told = report(rich, { draining: "waiting", paused: 0.25, server: synced });
  const asked = (port: number, options: Partial<AskOptions> = {}) =>
    askReport({ name: "galera-1", address: host, port, key, nonce, signal, ...options });

  test("with all that an agent knows", async () => {
    const { port } = await serving({ report: async () => told }, { key });
    expect(await asked(port)).toEqual({ kind: "told", told });
  });

  test("of another member", async () => {
    const { port } = await serving({ report: async () => told }, { key });
    const what = "the agent at its address is that of galera-1";
    expect(await asked(port, { name: "galera-0" })).toMatchObject({ kind: "silent", what });
  });

  test("an answer to the question for the state is none to this", async () => {
    const body = toJson(told);
    const signed = { [signatureHeader]: sign(key, subject, body) };
    const { port } = await handMade((socket) => socket.end(http(200, body, signed)));
    expect(await asked(port)).toMatchObject({ kind: "silent", unproved: true });
  });

  test.each<[string, object, string]>([
    ["a why that paints the terminal", { dnsProblem: "\x1b[31m" }, "status.dnsProblem: not a line"],
    [
      "one that forges a line",
      { readiness: { ok: true, why: "a\nb" } },
      "status.readiness.why: not a line",
    ],
  ])("%s", async (_, patch, why) => {
    const { port } = await serving({ report: async () => ({ ...told, ...patch }) }, { key });
    const what = `its agent's answer cannot be read (${why}): another version?`;
    expect(await asked(port)).toEqual({ kind: "silent", what, absent: false });
  });
});

test("a signal ends it with its reason, however far it is", async () => {
  const reason = new Error("ended by SIGTERM");
  const servers = await Promise.all([
    handMade(() => {}),
    handMade((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{")),
  ]);
  for (const { port } of servers) {
    await expect(ask(port, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 50);
    const started = performance.now();
    await expect(ask(port, { signal: stop.signal })).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(500);
  }
});
