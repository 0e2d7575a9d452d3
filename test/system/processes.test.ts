import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type ProcessOptions, runProcess } from "../../src/system/processes.js";
import { living } from "./process-group.js";

const directory = mkdtempSync(join(tmpdir(), "processes-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const keep: ProcessOptions = { input: "", output: "keep", signal: new AbortController().signal };

function sh(script: string, options: Partial<ProcessOptions> = {}) {
  return runProcess("/bin/sh", ["-c", script], { ...keep, ...options });
}

test("output of both streams is kept, and the code", async () => {
  const end = await sh("echo out; echo err >&2; exit 3");
  expect(end.exitCode).toBe(3);
  expect(end.output.split("\n").toSorted()).toEqual(["", "err", "out"]);
});

test("the input arrives, and its end", async () => {
  expect(await sh("cat", { input: "galera-0\ngalera-1\n" })).toEqual({
    exitCode: 0,
    output: "galera-0\ngalera-1\n",
  });
});

test("the input can be a regular file, which has no name", async () => {
  const script = "test -f /dev/stdin && cat /dev/stdin && readlink /proc/self/fd/0";
  const { output, exitCode } = await sh(script, { input: "secret\n", inputIsFile: true });
  expect(exitCode).toBe(0);
  expect(output).toMatch(/^secret\n\/dev\/shm\/galera-peers-\w+ \(deleted\)\n$/);
});

test("of much output the last 64 KiB are kept, in whole letters", async () => {
  const { output } = await sh("yes ü | head -c 3000000; echo the end");
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(65_540);
  expect(output.endsWith("ü\nthe end\n")).toBe(true);
});

test("variables are added, replaced and removed", async () => {
  process.env.GALERA_PEERS_TEST = "inherited";
  const { output } = await sh('echo "$A $GALERA_PEERS_TEST $HOME"', {
    env: { A: "added", GALERA_PEERS_TEST: "replaced", HOME: undefined },
  });
  delete process.env.GALERA_PEERS_TEST;
  expect(output).toBe("added replaced \n");
});

test.runIf(process.getuid?.() === 0)("root runs it as another, in no further group", async () => {
  const { output } = await sh("id -u; id -G", { account: { uid: 4321, gid: 1234 } });
  expect(output).toBe("4321\n1234\n");
});

describe("codes", () => {
  test.each([
    ["exit 0", 0],
    ["exit 255", 255],
    ["kill -KILL $$", 137],
    ["kill -TERM $$", 143],
    ["kill -HUP $$", 129],
  ])("%s", async (script, exitCode) => {
    expect(await sh(script)).toEqual({ exitCode, output: "" });
  });
});

describe("what cannot be started", () => {
  const plain = join(directory, "plain");
  writeFileSync(plain, "no program", { mode: 0o644 });

  test.each([
    ["a command that is nowhere", "no-such-command", 127, "no-such-command: command not found"],
    ["a path that is not there", "/no/such/command", 127, "/no/such/command: command not found"],
    ["a file that is no program", plain, 126, `${plain}: cannot be started (EACCES)`],
    ["a directory", directory, 126, `${directory}: cannot be started (EACCES)`],
  ])("%s", async (_, file, exitCode, message) => {
    await expect(runProcess(file, [], keep)).rejects.toMatchObject({ exitCode, message });
  });
});

describe("a signal", () => {
  test("ends a process and what it started, and the code tells of it", async () => {
    const note = join(directory, "group");
    const stop = new AbortController();
    const end = sh(`sleep 60 & sleep 60 & echo $$ > ${note}; wait`, { signal: stop.signal });
    await expect.poll(() => existsSync(note) && readFileSync(note, "utf8")).toMatch(/\d+\n/);
    const group = Number(readFileSync(note, "utf8"));
    expect(living(group)).toHaveLength(3);
    stop.abort();
    expect(await end).toMatchObject({ exitCode: 143 });
    expect(living(group)).toEqual([]);
  });

  test("leaves one who ignores it 400 ms", async () => {
    const note = join(directory, "stubborn");
    const stop = new AbortController();
    const script = `trap '' TERM; echo $$ > ${note}; while :; do sleep 0.05; done`;
    const end = sh(script, { signal: stop.signal });
    await expect.poll(() => existsSync(note) && readFileSync(note, "utf8")).toMatch(/\d+\n/);
    const aborted = performance.now();
    stop.abort();
    expect(await end).toMatchObject({ exitCode: 137 });
    expect(performance.now() - aborted).toBeGreaterThan(350);
    expect(performance.now() - aborted).toBeLessThan(1000);
  });

  test("that only asks leaves the time that it takes", async () => {
    const note = join(directory, "asked");
    const quit = new AbortController();
    const script = `trap 'sleep 0.6; exit 5' TERM; echo $$ > ${note}; while :; do sleep 0.05; done`;
    const end = sh(script, { quit: quit.signal });
    await expect.poll(() => existsSync(note) && readFileSync(note, "utf8")).toMatch(/\d+\n/);
    quit.abort();
    expect(await end).toMatchObject({ exitCode: 5 });
  });

  test("that asked before is heard", async () => {
    expect(await sh("sleep 60", { quit: AbortSignal.abort() })).toMatchObject({ exitCode: 143 });
  });

  test("that has come before starts nothing", async () => {
    const reason = new Error("ended by SIGTERM");
    const touched = join(directory, "touched");
    const end = sh(`touch ${touched}`, { signal: AbortSignal.abort(reason) });
    await expect(end).rejects.toBe(reason);
    expect(existsSync(touched)).toBe(false);
  });
});
