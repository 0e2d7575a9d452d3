import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askState } from "../../../src/agent/http/ask.js";
import { createLocalAgent } from "../../../src/agent/http/local.js";
import { createPeerTls, type PeerTls, speaksTls } from "../../../src/agent/http/secure.js";
import type { TlsPem } from "../../../src/tls/files.js";
import type { TlsMode } from "../../../src/tls/modes.js";
import { createIssuer, type Issued, type Issuer, pemOf } from "../../tls/authority.js";
import { freePort, handMade, host, key, serving, signal, stateOf } from "../members.js";

const shared = mkdtempSync(join(tmpdir(), "agent-tls-"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

let issuer: Issuer;
let authority: Issued;
/** Certificates of this cluster, of another one, and one that has expired. */
let pem: TlsPem;
let foreign: TlsPem;
let expired: TlsPem;
beforeAll(() => {
  issuer = createIssuer(shared);
  authority = issuer.authority();
  const other = issuer.authority();
  pem = pemOf(authority, issuer.issue(authority));
  foreign = pemOf(other, issuer.issue(other));
  expired = pemOf(authority, issuer.issue(authority, { days: -1 }));
});

const tlsOf = (from: TlsPem, mode: TlsMode = "on") => createPeerTls(mode, from);

function ask(port: number, tls: PeerTls | undefined, shared?: string) {
  const to = { name: "galera-1", address: host, port, key: shared };
  return askState({ ...to, nonce: "00000000000000ff", signal, tls });
}

const told = { kind: "told", told: stateOf("galera-1") };
const silent = (what: string) => ({ kind: "silent", what, absent: false });
const onlyOverTls = "its agent answers over TLS only (GALERA_TLS_DIR), and I have no certificate";
const notTaken = "its agent does not take my certificate: another authority than in its ca.crt?";
const otherAuthority = "its agent: its certificate is of another authority";

/** A socket's text until the other side hangs up. */
function conversation(socket: Socket, bytes: string | Buffer): Promise<string> {
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.on("error", () => {});
  socket.write(bytes);
  return new Promise((resolve) => socket.on("close", () => resolve(received)));
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const plain = (port: number, bytes: string | Buffer) =>
  conversation(connectPlain({ host, port }), bytes);

/** A client with another certificate, or none. */
function client(port: number, options: ConnectionOptions = {}): TLSSocket {
  return connect({ host, port, rejectUnauthorized: false, ...options });
}

describe("a member asks a member", () => {
  test.each<[string, TlsMode | undefined, TlsMode | undefined, object]>([
    ["both on", "on", "on", told],
    ["both dynamic", "dynamic", "dynamic", told],
    ["dynamic asks on", "dynamic", "on", told],
    ["on asks dynamic", "on", "dynamic", told],
    ["plain asks dynamic", undefined, "dynamic", told],
    ["dynamic asks plain", "dynamic", undefined, told],
    ["plain asks plain", undefined, undefined, told],
    ["plain asks on", undefined, "on", silent(onlyOverTls)],
    ["on asks plain", "on", undefined, silent("its agent: no TLS answer")],
  ])("%s", async (_, mine, theirs, expected) => {
    const { port } = await serving({}, { tls: theirs && tlsOf(pem, theirs) });
    expect(await ask(port, mine && tlsOf(pem, mine))).toEqual(expected);
  });

  test("signed besides, with the shared key", async () => {
    const { port } = await serving({}, { key, tls: tlsOf(pem) });
    expect(await ask(port, tlsOf(pem), key)).toEqual(told);
    expect(await ask(port, tlsOf(pem))).toMatchObject({ kind: "silent", unproved: true });
  });

  test("that ends while its certificate is about to be shown", async () => {
    const { port } = await handMade((socket) => socket.destroy());
    expect(await ask(port, tlsOf(pem))).toEqual(silent("its agent: connection reset"));
  });
});

test("whether a member has TLS shows in a handshake", async () => {
  const to = ({ port }: { port: number }) => speaksTls(tlsOf(pem), { host, port }, signal);
  expect(await to(await serving({}, { tls: tlsOf(pem) }))).toBe("tls");
  expect(await to(await serving({}, { tls: tlsOf(pem, "dynamic") }))).toBe("tls");
  expect(await to(await serving())).toBe("plain");
  expect(await to(await serving({}, { tls: tlsOf(foreign) }))).toBe("nothing");
  expect(await to(await handMade((socket) => socket.destroy()))).toBe("nothing");
  expect(await to(await handMade(() => {}))).toBe("nothing");
  expect(await to({ port: await freePort() })).toBe("nothing");
  const reason = new Error("the end");
  const late = AbortSignal.abort(reason);
  await expect(speaksTls(tlsOf(pem), { host, port: 1 }, late)).rejects.toBe(reason);
});

describe("certificates that do not count", () => {
  test.each<[string, () => TlsPem, () => TlsPem, string]>([
    ["the asked one's is of another authority", () => pem, () => foreign, otherAuthority],
    ["the asker's is", () => ({ ...foreign, ca: pem.ca }), () => pem, notTaken],
    [
      "the asked one's has expired",
      () => pem,
      () => expired,
      "its agent: its certificate has expired",
    ],
    ["the asker's has", () => expired, () => pem, notTaken],
  ])("%s", async (_, mine, theirs, what) => {
    const { port } = await serving({}, { tls: tlsOf(theirs()) });
    expect(await ask(port, tlsOf(mine()))).toEqual(silent(what));
    expect(await ask(port, tlsOf(mine(), "dynamic"))).toEqual(silent(what));
  });

  test("none at all, or a session that is taken up without one", async () => {
    const { port } = await serving({}, { tls: tlsOf(pem) });
    const sessions: Buffer[] = [];
    const first = client(port);
    first.on("session", (session) => sessions.push(session));
    expect(await conversation(first, get("/v1/state"))).toContain("HTTP/1.1 403");
    const [session = Buffer.alloc(0)] = sessions;
    const again = client(port, { session });
    let isReused: boolean | undefined;
    again.on("secureConnect", () => {
      isReused = again.isSessionReused();
    });
    expect(await conversation(again, get("/v1/state"))).toContain("HTTP/1.1 403");
    expect(isReused).toBe(false);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: with a certificate it is told",
    async (version) => {
      const { port } = await serving({}, { tls: tlsOf(pem) });
      const only = { minVersion: version, maxVersion: version };
      const proved = conversation(client(port, { ...only, ...pem }), get("/v1/status"));
      expect(await proved).toContain("HTTP/1.1 200");
      const unproved = conversation(client(port, only), get("/v1/status"));
      expect(await unproved).toContain("HTTP/1.1 403");
    },
  );
});

describe("on the same port, plain and encrypted", () => {
  test.each(["/startupz", "/livez", "/readyz", "/metrics"])(
    "%s, without a certificate",
    async (path) => {
      const { port } = await serving({}, { tls: tlsOf(pem) });
      expect(await plain(port, get(path))).toContain("HTTP/1.1 200");
      expect(await conversation(client(port), get(path))).toContain("HTTP/1.1 200");
    },
  );

  test("what only this host may ask", async () => {
    const { port } = await serving({}, { key, tls: tlsOf(pem) });
    const local = createLocalAgent({ host, port, key });
    expect(await local.about(signal)).toEqual({ name: "galera-0", parent: undefined });
    expect(await conversation(client(port), get("/v1/agent"))).toContain("HTTP/1.1 403");
  });

  test("a member's state: for HEAD neither", async () => {
    const { port } = await serving({}, { tls: tlsOf(pem) });
    for (const path of ["/v1/state", "/v1/status?nonce=1"]) {
      const head = `HEAD ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
      expect(await plain(port, head)).toContain("HTTP/1.1 403");
      expect(await plain(port, get(path))).toContain(
        '{"error":"only over TLS, with a certificate of this member\'s authority"}',
      );
    }
  });

  test("byte by byte", async () => {
    const { port } = await serving({}, { tls: tlsOf(pem) });
    const socket = connectPlain({ host, port, noDelay: true });
    const bytes = get("/livez");
    const answer = conversation(socket, bytes.slice(0, 1));
    for (const byte of bytes.slice(1)) {
      await new Promise((sent) => setTimeout(sent, 2));
      socket.write(byte);
    }
    expect(await answer).toContain("HTTP/1.1 200");
  });
});

test("certificates that are renewed: for the next connection, both ways", async () => {
  const tls = tlsOf(pem);
  const { port } = await serving({}, { tls });
  const shown = () =>
    new Promise<string>((resolve) => {
      const socket = client(port, pem);
      socket.on("secureConnect", () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
    });
  const before = await shown();
  const other = await serving({}, { tls: tlsOf(foreign) });
  expect(await ask(other.port, tls)).toEqual(silent(otherAuthority));
  tls.renew(foreign);
  expect(await shown()).not.toBe(before);
  expect(await ask(other.port, tls)).toEqual(told);
  expect(await ask(port, tlsOf(pem))).toEqual(silent(otherAuthority));
});

test("certificates that OpenSSL refuses change nothing, in neither direction", async () => {
  const tls = tlsOf(pem);
  const { port } = await serving({}, { tls });
  const weak = issuer.issue(authority, { key: ["RSA", "rsa_keygen_bits:1024"] });
  expect(() => tls.renew(pemOf(authority, weak))).toThrow(/ee key too small/);
  expect(tls.inUse()).toMatchObject(pem);
  const other = await serving({}, { tls });
  for (const each of [port, other.port]) expect(await ask(each, tls)).toEqual(told);
});

const descriptors = () => readdirSync("/proc/self/fd").length;

describe("whoever is slow, or many, or sends garbage", () => {
  test("no TLS behind a TLS record's first byte", async () => {
    const { port, faults } = await serving({}, { tls: tlsOf(pem) });
    const open = descriptors();
    const garbage = [Buffer.alloc(4096, 0x16), "\x16\x03\x01\x02\x00\x01", "\x16"].map((bytes) => {
      const socket = connectPlain({ host, port });
      const closed = conversation(socket, bytes);
      socket.end();
      return closed;
    });
    expect(await plain(port, get("/livez"))).toContain("HTTP/1.1 200");
    await Promise.all(garbage);
    expect(await plain(port, "\0\0\0\0\r\n\r\n")).toContain("HTTP/1.1 400");
    await expect.poll(descriptors).toBeLessThanOrEqual(open);
    expect(faults).toEqual([]);
  });

  // Each takes its 3 to 4 s, so all at once.
  test("silence, half a handshake, a handshake and nothing more: cut off", async () => {
    const { port } = await serving({}, { tls: tlsOf(pem) });
    const started = performance.now();
    const until = async (socket: Socket, bytes?: string) => {
      socket.on("error", () => {});
      socket.resume();
      if (bytes !== undefined) socket.write(bytes);
      await new Promise((closed) => socket.on("close", closed));
      return performance.now() - started;
    };
    const ends = [
      until(connectPlain({ host, port })),
      until(connectPlain({ host, port }), "\x16\x03\x01\x02\x00\x01\x00"),
      until(client(port)),
      until(client(port), "GET /livez HTTP/1.1\r\nx: "),
    ];
    for (const ms of await Promise.all(ends)) {
      expect(ms).toBeGreaterThan(2000);
      expect(ms).toBeLessThan(4800);
    }
  });

  test("600 that begin a handshake, or have none to finish, keep nobody from an answer", async () => {
    const { port, faults } = await serving({}, { tls: tlsOf(pem) });
    const before = descriptors();
    const sockets = Array.from({ length: 600 }, (_, n) => {
      const socket = n % 8 !== 0 ? connectPlain({ host, port }) : client(port);
      socket.on("error", () => {});
      socket.resume();
      socket.on("connect", () => n % 8 === 1 && socket.write("\x16\x03\x01\x02\x00\x01"));
      return socket;
    });
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    const open = () => sockets.filter((socket) => !socket.destroyed).length;
    await expect.poll(open, { timeout: 10_000 }).toBeLessThanOrEqual(512);
    for (const tls of [undefined, tlsOf(pem)]) {
      const started = performance.now();
      const answer = tls === undefined ? plain(port, get("/livez")) : ask(port, tls);
      expect(await answer).toEqual(tls === undefined ? expect.stringContaining("200") : told);
      expect(performance.now() - started).toBeLessThan(2000);
    }
    for (const socket of sockets) socket.destroy();
    await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(before);
    expect(faults).toEqual([]);
  }, 30_000);

  test("an encrypted connection serves one request", async () => {
    const { port } = await serving({}, { tls: tlsOf(pem) });
    const one = "GET /livez HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n";
    expect((await conversation(client(port), one)).match(/HTTP\/1.1 200/g)).toHaveLength(1);
    expect(await conversation(client(port), one.repeat(100))).toBe("");
  });
});
