import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startInBackground } from "../../src/lab/background.js";
import { logEnd } from "../../src/lab/follow.js";
import { createLabDirectory, isLabDirectory, stopLeftovers } from "../../src/lab/leftovers.js";
import { containerMark, markOf } from "../../src/lab/pod.js";
import { processesOf, readProcesses } from "../../src/lab/processes.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

test("what a lab has left runs no more", async () => {
  const lab = { name: "lab", dir };
  const env = { ...process.env, [containerMark]: markOf(lab, "galera-1", "mariadb") };
  const { ended } = startInBackground(["sleep", "60"], env, join(dir, "output"));
  const other = startInBackground(["sleep", "60"], process.env, join(dir, "output"));
  // The kernel shows an environment a moment after the start.
  await expect.poll(() => processesOf([dir], readProcesses())).toHaveLength(1);
  await stopLeftovers(lab, { clock });
  expect(await ended).toBe("SIGKILL");
  expect(commandLine(other.pid)).toContain("sleep");
  signalProcess(other.pid, "SIGKILL");
});

test("only what labs make is a lab's directory", () => {
  const lab = { name: "lab", dir };
  mkdirSync(join(dir, "galera-0")); // a volume may be called so too
  expect(isLabDirectory(lab)).toBe(false);
  writeFileSync(join(dir, "galera-peers.lab"), "");
  expect(isLabDirectory(lab)).toBe(true);
  writeFileSync(join(dir, "controller.log"), "");
  expect(isLabDirectory(lab)).toBe(true);
  writeFileSync(join(dir, "thesis.tex"), "");
  expect(isLabDirectory(lab)).toBe(false);
});

test("a lab's directory is made anew, in a directory that is there", () => {
  const lab = { name: "two", dir: join(dir, "lab"), flags: " --name two" };
  createLabDirectory(lab, 0);
  expect(isLabDirectory(lab)).toBe(true);
  const refused = (exists: string) => ({ exitCode: 78, message: expect.stringContaining(exists) });
  expect(() => createLabDirectory(lab, 0)).toThrow(
    expect.objectContaining(refused("galera-peers lab down --name two removes it")),
  );
  const nowhere = { ...lab, dir: join(dir, "no", "lab") };
  expect(() => createLabDirectory(nowhere, 0)).toThrow(
    expect.objectContaining(refused(`${nowhere.dir} cannot be created: ENOENT`)),
  );
  expect(existsSync(join(dir, "no"))).toBe(false);
});

test("the end of a log is its last lines", () => {
  const path = join(dir, "log");
  expect(logEnd(path)).toBe(`(no ${path})`);
  writeFileSync(path, Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join(""));
  const lines = Array.from({ length: 10 }, (_, index) => `line ${4990 + index}`);
  expect(logEnd(path).split("\n")).toEqual(lines);
});
