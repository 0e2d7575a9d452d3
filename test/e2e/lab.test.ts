import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabStatus, MemberStatus } from "../../src/lab/status.js";
import { processesNaming, runCli, startCli, until } from "./cli.js";

const names = ["galera-0", "galera-1", "galera-2"];
let parent: string;
let dir: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "lab-"));
  chmodSync(parent, 0o755);
  dir = join(parent, "lab");
});

afterAll(async () => {
  await lab("down");
  rmSync(parent, { recursive: true });
});

/** `galera-peers lab <command> --dir <dir> …` */
function lab(command: string, words: readonly string[] = [], input = "") {
  return runCli("galera-peers", ["lab", command, "--dir", dir, ...words], { input });
}

async function members(): Promise<readonly MemberStatus[]> {
  const { stdout } = await lab("ps", ["--json"]);
  return (JSON.parse(stdout) as LabStatus).members;
}

async function rows(name: string): Promise<string> {
  const { stdout } = await lab("sql", [
    name,
    "select word from inajob.hoge order by id",
    "--",
    "-N",
  ]);
  return stdout;
}

/** Of the lab. */
const processes = () => processesNaming(dir);

/** Without namespaces, as those have it who are not root. */
const loopback = ["--network", "loopback", "--timeout", "50s"];

test("up: three members, one after the other, in one cluster", async () => {
  const { exitCode, stdout, stderr } = await lab("up", ["--replicas", "3", ...loopback]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const told = stdout
    .split("\n")
    .flatMap((line) => /galera-\d (created|ready(?= \d))/.exec(line)?.[0] ?? []);
  expect(told).toEqual(names.flatMap((name) => [`${name} created`, `${name} ready`]));
  await until(
    async () => (await members()).every(({ clusterSize }) => clusterSize === 3),
    "a cluster of three",
  );
  const { stdout: table } = await lab("ps");
  expect(table).toMatch(/^galera-2 +Running +yes +\d+ +127\.0\.\d+\.3 +0 +Synced +3$/m);
  expect(table).toMatch(/^clients +127\.0\.\d+\.254:\d+, to .*galera-2/m);
  expect(table).toMatch(/^DNS +127\.0\.\d+\.254:5300, lag=300ms$/m);
});

test("on loopback nobody can be cut off, and why is said", async () => {
  const { exitCode, stderr } = await lab("partition", ["galera-0"]);
  expect(exitCode).toBe(78);
  expect(stderr).toContain("no member of this lab can be cut off: the lab was begun with");
  expect(await lab("partition", ["--heal"])).toMatchObject({ exitCode: 0 });
  expect((await lab("partition")).exitCode).toBe(64);
});

test("clients that connect to the endpoint reach a member that is ready", async () => {
  const { stdout } = await lab("ps", ["--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ name: "lab", dir });
  expect(JSON.parse(stdout)).not.toHaveProperty("flags");
  const [host = "", port] = (JSON.parse(stdout) as LabStatus).clients.split(":");
  const connection = await createConnection({ host, port: Number(port), user: "root" });
  const [row] = await connection.query("SELECT @@wsrep_node_name AS name");
  await connection.end();
  expect(names).toContain(row.name);
});

test("logs of each container, and events, as long as somebody looks", async () => {
  expect((await lab("logs", ["galera-1", "-c", "agent"])).stdout).toContain("my server is synced");
  const { stdout } = await lab("events");
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} +0\.0 s {2}lab begun: 3 replicas, OrderedReady$/m);
  expect(stdout).toMatch(/ galera-2 agent started\n(.*\n)*?.* galera-2 mariadb started$/m);
  const events = startCli("galera-peers", ["lab", "events", "--dir", dir, "-f", "--json"], {});
  await until(() => events.output().includes('"begun"'), "the events so far");
  const watch = startCli("galera-peers", ["lab", "ps", "--dir", dir, "-w"], {});
  await until(() => watch.output().split("MEMBER").length > 2, "a second look");
  watch.child.kill("SIGTERM");
  expect((await watch.ended).code).toBe(143);
  expect((await lab("dns", ["lag=2s", "stale"])).stdout).toBe("DNS: lag=2000ms stale");
  await until(() => events.output().includes("lag=2000ms stale"), "the event of that moment");
  expect((await lab("dns", ["none"])).stdout).toBe("DNS: lag=300ms");
  events.child.kill("SIGTERM");
  expect((await events.ended).code).toBe(143);
});

test("up once more: it is up already, with three members and no other number", async () => {
  const before = (await members()).map(({ pid }) => pid);
  expect((await lab("up", ["--replicas", "3", ...loopback])).exitCode).toBe(0);
  expect((await members()).map(({ pid }) => pid)).toEqual(before);
  const other = await lab("up", ["--replicas", "2"]);
  expect([other.exitCode, other.stderr]).toEqual([
    78,
    expect.stringContaining("up with 3 replicas"),
  ]);
});

test("sql: rows written on one member are on all; the client's exit code is passed on", async () => {
  const script = `CREATE DATABASE inajob; CREATE TABLE inajob.hoge (id INT PRIMARY KEY, word TEXT);
    INSERT INTO inajob.hoge VALUES (1, 'hello'), (2, 'world');`;
  expect(await lab("sql", ["galera-1"], script)).toMatchObject({ exitCode: 0, stdout: "" });
  for (const name of names) {
    await until(async () => (await rows(name)) === "hello\nworld", `the rows on ${name}`);
  }
  const wrong = await lab("sql", ["galera-0", "select nope"]);
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining("ERROR 1054")]);
  expect((await lab("sql", ["galera-7", "select 1"])).exitCode).toBe(64);
  expect((await lab("kill", ["galera-0", "galera-7"])).exitCode).toBe(64);
});

