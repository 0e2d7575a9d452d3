/** A lab whose controller is killed: nothing of it goes on. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processesOf, readProcesses } from "../../src/lab/processes.js";
import type { LabStatus } from "../../src/lab/status.js";
import { runCli, until } from "./cli.js";

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "lab-"));
  chmodSync(parent, 0o755);
});
afterAll(async () => {
  await lab("first", "down");
  await lab("second", "down");
  rmSync(parent, { recursive: true });
});

const dir = (name: string) => join(parent, name);
const lab = (name: string, command: string, ...words: readonly string[]) =>
  runCli("galera-peers", ["lab", command, "--name", name, "--dir", dir(name), ...words]);
const processes = (name: string) => processesOf([dir(name)], readProcesses());
/** The link of this machine to a lab's network. */
async function linkOf(name: string): Promise<string> {
  const { stdout } = await lab(name, "ps", "--json");
  const { clients } = JSON.parse(stdout) as LabStatus;
  return `gplab${clients.split(".")[2]}`;
}
const hasLink = (link: string) =>
  execFileSync("ip", ["-o", "link"], { encoding: "utf8" }).includes(` ${link}@`);

/** Every hook leaves a process behind, in a session of its own and without its environment's help. */
const hook = ["--env", "GALERA_ON_CHANGE=setsid sleep 300 &"];

test("two labs at once: what is paused and what hooks have left goes too, the other lab stays", async () => {
  const begin = (name: string, ...words: readonly string[]) =>
    lab(name, "up", "--replicas", "1", "--network", "namespaces", "--timeout", "50s", ...words);
  const [first, second] = await Promise.all([begin("first", ...hook), begin("second")]);
  expect([first.stderr, second.stderr]).toEqual(["", ""]);
  const links = [await linkOf("first"), await linkOf("second")] as const;
  expect(links.map(hasLink)).toEqual([true, true]);
  await until(
    () => processes("first").some(({ pid }) => commandLine(pid).includes("sleep 300")),
    "the hook's process",
  );
  expect((await lab("first", "pause", "galera-0")).exitCode).toBe(0);

  process.kill(Number(readFileSync(join(dir("first"), "controller.pid"), "utf8")), "SIGKILL");
  await until(() => processes("first").length === 0, "the end of all processes", 5000);
  await until(() => !hasLink(links[0]), "the end of the network", 5000);
  expect(hasLink(links[1])).toBe(true);
  expect((await lab("first", "ps")).exitCode).toBe(69);
  expect((await lab("first", "events")).stdout).toContain("galera-0 paused");
  expect((await lab("second", "sql", "galera-0", "select 1")).exitCode).toBe(0);
  for (const name of ["first", "second"]) {
    expect((await lab(name, "down")).exitCode).toBe(0);
    expect(existsSync(dir(name))).toBe(false);
  }
  await until(() => !hasLink(links[1]), "the end of the other network", 5000);
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
