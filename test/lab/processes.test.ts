import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startInBackground } from "../../src/lab/background.js";
import { containerMark } from "../../src/lab/pod.js";
import {
  endAll,
  markInWords,
  type ProcessEntry,
  processesOf,
  readProcesses,
  signalAll,
  stopAll,
} from "../../src/lab/processes.js";
import { systemClock as clock } from "../../src/system/clock.js";

function entry(pid: number, parent: number, session: number, mark?: string, state = "S") {
  return { pid, parent, session, state, mark } satisfies ProcessEntry;
}

const agent = "/l/galera-1/agent";
const mariadb = "/l/galera-1/mariadb";
const table = [
  entry(1, 0, 1),
  entry(10, 1, 10), // the controller
  entry(20, 10, 20, agent),
  entry(21, 20, 21, agent), // a hook, in a session of its own
  entry(30, 10, 30, mariadb),
  entry(31, 30, 30), // has cleaned its environment
  entry(32, 1, 30), // and its parent has ended
  entry(33, 31, 33), // a child of that, in another session
  entry(34, 1, 34, mariadb), // a temporary server whose parent has ended
  entry(35, 30, 30, mariadb, "Z"),
  entry(40, 10, 40, "/l/galera-10/mariadb"),
  entry(50, 1, 50, "/l2/galera-1/mariadb"),
  entry(60, 1, 60), // of somebody else
];
const pids = (...places: string[]) => processesOf(places, table).map(({ pid }) => pid);

test("a container's processes: by their mark, their parent and their session", () => {
  expect(pids(agent)).toEqual([20, 21]);
  expect(pids(mariadb)).toEqual([30, 31, 32, 33, 34]);
});

test("those of a pod, of several containers, of a lab, of none", () => {
  expect(pids("/l/galera-1")).toEqual([20, 21, 30, 31, 32, 33, 34]);
  expect(pids(agent, "/l/galera-10/mariadb")).toEqual([20, 21, 40]);
  expect(pids("/l")).toEqual([20, 21, 30, 31, 32, 33, 34, 40]);
  expect(pids("/l/galera")).toEqual([]);
});

test("where the environment cannot be read, the command line tells", () => {
  const server = ["mariadbd", "--defaults-file=/l/galera-1/my.cnf", "--datadir=/l/galera-1/data"];
  expect(markInWords(server)).toBe(mariadb);
  expect(markInWords(["node", "galera-peers.js", "agent", "--", ...server])).toBe(agent);
  expect(markInWords(["tail", "-f", "/l/galera-1/log"])).toBeUndefined();
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-"));
});
afterEach(async () => {
  await endAll([dir], clock);
  rmSync(dir, { recursive: true });
});

/** A shell whose child leads a session of its own, and outlives it if told to. */
function startShell(last: "wait" | "exit 3") {
  const script = `setsid sleep 60 & sleep 61 & env -i sleep 62 & ${last}`;
  const env = { ...process.env, [containerMark]: `${dir}/galera-0/mariadb` };
  return startInBackground(["sh", "-c", script], env, join(dir, "output"));
}
const found = () => processesOf([dir], readProcesses());

test("real processes are found, stopped, and ended", async () => {
  const { ended } = startShell("wait");
  await vi.waitFor(() => expect(found()).toHaveLength(4));
  await stopAll([dir], clock);
  expect(found().map(({ state }) => state)).toEqual(["T", "T", "T", "T"]);
  signalAll([dir], "SIGCONT");
  await vi.waitFor(() => expect(found().map(({ state }) => state)).not.toContain("T"));
  await endAll([dir], clock);
  expect(await ended).toBe("SIGKILL");
  expect(found()).toEqual([]);
});

test("what stands still is ended, too, and what has lost its first process", async () => {
  const { ended } = startShell("exit 3");
  expect(await ended).toBe("exit 3");
  await vi.waitFor(() => expect(found()).toHaveLength(3));
  await stopAll([dir], clock);
  await endAll([dir], clock);
  expect(found()).toEqual([]);
});
