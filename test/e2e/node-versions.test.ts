import { readFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  fixtures,
  leftLast,
  member,
  podEnv,
  runCli,
  scratch,
  serverArgs,
  startDns,
} from "./cli.js";

/** Node releases from test/runtimes; 26 is the one that runs the tests. */
function nodeOf(major: number): string {
  const directory = `../runtimes/node_modules/node-${major}-linux-${arch()}`;
  return fileURLToPath(new URL(`${directory}/bin/node`, import.meta.url));
}

test.each([
  ["22.15", nodeOf(22)],
  ["24", nodeOf(24)],
  ["26", process.execPath],
])("Node %s: peers, galera.cnf and exec", async (_, node) => {
  const dns = await startDns([member(0)]);
  const directory = scratch();
  leftLast(directory);
  const cnf = join(directory, "galera.cnf");
  const { exitCode, stdout } = await runCli(
    "galera-peers",
    ["run", "--", "mariadbd", ...serverArgs(directory)],
    { node, env: { ...podEnv(dns, 0), PATH: `${fixtures}:${process.env.PATH}`, GALERA_CNF: cnf } },
  );
  expect(exitCode).toBe(0);
  expect(stdout).toContain("SigIgn:\t0000000000000000");
  expect(readFileSync(cnf, "utf8")).toMatch(/^wsrep_cluster_address=gcomm:\/\/galera-0\./m);
});

test.each([
  ["22.15", nodeOf(22)],
  ["24", nodeOf(24)],
])("Node %s: a hook, and a command that cannot be run", async (_, node) => {
  const dns = await startDns([member(0)]);
  const found = await runCli("galera-peers", ["find", "--on-start", "cat"], {
    node,
    env: podEnv(dns, 0),
  });
  expect(found.stdout).toBe("galera-0.galera.galera.svc.cluster.local");
  const missing = await runCli("galera-peers", ["run", "--", "no-such-command"], { node });
  expect(missing.exitCode).toBe(127);
});

test.each(["galera-peers", "peer-finder", "configure-galera"] as const)(
  "%s on Node 20: one line, exit 64",
  async (program) => {
    const { exitCode, stderr } = await runCli(program, [], { node: nodeOf(20) });
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/^[a-z-]+: needs Node 22\.15 or newer, this is v20\.\d+\.\d+$/);
  },
);
