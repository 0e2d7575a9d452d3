/** The commands of the README, as they stand there. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { type Setting, settings } from "../../src/setting-table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(`${root}/README.md`, "utf8");
const [dryRun = "", lab = ""] = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, block = ""]) => block,
);

/** Runs a block as a newcomer's shell does, but stops at the first command that fails. */
async function runBlock(block: string) {
  const script = `set -e; trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n${block}`;
  const path = (process.env.PATH ?? "").split(":").filter((entry) => !entry.startsWith(root));
  const { all, exitCode } = await execa("bash", ["-c", script], {
    ...{ cwd: root, all: true, reject: false, extendEnv: false },
    env: { PATH: path.join(":"), HOME: dirname(root) },
  });
  return { all, exitCode };
}

test("the dry run", async () => {
  const { all, exitCode } = await runBlock(dryRun);
  expect(all).toMatch(/^decision {3}found: galera-0: the datadir is empty/m);
  expect(all).toMatch(/^decision {3}wait: galera-0: its agent: connection refused; galera-1: /m);
  expect(exitCode).toBe(0);
}, 60_000);

test("the lab", async () => {
  const { all, exitCode } = await runBlock(`${dryRun.split("\n", 1)}\n${lab}`);
  expect(all).toContain("3 members ready");
  expect(all).toMatch(/^shop$/m);
  expect(exitCode).toBe(0);
}, 180_000);

test.each(
  (Object.values(settings) as Setting<unknown>[]).map(({ flag, env }) => [flag ?? env, flag, env]),
)("names the setting %s", (name, flag, env) => {
  const rows = readme.split("\n").filter((line) => /^\| (`--|\| `)/.test(line));
  const row = rows.find((line) => line.includes(`\`${name}\``)) ?? "";
  expect(row).toContain(flag ?? env);
  expect(row).toContain(env ?? flag);
});
