import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processesNaming, runCli, startCli, until } from "./cli.js";

let parent: string;
let dir: string;

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "experiment-"));
  chmodSync(parent, 0o755);
  dir = join(parent, "lab");
});

afterAll(() => rmSync(parent, { recursive: true }));

/** Of the lab. */
const processes = () => processesNaming(dir);

test("both rows outlive a deletion and an outage; a signal in the old way's lab leaves nothing", async () => {
  const words = ["lab", "experiment", "data-survives", "--dir", dir, "--network", "loopback"];
  const { child, ended, output } = startCli("galera-peers", words, {});
  await until(() => output().includes("the old way: "), "the old way's begin", 100_000);
  const told = output();
  const written = /two rows are written: (\d+ hello, \d+ world) on each$/m.exec(told)?.[1];
  expect(written).toBeDefined();
  const [, deletion, outage] = told.split(/^.* (?:galera-0 is deleted|the power fails for all)$/m);
  expect(deletion).toContain(`rows: ${written} on each`);
  expect(outage).toContain(`rows: ${written} on each`);
  await until(() => processes().length > 1, "a process of the second lab");
  child.kill("SIGTERM");
  expect((await ended).code).toBe(143);
  expect(processes()).toEqual([]);
  expect(existsSync(dir)).toBe(false);
});

test("a report that cannot be written is told before anything is started", async () => {
  const report = join(parent, "nowhere", "report.html");
  const words = ["lab", "experiment", "availability", "--dir", dir, "--report", report];
  const { exitCode, stderr } = await runCli("galera-peers", words);
  expect([exitCode, stderr]).toEqual([78, expect.stringContaining(`--report: ${report}`)]);
  expect(existsSync(dir)).toBe(false);
});
