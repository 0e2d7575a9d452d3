import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createPeerTls } from "../../src/agent/http/secure.js";
import { keepTls } from "../../src/agent/keep-tls.js";
import type { ServerAnswer } from "../../src/agent/sql/sql.js";
import { ownBlock } from "../../src/cnf/own-block.js";
import type { Peer } from "../../src/peers/peer-set.js";
import { tlsOptions } from "../../src/server/options/tls.js";
import type { TlsMode } from "../../src/tls/modes.js";
import { testClock } from "../system/test-clock.js";
import { createIssuer, mountSecret, pemOf } from "../tls/authority.js";
import { collect, host, passing, scratch, serving, synced } from "./members.js";

const files = { ca: "/tls/ca.crt", cert: "/tls/tls.crt", key: "/tls/tls.key" };
const peer = (ordinal: number): Peer => ({
  ...{ name: `galera-${ordinal}.galera`, ordinal, addresses: [host] },
});

async function keeping(mode: TlsMode) {
  const dir = scratch();
  const issuer = createIssuer(join(dir, "issuer"));
  const authority = issuer.authority();
  const issue = () => pemOf(authority, issuer.issue(authority));
  const first = issue();
  const tlsDir = scratch();
  mountSecret(tlsDir, first);
  const cnf = join(dir, "galera.cnf");
  writeFileSync(cnf, ownBlock(tlsOptions(files, "dynamic"), undefined));
  const tls = createPeerTls(mode, first);
  const { port } = await serving({}, { tls: createPeerTls("dynamic", first) });
  const clock = testClock();
  const { log, lines } = collect();
  const server = { answer: { kind: "silent", why: "" } as ServerAnswer, reloads: 0 };
  const stop = new AbortController();
  const tasks = keepTls(
    { tls, dir: tlsDir, cnf, port },
    {
      ...{ clock, log, signal: stop.signal, others: () => [peer(1), peer(2)] },
      sql: {
        status: async () => server.answer,
        reloadTls: async () => {
          server.reloads += 1;
        },
      },
    },
  );
  const ends = Promise.allSettled(tasks);
  onTestFinished(async () => {
    stop.abort("the test is over");
    const end = { status: "rejected", reason: "the test is over" };
    expect(await ends).toEqual(tasks.map(() => end));
  });
  return { clock, cnf, issue, lines, server, tasks, tls, tlsDir };
}

test("what is renewed is used by the agent, and told to the server once it is up", async () => {
  const { clock, issue, server, tasks, tls, tlsDir } = await keeping("on");
  expect(tasks).toHaveLength(1);
  const renewed = issue();
  mountSecret(tlsDir, renewed);
  await clock.advance(30_000);
  expect(tls.inUse()).toMatchObject(renewed);
  expect(server.reloads).toBe(0);
  server.answer = { kind: "status", status: synced };
  await clock.advance(60_000);
  expect(server.reloads).toBe(1);
});

test("while a cluster is moved over, the members that DNS names are asked", async () => {
  const { clock, cnf, lines } = await keeping("dynamic");
  await passing(clock, () => lines.length > 0);
  expect(lines).toEqual(["info: SST is encrypted: all members that answer have TLS"]);
  expect(readFileSync(cnf, "utf8")).toContain("\nssl-mode=VERIFY_CA\n");
});
