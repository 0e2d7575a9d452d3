import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { member, podEnv, runCli, scratch, startCli, startDns, until } from "./cli.js";

/** The galera.cnf of the image that configure-galera.sh came with, in its form. */
const oldCnf = `[galera]
user = mysql
bind-address = 0.0.0.0

# set by configure-galera.sh
wsrep_on=ON
wsrep_provider=/usr/lib64/galera/libgalera_smm.so
wsrep_sst_method=rsync
wsrep_cluster_address=gcomm://
wsrep_cluster_name=galera
wsrep_node_address=
default_storage_engine=InnoDB
binlog_format=ROW
`;

const bin = fileURLToPath(new URL("../../bin", import.meta.url));

test("the old entrypoint's call works with nothing changed", async () => {
  const directory = scratch();
  const cnf = join(directory, "galera.cnf");
  writeFileSync(cnf, oldCnf);
  const members = [0, 1, 10].map((ordinal) => member(ordinal));
  const { GALERA_SERVICE: service = "", ...env } = podEnv(await startDns(members), 1);
  const hook = `${process.execPath} ${bin}/configure-galera.js`;
  const { exitCode, stdout } = await runCli(
    "peer-finder",
    [`-on-start=${hook}`, `-service=${service}`],
    { env: { ...env, GALERA_CNF: cnf } },
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
  const fqdn = (ordinal: number) => `galera-${ordinal}.galera.galera.svc.cluster.local`;
  expect(readFileSync(cnf, "utf8")).toBe(
    oldCnf
      .replace("gcomm://", `gcomm://${fqdn(0)},${fqdn(1)},${fqdn(10)}`)
      .replace("wsrep_node_address=", `wsrep_node_address=${fqdn(1)}\nwsrep_node_name=galera-1`),
  );
});

test("a sole peer gets gcomm://, as before", async () => {
  const cnf = join(scratch(), "galera.cnf");
  writeFileSync(cnf, oldCnf);
  const { exitCode } = await runCli("configure-galera", [], {
    input: "galera-0.galera.db.svc.cluster.local\n",
    env: { GALERA_CNF: cnf, GALERA_HOSTNAME: "galera-0" },
  });
  expect(exitCode).toBe(0);
  expect(readFileSync(cnf, "utf8")).toMatch(/^wsrep_cluster_address=gcomm:\/\/$/m);
});

test("galera-peers configure never writes an empty gcomm://", async () => {
  const cnf = join(scratch(), "galera.cnf");
  writeFileSync(cnf, oldCnf);
  const { exitCode } = await runCli("galera-peers", ["configure"], {
    input: "galera-0.galera.db.svc.cluster.local\n",
    env: { GALERA_CNF: cnf, GALERA_HOSTNAME: "galera-0" },
  });
  expect(exitCode).toBe(0);
  expect(readFileSync(cnf, "utf8")).toMatch(/^wsrep_cluster_address=gcomm:\/\/galera-0\.galera\./m);
});

test.each([
  [
    "shell characters",
    "galera-0.a.b\n$(touch pwned).a.b\n",
    /^configure-galera: standard input:2: /,
  ],
  ["a NUL", "galera-0.a.b\ngalera-1\0.a.b\n", /standard input:2: /],
  ["quotes", '"galera-0".a.b\n', /standard input:1: /],
  ["nobody", "\n\n", /standard input: no peers/],
  ["others only", "galera-10.a.b\n", /standard input: galera-0 is not among its 1 peers/],
])("peers with %s on standard input: exit 65, the file untouched", async (_, input, message) => {
  const cnf = join(scratch(), "galera.cnf");
  writeFileSync(cnf, oldCnf);
  const env = { GALERA_CNF: cnf, GALERA_HOSTNAME: "galera-0" };
  const { exitCode, stderr } = await runCli("configure-galera", [], { input, env });
  expect(exitCode).toBe(65);
  expect(stderr).toMatch(message);
  expect(readFileSync(cnf, "utf8")).toBe(oldCnf);
});

test("on-start, then on-change for each later change", async () => {
  const dns = await startDns([member(0)]);
  const { GALERA_SERVICE: _, ...env } = podEnv(dns, 0);
  const hook = (name: string) => `echo "[${name}] $(tr '\\n' ' ')"`;
  const args = ["--on-start", hook("start"), "-on-change", hook("change"), "-service", "galera"];
  const finder = startCli("peer-finder", args, env);
  await until(() => finder.output().includes("[start] galera-0.galera"), "on-start");
  dns.setMembers([member(0), member(1)]);
  await until(() => /\[change\] galera-0\S+ galera-1\./.test(finder.output()), "on-change");
  expect(finder.output().match(/\[start\] galera/g)).toHaveLength(1);
});

test("a hook that fails ends the process with the hook's code", async () => {
  const { GALERA_SERVICE: _, ...env } = podEnv(await startDns([member(0)]), 0);
  const args = ["-on-start=exit 7", "-service=galera"];
  const { exitCode, stderr } = await runCli("peer-finder", args, { env });
  expect(exitCode).toBe(7);
  expect(stderr).toContain("the on-start hook failed (7)");
});

test("peer-finder without a namespace ends as the Go program", async () => {
  const { exitCode, stderr } = await runCli("peer-finder", ["-on-start=cat", "-service=galera"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Incomplete args, require/);
});

test.each([
  ["no arguments", [], 1, "Incomplete args, require -on-change and/or -on-start, -service and -ns"],
  ["no hook", ["-service=galera"], 1, "Incomplete args"],
  ["an unknown flag", ["-nope"], 2, "flag provided but not defined: -nope"],
  ["a flag without its value", ["-on-start"], 2, "flag needs an argument: -on-start"],
  ["-h", ["-h"], 0, "Usage of peer-finder:"],
])("peer-finder with %s ends as the Go program", async (_, args, code, message) => {
  const { exitCode, stderr } = await runCli("peer-finder", args, { env: { POD_NAMESPACE: "db" } });
  expect(exitCode).toBe(code);
  expect(stderr).toContain(message);
});
