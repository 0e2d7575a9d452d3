/** docker/compose.yaml, by the engine's own compose: a cluster, its rows after an outage, and a clean end. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ask, attempt, directory, given, image, prefix } from "./engine.js";

const members = ["galera-0", "galera-1", "galera-2"];
const project = `${prefix}-compose`;
const own = join(directory, "compose");
const file = join(own, "compose.yaml");
const password = randomBytes(15).toString("base64");
const ports: number[] = [];

const [compose = "", ...composeArgs] = given("COMPOSE").split(" ");

const subnet = `10.${100 + randomInt(100)}.${randomInt(256)}`;

async function run(...args: readonly string[]): Promise<void> {
  const [PORT_0, PORT_1, PORT_2] = ports.map(String);
  const env = { IMAGE: image, SUBNET: subnet, PORT_0, PORT_1, PORT_2 };
  await execa(compose, [...composeArgs, "-p", project, "-f", file, ...args], { env, all: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The engines' composes name containers differently, and label them alike. */
async function containerOf(service: string): Promise<string> {
  const labels = [`project=${project}`, `service=${service}`];
  const filters = labels.flatMap((label) => ["--filter", `label=com.docker.compose.${label}`]);
  const id = (await ask("ps", "-aq", ...filters)).trim();
  expect(id).toMatch(/^[0-9a-f]+$/);
  return id;
}

const inside = async (service: string, ...command: readonly string[]) =>
  attempt(["exec", await containerOf(service), ...command]);

/** By the command of the file: podman needs systemd to run it from time to time. */
async function isHealthy(service: string): Promise<boolean> {
  const { services } = parse(readFileSync(file, "utf8"), { merge: true });
  const [how, ...command] = services[service].healthcheck.test;
  expect(how).toBe("CMD");
  return (await inside(service, ...command)).exitCode === 0;
}

async function allHealthy(): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (const service of ["dns", ...members]) {
    while (!(await isHealthy(service))) {
      if (Date.now() > deadline) throw new Error(await logs());
      await sleep(500);
    }
  }
}

async function logs(): Promise<string> {
  const all = await Promise.all(
    members.map(async (one) => attempt(["logs", await containerOf(one)])),
  );
  return all.map(({ said }, i) => `--- galera-${i}\n${said.slice(-1500)}`).join("\n");
}

// biome-ignore lint/suspicious/noExplicitAny: rows of any statement
async function sql(member: number, statement: string): Promise<any> {
  const login = { host: "127.0.0.1", port: ports[member] ?? 0, user: "root", password };
  const connection = await createConnection({ ...login, multipleStatements: true });
  try {
    return await connection.query(statement);
  } finally {
    await connection.end();
  }
}

const words = async (member: number) =>
  (await sql(member, "SET wsrep_sync_wait = 1; SELECT word FROM shop.words ORDER BY id"))[1].map(
    ({ word }: { word: string }) => word,
  );

beforeAll(async () => {
  mkdirSync(join(own, "secrets"), { recursive: true, mode: 0o700 });
  const text = readFileSync(new URL("../../docker/compose.yaml", import.meta.url), "utf8");
  writeFileSync(file, text.replace(/^name: .*\n/m, "")); // Compose 1, which Debian 12 has, knows none
  writeFileSync(join(own, "secrets/root-password"), `${password}\n`, { mode: 0o644 });
  writeFileSync(join(own, "secrets/agent-key"), randomBytes(32).toString("base64"), {
    mode: 0o644,
  });
  for (const _ of members) ports.push(await freePort());
  await run("up", "-d", "--no-build");
});

afterAll(() => run("down", "-v"));

test("three members form a cluster, and take writes on ports of this machine alone", async () => {
  await allHealthy();
  await sql(
    0,
    "CREATE DATABASE shop; CREATE TABLE shop.words (id INT AUTO_INCREMENT PRIMARY KEY, word TEXT)",
  );
  await sql(1, "SET SESSION wsrep_sync_wait = 7; INSERT INTO shop.words (word) VALUES ('hello')");
  expect(await words(2)).toEqual(["hello"]);
  for (const member of members) {
    const published = await ask("port", await containerOf(member));
    expect(published).toMatch(/^3306\/tcp -> 127\.0\.0\.1:\d+$/);
  }
});

test("members can write to their volumes alone, have no capability and gain none", async () => {
  for (const member of members) {
    const { said } = await inside(
      member,
      "grep",
      "-E",
      "^(Uid|CapEff|NoNewPrivs)",
      "/proc/1/status",
    );
    expect(said).toMatch(/Uid:\s+999\s/);
    expect(said).toMatch(/CapEff:\s+0{16}$/m);
    expect(said).toMatch(/NoNewPrivs:\s+1$/m);
    expect((await inside(member, "touch", "/etc/mysql/new", "/usr/new")).exitCode).toBe(1);
  }
});

test("no secret is in an environment or a log", async () => {
  for (const member of members) {
    const { said } = await inside(member, "cat", "/proc/1/environ", "/proc/1/cmdline");
    expect(said).toContain("POD_NAMESPACE=galera");
    expect(said).not.toContain(password);
    const log = await attempt(["logs", await containerOf(member)]);
    expect(log.said).toContain("galera-peers: ");
    expect(log.said).not.toContain(password);
  }
});

test("killed all at once, they come back with all rows", async () => {
  await sql(2, "INSERT INTO shop.words (word) VALUES ('world')");
  await ask("kill", ...(await Promise.all(members.map(containerOf))));
  await run("start");
  await allHealthy();
  for (const [i] of members.entries()) expect(await words(i)).toEqual(["hello", "world"]);
});

test("stopped all at once, all end by themselves, and start again", async () => {
  await run("stop");
  for (const member of members) {
    const code = await ask("inspect", "-f", "{{.State.ExitCode}}", await containerOf(member));
    expect(code).toBe("0");
  }
  await run("start");
  await allHealthy();
  expect(await words(1)).toEqual(["hello", "world"]);
});
