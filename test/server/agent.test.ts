import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startAgent } from "../../src/server/agent.js";
import { readCommand } from "../../src/server/command.js";
import { gather } from "../../src/server/start.js";
import { readSettings } from "../../src/settings.js";
import { systemClock } from "../../src/system/clock.js";
import { exitCode } from "../../src/system/failure.js";
import { readHost } from "../../src/system/host.js";
import { runProcess } from "../../src/system/processes.js";
import type { TlsPem } from "../../src/tls/files.js";
import { collect, freePort, newId } from "../agent/members.js";
import { createIssuer, type Issued, type Issuer, mountSecret, pemOf } from "../tls/authority.js";

const shared = mkdtempSync(join(tmpdir(), "agent-start-"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

let issuer: Issuer;
let authority: Issued;
let first: TlsPem;
let second: TlsPem;
beforeAll(() => {
  issuer = createIssuer(shared);
  authority = issuer.authority();
  first = pemOf(authority, issuer.issue(authority));
  second = pemOf(authority, issuer.issue(authority));
});

const host = "127.0.93.11";

/** The real agent, with certificates and without DNS and a server. */
async function starting(pem: TlsPem) {
  const dir = mkdtempSync(join(tmpdir(), "agent-datadir-"));
  const tlsDir = mkdtempSync(join(tmpdir(), "agent-tls-"));
  mountSecret(tlsDir, pem);
  const port = await freePort();
  const env = {
    ...{ GALERA_SERVICE: "galera", POD_NAMESPACE: "galera", GALERA_HOSTNAME: "galera-0" },
    ...{ POD_IP: host, GALERA_AGENT_PORT: `${port}`, GALERA_CNF: join(dir, "galera.cnf") },
    GALERA_TLS_DIR: tlsDir,
  };
  const command = readCommand([
    ...["mariadbd", "--no-defaults", `--datadir=${dir}`, `--socket=${join(dir, "sock")}`],
    `--user=${userInfo().username}`, // this process stays who it is
  ]);
  if (command.kind !== "server") throw new Error("no server's command line");
  const stop = new AbortController();
  const { log, lines } = collect();
  const reading = { once: () => {} };
  const load = () => {
    reading.once();
    reading.once = () => {};
    const settings = readSettings({}, env);
    const start = gather(command, settings, {
      ...{ env, signal: stop.signal, host: readHost(() => {}) },
      createQuery: () => async () => ({ kind: "failed", why: "timeout", detail: "no DNS" }),
    });
    if (start.member === undefined) throw new Error("no member");
    return { start, member: start.member, settings, log };
  };
  let hangup = () => {};
  const end = { reason: undefined as unknown };
  const ended = startAgent(load, undefined, {
    ...{ env, clock: systemClock, signal: stop.signal, runProcess, newId },
    onHangup: (act) => {
      hangup = act;
    },
  }).catch((reason: unknown) => {
    end.reason = reason;
  });
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await ended;
    for (const one of [dir, tlsDir]) rmSync(one, { recursive: true, force: true });
  });
  /** The certificate that it shows: none while it does not answer. */
  const shown = () =>
    new Promise<string | undefined>((resolve) => {
      const socket = connect({ host, port, rejectUnauthorized: false });
      socket.on("secureConnect", () => {
        resolve(socket.getPeerX509Certificate()?.toString());
        socket.destroy();
      });
      socket.on("error", () => resolve(undefined));
      socket.on("close", () => resolve(undefined));
    });
  const shows = ({ cert }: TlsPem) =>
    expect.poll(shown, { timeout: 4000, message: lines.join("\n") }).toBe(cert);
  const says = (what: RegExp) =>
    expect.poll(() => lines.filter((line) => what.test(line)).length, { timeout: 4000 }).toBe(1);
  return { dir, tlsDir, end, shows, says, lines, reading, hangup: () => hangup() };
}

test("a SIGHUP with certificates that will not do changes nothing; with new ones, they are shown", async () => {
  const { tlsDir, end, shows, says, hangup, lines } = await starting(first);
  await shows(first);
  mountSecret(tlsDir, { ...second, key: first.key });
  hangup();
  await says(/^error: SIGHUP: everything stays as it was: .*do not belong together/);
  await shows(first);
  expect(end.reason).toBeUndefined();
  await says(/^error: TLS stays as it was: .*do not belong together/);
  mountSecret(tlsDir, second);
  hangup();
  await says(/^info: SIGHUP: settings and key were read again/);
  await shows(second);
  expect(lines.filter((line) => line.includes("SIGHUP"))).toHaveLength(2);
});

test("a SIGHUP while the one before is still being read is not lost", async () => {
  const { end, shows, reading, hangup, lines } = await starting(first);
  await shows(first);
  reading.once = hangup;
  hangup();
  await expect.poll(() => lines.filter((line) => /read again/.test(line)).length).toBe(2);
  await shows(first);
  expect(end.reason).toBeUndefined();
});

test("a start with certificates that will not do ends with 78, before anything is done", async () => {
  const weak = issuer.issue(authority, { key: ["RSA", "rsa_keygen_bits:1024"] });
  const { dir, end, tlsDir } = await starting(pemOf(authority, weak));
  await expect.poll(() => end.reason).toBeDefined();
  expect(end.reason).toMatchObject({
    exitCode: exitCode.config,
    message: `${tlsDir}/tls.crt: OpenSSL refuses it: ee key too small`,
  });
  expect(readdirSync(dir)).toEqual([]);
});