test("kill: the member is started again on its disk and catches up", async () => {
  const before = (await members())[1];
  const { exitCode, stdout } = await lab("kill", ["galera-1", "--wait", "--timeout", "50s"]);
  expect(stdout).toContain(`galera-1 (pid ${before?.pid}): SIGKILL sent`);
  expect(exitCode).toBe(0);
  const after = (await members())[1];
  expect(after).toMatchObject({ ready: true, restarts: 1, incarnation: before?.incarnation });
  expect(after?.pid).not.toBe(before?.pid);
  expect(await rows("galera-1")).toBe("hello\nworld");
  const { stdout: log } = await lab("logs", ["galera-1"]);
  expect(log).toContain("recovered position");
});

test("delete with its disk: the member comes back by SST with the same rows", async () => {
  const { exitCode } = await lab("delete", ["galera-0", "--disk", "--wait", "--timeout", "50s"]);
  expect(exitCode).toBe(0);
  const [after, ...others] = await members();
  expect(after).toMatchObject({ ready: true, restarts: 0, wsrepState: "Synced" });
  expect(after?.incarnation).toBeGreaterThan(Math.max(...others.map((one) => one.incarnation)));
  expect(await rows("galera-0")).toBe("hello\nworld");
  const { stdout: log } = await lab("logs", ["galera-0"]);
  expect(log).toContain("the server may be ended: "); // the preStop hook's
  expect(log).toContain("rsync SST completed on joiner");
});

test("down: the highest ordinal first; no process and no directory is left", async () => {
  const { exitCode, stdout } = await lab("down");
  expect(exitCode).toBe(0);
  const stopped = stdout
    .split("\n")
    .flatMap((line) => /galera-\d(?= stopped)/.exec(line)?.[0] ?? []);
  expect(stopped).toEqual(names.toReversed());
  expect(existsSync(dir)).toBe(false);
  expect(processes()).toEqual([]);
  expect(await lab("down")).toMatchObject({ exitCode: 0, stdout: `no lab in ${dir}` });
});

test("a controller that dies takes its members with it, and down clears up", async () => {
  expect((await lab("up", ["--replicas", "1", ...loopback])).exitCode).toBe(0);
  process.kill(Number(readFileSync(join(dir, "controller.pid"), "utf8")), "SIGKILL");
  await until(() => processes().length === 0, "no process of the lab", 5000);
  const { exitCode, stderr } = await lab("ps");
  expect([exitCode, stderr]).toEqual([69, expect.stringContaining("has ended")]);
  expect((await lab("up")).exitCode).toBe(78);
  expect((await lab("down")).exitCode).toBe(0);
  expect(existsSync(dir)).toBe(false);
});
