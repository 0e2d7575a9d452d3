import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabStatus, MemberStatus } from "../../src/lab/status.js";
import { runCli, until } from "./cli.js";

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

/** The command lines of all processes that name the lab's directory. */
function processes(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(dir));
}

test("up: three members, one after the other, in one cluster", async () => {
  const { exitCode, stdout, stderr } = await lab("up", ["--replicas", "3", "--timeout", "50s"]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const told = stdout
    .split("\n")
    .flatMap((line) => /galera-\d (created|ready)/.exec(line)?.[0] ?? []);
  expect(told).toEqual(names.flatMap((name) => [`${name} created`, `${name} ready`]));
  await until(
    async () => (await members()).every(({ clusterSize }) => clusterSize === 3),
    "a cluster of three",
  );
  expect((await lab("ps")).stdout).toMatch(
    /^galera-2 +Running +yes +\d+ +127\.0\.\d+\.3 +0 +Synced +3$/m,
  );
});

test("up once more: it is up already, with three members and no other number", async () => {
  const before = (await members()).map(({ pid }) => pid);
  expect((await lab("up", ["--replicas", "3"])).exitCode).toBe(0);
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
  expect((await lab("logs", ["galera-0"])).stdout).toContain("rsync SST completed on joiner");
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
  expect((await lab("up", ["--replicas", "1", "--timeout", "50s"])).exitCode).toBe(0);
  process.kill(Number(readFileSync(join(dir, "controller.pid"), "utf8")), "SIGKILL");
  await until(() => processes().length === 0, "no process of the lab");
  const { exitCode, stderr } = await lab("ps");
  expect([exitCode, stderr]).toEqual([69, expect.stringContaining("has ended")]);
  expect((await lab("up")).exitCode).toBe(78);
  expect((await lab("down")).exitCode).toBe(0);
  expect(existsSync(dir)).toBe(false);
});
