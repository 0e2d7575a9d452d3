/** TLS with real servers: a running cluster is moved over, an encrypted SST, certificates are renewed. */
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultTemplate } from "../../src/cnf/template.js";
import { galeraProvider } from "../../src/server/image.js";
import type { TlsPem } from "../../src/tls/files.js";
import { createIssuer, type Issued, type Issuer, mountSecret, pemOf } from "../tls/authority.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";

const block = 85;
const all = [0, 1, 2];

let cluster: Cluster;
let issuer: Issuer;
let authority: Issued;
let tlsDir: string;
/** For this test's own connections. */
let client: Record<keyof TlsPem, string>;

/** SST listens on every address, unless it is told otherwise; root's socket lets the donor in. */
function templateOf(i: number): string {
  const path = join(cluster.dir, `template-${i}.cnf`);
  const text = defaultTemplate({ provider: galeraProvider() });
  const sst = `[sst]\nsockopt=",bind=${cluster.address(i)}"\n`;
  writeFileSync(path, `${text}wsrep_sst_auth=root:\n${sst}`);
  chmodSync(path, 0o644);
  return path;
}

/** How a member is started, before, while and after it is moved. */
const settings = {
  plain: () => ({ GALERA_SST_METHOD: "rsync" }),
  dynamic: () => ({ ...settings.on(), GALERA_TLS: "dynamic" }),
  on: () => ({ GALERA_SST_METHOD: "mariabackup", GALERA_TLS_DIR: tlsDir }),
};

function start(i: number, how: keyof typeof settings): void {
  cluster.start(i, { env: { ...settings[how](), GALERA_CNF_TEMPLATE: templateOf(i) } });
}

/** The group of the server's account, as fsGroup would have it. */
function serverGroup(): number {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((one) => /^mysql:/.test(one));
  return Number(line?.split(":")[3]);
}

function issueAndMount(): string {
  const names = all.map((i) => `IP:${cluster.address(i)}`).join(",");
  const extensions = ["extendedKeyUsage=serverAuth,clientAuth", `subjectAltName=${names}`];
  const member = issuer.issue(authority, { extensions });
  mountSecret(tlsDir, pemOf(authority, member), { gid: serverGroup() });
  return new X509Certificate(member.cert).serialNumber;
}

beforeAll(async () => {
  cluster = await createCluster({ block, provider: quick });
  const dir = join(cluster.dir, "issuer");
  issuer = createIssuer(dir);
  authority = issuer.authority();
  tlsDir = join(cluster.dir, "tls");
  mkdirSync(tlsDir);
  client = { ca: join(dir, "ca"), cert: join(dir, "cert"), key: join(dir, "key") };
  const own = pemOf(authority, issuer.issue(authority));
  for (const name of ["ca", "cert", "key"] as const) writeFileSync(client[name], own[name]);
  for (const i of all) start(i, "plain");
  await cluster.allSynced(all);
  await cluster.createTable(0);
});

afterAll(() => cluster.close());

/** What somebody hears on a port who says nothing. */
function heard(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1500 });
    const end = (bytes: number) => {
      socket.destroy();
      resolve(bytes);
    };
    socket.on("data", ({ length }) => end(length));
    socket.on("timeout", () => end(0));
    socket.on("error", () => end(0));
    socket.on("end", () => end(0));
  });
}

/** A handshake by the `openssl` program: what it found, and whose certificate it was shown. */
async function handshake(host: string, port: number, ...more: readonly string[]) {
  const { all: output = "" } = await execa(
    "openssl",
    ["s_client", "-connect", `${host}:${port}`, "-CAfile", client.ca, ...more],
    { input: "", all: true, reject: false, timeout: 10_000 },
  );
  const [pem] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(output) ?? [];
  return {
    output,
    verified: output.includes("Verify return code: 0 (ok)"),
    serial: pem === undefined ? undefined : new X509Certificate(pem).serialNumber,
  };
}

