import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startInBackground } from "../../src/lab/background.js";
import { endSession } from "../../src/lab/container.js";
import { logEnd } from "../../src/lab/follow.js";
import { isLabDirectory, stopLeftovers } from "../../src/lab/leftovers.js";
import { podPaths } from "../../src/lab/pod.js";
import { sessionProcesses, signalProcess } from "../../src/lab/sessions.js";
import { systemClock as clock } from "../../src/system/clock.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** A shell with a child, which names the directory on its command line. */
function startShell(directory: string) {
  const argv = ["sh", "-c", 'sleep 60 & wait "$!"', `${directory}/x`];
  return startInBackground(argv, process.env, join(dir, "output"));
}

const processes = (pid: number, directory = dir) => sessionProcesses(pid, directory);

test("a session is all that its leader has started, and ends with it", async () => {
  const { pid, ended } = startShell(dir);
  await vi.waitFor(() => expect(processes(pid)).toHaveLength(2));
  expect(processes(pid)).toContain(pid);
  await endSession(pid, dir, clock);
  expect(await ended).toBe("SIGKILL");
  expect(processes(pid)).toEqual([]);
});

test("what outlives the leader still belongs to it, if it names the directory", async () => {
  const argv = ["sh", "-c", `sh -c 'sleep 60; :' ${dir}/child & exit 3`];
  const { pid, ended } = startInBackground(argv, process.env, join(dir, "output"));
  expect(await ended).toBe("exit 3");
  await vi.waitFor(() => expect(processes(pid)).toHaveLength(2));
  await endSession(pid, dir, clock);
  expect(processes(pid)).toEqual([]);
});

test("a session that does not name the directory is somebody else's", async () => {
  const { pid, ended } = startShell("/elsewhere");
  expect(processes(pid)).toEqual([]);
  expect(processes(pid, `${dir}/galera-1`)).toEqual([]);
  for (const other of processes(pid, "/elsewhere")) signalProcess(other, "SIGKILL");
  await ended;
});

test("members without a controller are stopped by what is recorded of them", async () => {
  const lab = { name: "lab", dir };
  const paths = podPaths(lab, "galera-1");
  mkdirSync(paths.dir);
  mkdirSync(podPaths(lab, "galera-0").dir);
  const { pid, ended } = startShell(paths.dir);
  writeFileSync(paths.pid, `${pid}\n`);
  const lines: string[] = [];
  await stopLeftovers(lab, { clock, print: (line) => lines.push(line) });
  expect(await ended).toBe("SIGTERM");
  expect(lines).toEqual(["galera-1 stopped (it had no controller any more)"]);
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

test("the end of a log is its last lines", () => {
  const path = join(dir, "log");
  expect(logEnd(path)).toBe(`(no ${path})`);
  writeFileSync(path, Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join(""));
  const lines = Array.from({ length: 10 }, (_, index) => `line ${4990 + index}`);
  expect(logEnd(path).split("\n")).toEqual(lines);
});
