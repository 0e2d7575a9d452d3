import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allPids, commandLine, processStat, signalProcess } from "../../src/system/proc.js";
import { scratch } from "../agent/members.js";

test("a process is seen, whatever it is called, and no more once it has ended", async () => {
  const program = join(scratch(), "a) Z 1 2 (");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"], { detached: true });
  const { pid = 0 } = child;
  // The kernel shows the new program a moment after the start.
  await expect.poll(() => commandLine(pid)).toEqual([program, "60", ""]);
  expect(allPids()).toContain(pid);
  const known = { pid, parent: process.pid, session: pid };
  await expect.poll(() => processStat(pid)).toEqual({ ...known, state: "S" });
  signalProcess(pid, "SIGKILL");
  await once(child, "exit");
  expect(processStat(pid)).toBeUndefined();
  expect(commandLine(pid)).toEqual([""]);
  signalProcess(pid, "SIGKILL");
});

test("a signal that cannot be sent is an error", () => {
  expect(() => signalProcess(process.pid, "SIGNONE" as NodeJS.Signals)).toThrow("SIGNONE");
});