const asMember = () => ["-cert", client.cert, "-key", client.key];
const shownBy = async (i: number) => {
  const host = cluster.address(i);
  const [group, server, agent] = await Promise.all([
    handshake(host, 4567, ...asMember()),
    handshake(host, 3306, "-starttls", "mysql"),
    handshake(host, 4569, ...asMember()),
  ]);
  return [group.serial, server.serial, agent.serial];
};

/** Restarts all members one after the other; the others are primary all the while. */
async function roll(how: keyof typeof settings): Promise<void> {
  for (const i of [2, 1, 0]) {
    const others = all.filter((other) => other !== i);
    let moving = true;
    const watch = (async () => {
      while (moving) {
        for (const other of others) {
          // A server may be slow to answer once.
          const seen = (await cluster.status(other)) ?? (await cluster.status(other));
          expect(seen, `galera-${other} while galera-${i} is moved`).toMatchObject({
            primary: true,
          });
        }
        await new Promise((later) => setTimeout(later, 100));
      }
    })();
    const move = async () => {
      await cluster.stop(i);
      start(i, how);
      await cluster.allSynced(all, 90_000);
    };
    await Promise.all([
      move().finally(() => {
        moving = false;
      }),
      watch,
    ]);
  }
}

let firstSerial: string;

test("a running cluster is moved over: plain, dynamic, on, while clients write", async () => {
  expect(await heard(cluster.address(0), 4567)).toBeGreaterThan(0); // a plain member greets
  firstSerial = issueAndMount();
  const writers = cluster.keepWriting();
  for (const how of ["dynamic", "on"] as const) {
    const before = writers.written();
    await roll(how);
    if (how === "dynamic") await Promise.all(all.map((i) => cluster.says(i, /SST is encrypted/)));
    expect(writers.written() - before).toBeGreaterThan(100);
  }
  await writers.end();
  await cluster.verify(all);
}, 400_000);

test("replication speaks TLS only, and to members only", async () => {
  for (const i of all) {
    const host = cluster.address(i);
    expect(await heard(host, 4567)).toBe(0);
    expect((await handshake(host, 4567, ...asMember())).verified).toBe(true);
    // In TLS 1.3 a client is told of it only later.
    const stranger = await handshake(host, 4567, "-tls1_2");
    expect(stranger.output).toMatch(/alert handshake failure/);
    expect(await shownBy(i)).toEqual([firstSerial, firstSerial, firstSerial]);
  }
});

test("clients connect with TLS, and verify the server", async () => {
  const ask = (ca: string) =>
    execa(
      "mariadb",
      [
        ...["--no-defaults", `--host=${cluster.address(1)}`, "--user=root", `--ssl-ca=${ca}`],
        ...["--ssl-verify-server-cert", "--batch", "--execute=SHOW STATUS LIKE 'Ssl_cipher'"],
      ],
      { reject: false },
    );
  expect((await ask(client.ca)).stdout).toMatch(/^Ssl_cipher\t(TLS_|ECDHE)/m);
  expect((await ask(client.cert)).stderr).toMatch(/TLS\/SSL error/);
});

test("a joiner gets its data by an encrypted SST", async () => {
  await cluster.remove(2);
  cluster.wipe(2);
  start(2, "on");
  await cluster.allSynced(all);
  // Without an authority the script has `verify=0` in its place.
  expect(cluster.log(2)).toMatch(/socat -u openssl-listen:4444,\S*,cafile='\S+\/ca\.crt'/);
  expect(cluster.log(2)).toContain("Verifying peer certificate chain for ssl-mode=VERIFY_CA");
  await cluster.verify(all);
});

test("a renewed certificate: agent, replication and server show it without a restart", async () => {
  const before = all.map(cluster.pid);
  const serial = issueAndMount();
  expect(serial).not.toBe(firstSerial);
  await until(
    async () => {
      const shown = (await Promise.all(all.map(shownBy))).flat();
      return shown.every((one) => one === serial);
    },
    () => `the new certificate everywhere\n${cluster.tails()}`,
    90_000,
  );
  await cluster.verify(all);
  expect(all.map(cluster.pid)).toEqual(before);
});
