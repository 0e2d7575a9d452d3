import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { loadTls, type TlsPem } from "../../src/tls/files.js";
import { followTls } from "../../src/tls/renew.js";
import { collect } from "../agent/members.js";
import { type TestClock, testClock } from "../system/test-clock.js";
import { createIssuer, type Issued, type Issuer, mountSecret, pemOf } from "./authority.js";

const shared = mkdtempSync(join(tmpdir(), "tls-renew-"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

let issuer: Issuer;
let authority: Issued;
let first: TlsPem;
let second: TlsPem;
let clock: TestClock;
beforeAll(() => {
  issuer = createIssuer(shared);
  authority = issuer.authority(undefined, { days: 3650 });
  first = pemOf(authority, issuer.issue(authority));
  second = pemOf(authority, issuer.issue(authority));
});
beforeEach(() => {
  clock = testClock();
});

const lookMs = 30_000;
const dayMs = 86_400_000;

/** Follows a directory that has the first certificate; what a server answers can be told otherwise. */
async function following() {
  const dir = mkdtempSync(join(tmpdir(), "tls-mount-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mountSecret(dir, first);
  const { log, lines } = collect();
  const server = { answer: "done" as "done" | "later" | Error, asked: 0 };
  const used: TlsPem[] = [];
  const agent = { inUse: loadTls(dir, Date.now()).pem, fault: undefined as Error | undefined };
  const stop = new AbortController();
  const wall = { aheadMs: 0 };
  const ended = followTls(dir, {
    ...{
      clock,
      log,
      signal: stop.signal,
      time: () => Date.now() + wall.aheadMs,
      inUse: () => agent.inUse,
    },
    use: (pem) => {
      if (agent.fault !== undefined) throw agent.fault;
      agent.inUse = pem;
      used.push(pem);
    },
    reload: async () => {
      server.asked += 1;
      if (server.answer instanceof Error) throw server.answer;
      return server.answer;
    },
  });
  const outcome = ended.catch((reason: unknown) => reason);
  onTestFinished(async () => {
    stop.abort("the test is over");
    expect(await outcome).toBe("the test is over");
  });
  await clock.advance(0);
  const said = () => lines.splice(0).map((line) => line.replaceAll(`${dir}/`, ""));
  return { agent, dir, said, server, used, wall };
}

test("a server is told at the beginning, and then only of what is new", async () => {
  const { dir, said, server, used } = await following();
  expect(server.asked).toBe(1);
  await clock.advance(10 * lookMs);
  expect({ asked: server.asked, used, said: said() }).toEqual({ asked: 1, used: [], said: [] });
  mountSecret(dir, second);
  await clock.advance(10 * lookMs);
  expect(used).toEqual([second]);
  expect(server.asked).toBe(2);
  expect(said()).toEqual(["info: tls.crt was renewed: the agent uses it"]);
});

test("a server that is not up yet is told later, without a word", async () => {
  const { dir, said, server } = await following();
  server.answer = "later";
  mountSecret(dir, second);
  await clock.advance(3 * lookMs);
  expect(server.asked).toBe(4);
  server.answer = "done";
  await clock.advance(3 * lookMs);
  expect(server.asked).toBe(5);
  expect(said()).toEqual(["info: tls.crt was renewed: the agent uses it"]);
});

test("a server that refuses: said once, and tried on", async () => {
  const { dir, said, server } = await following();
  server.answer = new Error("mysql on /run/mysqld.sock: Access denied");
  mountSecret(dir, second);
  await clock.advance(3 * lookMs);
  expect(said()).toEqual([
    "info: tls.crt was renewed: the agent uses it",
    "error: the server does not read its certificate anew: mysql on /run/mysqld.sock: Access denied (GRANT RELOAD?)",
  ]);
  server.answer = "done";
  await clock.advance(3 * lookMs);
  expect(server.asked).toBe(5);
});

test("files that will not do: said once, what is in use stays; then the right ones", async () => {
  const { dir, said, server, used } = await following();
  mountSecret(dir, { ...second, key: first.key });
  await clock.advance(5 * lookMs);
  expect({ asked: server.asked, used }).toEqual({ asked: 1, used: [] });
  expect(said()).toEqual([
    "error: TLS stays as it was: tls.crt and tls.key do not belong together: that is another key",
  ]);
  rmSync(join(dir, "tls.key"));
  await clock.advance(2 * lookMs);
  expect(said()).toEqual([
    expect.stringMatching(/^error: TLS stays as it was: tls.key is missing/),
  ]);
  mountSecret(dir, second);
  await clock.advance(2 * lookMs);
  expect(used).toEqual([second]);
  expect(said()).toEqual(["info: tls.crt was renewed: the agent uses it"]);
});

test("a new authority alone is taken too", async () => {
  const { dir, used } = await following();
  const both = { ...first, ca: `${first.ca}${issuer.authority().cert}` };
  mountSecret(dir, both);
  await clock.advance(lookMs);
  expect(used).toEqual([both]);
});

test("a certificate that nobody renews is told of once, a week before; then as expired", async () => {
  const { said, wall, used } = await following();
  wall.aheadMs += 84 * dayMs;
  await clock.advance(5 * lookMs);
  expect(said()).toEqual([
    expect.stringMatching(/^warn: tls.crt: CN=galera expires at \S+, and has not been renewed/),
  ]);
  wall.aheadMs += 7 * dayMs;
  await clock.advance(5 * lookMs);
  expect(said()).toEqual([
    expect.stringMatching(/^error: TLS stays as it was: tls.crt: CN=galera has expired at/),
  ]);
  expect(used).toEqual([]);
});

test("a certificate that OpenSSL does not take: said once, what is in use stays", async () => {
  const { dir, said, server, used } = await following();
  const weak = issuer.issue(authority, { key: ["RSA", "rsa_keygen_bits:1024"] });
  mountSecret(dir, pemOf(authority, weak));
  await clock.advance(3 * lookMs);
  expect({ asked: server.asked, used }).toEqual({ asked: 1, used: [] });
  expect(said()).toEqual([
    "error: TLS stays as it was: tls.crt: OpenSSL refuses it: ee key too small",
  ]);
});

test("an agent that cannot take them: said once, and tried on", async () => {
  const { agent, dir, said, server, used } = await following();
  agent.fault = new Error("no memory");
  mountSecret(dir, second);
  await clock.advance(3 * lookMs);
  expect(said()).toEqual(["error: TLS stays as it was: no memory"]);
  expect(server.asked).toBe(1);
  agent.fault = undefined;
  await clock.advance(lookMs);
  expect(used).toEqual([second]);
  expect(server.asked).toBe(2);
});

test("what was replaced before the agent began to look is taken too", async () => {
  const { agent, dir, used } = await following();
  agent.inUse = second;
  await clock.advance(lookMs);
  expect(used).toEqual([first]);
  mountSecret(dir, first); // once more the same
  await clock.advance(lookMs);
  expect(used).toEqual([first]);
});

test("a server is not told to read files that will not do", async () => {
  const { dir, server } = await following();
  server.answer = "later";
  mountSecret(dir, second);
  await clock.advance(lookMs);
  mountSecret(dir, { ...second, key: first.key });
  server.answer = "done";
  const { asked } = server;
  await clock.advance(3 * lookMs);
  expect(server.asked).toBe(asked);
  mountSecret(dir, second);
  await clock.advance(3 * lookMs);
  expect(server.asked).toBe(asked + 1);
});
