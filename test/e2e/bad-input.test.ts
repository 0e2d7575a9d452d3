import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
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

test.each([
  ["an unknown flag", ["run", "--nope"], "unknown option '--nope'"],
  ["an unknown command", ["frobnicate"], "unknown command 'frobnicate'"],
  ["a flag without its value", ["run", "--service"], "option '--service <name>' argument missing"],
  ["an argument too many", ["find", "galera"], "too many arguments for 'find'"],
])("%s: one line, exit 64", async (_, args, message) => {
  const { exitCode, stdout, stderr } = await runCli("galera-peers", args);
  expect(exitCode).toBe(64);
  expect(stdout).toBe("");
  expect(stderr).toContain(`galera-peers: ${message}`);
  expect(stderr.split("\n")).toHaveLength(1);
});

test("no command at all: the help, exit 64", async () => {
  const { exitCode, stdout, stderr } = await runCli("galera-peers", []);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toContain("Usage: galera-peers");
});

test("--help names each flag with its variable, exit 0", async () => {
  const { exitCode, stdout } = await runCli("galera-peers", ["run", "--help"]);
  expect(exitCode).toBe(0);
  expect(stdout.replace(/\s+/g, " ")).toContain("--bootstrap <safe|sole-peer|never>");
  expect(stdout).toContain("[GALERA_BOOTSTRAP]");
});

test("every setting malformed at once: all are told, exit 78", async () => {
  const env = {
    GALERA_SERVICE: "no spaces please",
    POD_NAMESPACE: "-x-",
    GALERA_CLUSTER_DOMAIN: "a..b",
    GALERA_DNS: "dns.example",
    POD_IP: "300.1.1.1",
    GALERA_ADDRESS_TYPE: "mac",
    GALERA_CLUSTER_NAME: "x".repeat(33),
    GALERA_BOOTSTRAP: "yes",
    GALERA_TIMEOUT: "soon",
    GALERA_LOG: "xml",
    GALERA_PROVIDER_OPTIONS: "a=b=c",
    GALERA_HOSTNAME: "a_b..c",
    GALERA_SST_METHOD: "Rsync!",
    GALERA_HOOK_TIMEOUT: "-1",
    MARIADB_ROOT_PASSWORD_HASH: "not a hash",
  };
  const { exitCode, stderr } = await runCli("galera-peers", ["run", "--poll", "1ms"], { env });
  expect(exitCode).toBe(78);
  const told = stderr.split("\n");
  expect(told).toHaveLength(Object.keys(env).length + 1);
  for (const name of [...Object.keys(env), "--poll"]) {
    expect(told.filter((line) => line.split(/[: ]+/)[1] === name)).toHaveLength(1);
  }
});

test("a missing service: one line that says what to set, exit 78", async () => {
  const env = { POD_NAMESPACE: "galera", GALERA_HOSTNAME: "galera-0" };
  const { exitCode, stderr } = await runCli("galera-peers", ["run"], { env });
  expect(exitCode).toBe(78);
  expect(stderr).toMatch(/^galera-peers: the headless service is not known: .*GALERA_SERVICE$/);
});

test("DNS that is not there within --timeout: exit 69 and what was awaited", async () => {
  const dns = await startDns([member(0)], { servfail: true });
  const directory = scratch();
  const env = { ...podEnv(dns, 0), GALERA_CNF: join(directory, "galera.cnf") };
  const args = ["run", "--timeout", "400ms", "--", "mariadbd", ...serverArgs(directory)];
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(69);
  expect(stderr).toMatch(/gave up after 400 ms \(--timeout\), still waiting for DNS: .*SERVFAIL/);
});

test.each([
  ["a template that is not there", undefined, 78, /template .* does not exist/],
  ["an option before any group", "a=1\n", 65, /cnf:1: /],
  ["a byte order mark", "\uFEFF[mysqld]\n", 65, /cnf:1: /],
])("%s", async (_, text, code, message) => {
  const directory = scratch();
  const template = join(directory, "template.cnf");
  if (text !== undefined) writeFileSync(template, text);
  const env = { ...podEnv(await startDns([member(0)]), 0), GALERA_CNF_TEMPLATE: template };
  const { exitCode, stderr } = await runCli("galera-peers", ["run"], {
    env: { ...env, GALERA_CNF: join(directory, "galera.cnf") },
  });
  expect(exitCode).toBe(code);
  expect(stderr).toMatch(message);
  expect(stderr.split("\n")).toHaveLength(1);
});

test("a template that never ends: exit 78, no hang", async () => {
  const env = { ...podEnv(await startDns([member(0)]), 0), GALERA_CNF: "/nowhere/galera.cnf" };
  const args = ["run", "--template", "/dev/zero"];
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(78);
  expect(stderr).toBe("galera-peers: /dev/zero is no regular file: name an option file");
});

test("a relative datadir: exit 78", async () => {
  const directory = scratch();
  const [defaults = ""] = serverArgs(directory);
  const env = { ...podEnv(await startDns([member(0)]), 0), GALERA_CNF: `${directory}/galera.cnf` };
  const args = ["run", "--", "mariadbd", defaults, "--datadir=data"];
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(78);
  expect(stderr).toContain("the datadir data has to be an absolute path");
});

test.each([
  ["state", /the state directory state has to be an absolute path/],
  ["/proc/nope", /the state directory \/proc\/nope is not writable for uid \d+: mount a volume/],
  ["/nowhere/state", /the state directory \/nowhere\/state is not writable .*ENOENT/],
])("--state-dir %s: exit 78", async (stateDir, message) => {
  const directory = scratch();
  const env = { ...podEnv(await startDns([member(0)]), 0), GALERA_CNF: `${directory}/galera.cnf` };
  const args = ["run", "--state-dir", stateDir, "--", "mariadbd", ...serverArgs(directory)];
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(78);
  expect(stderr).toMatch(message);
});

test("output that is lost is no success", async () => {
  const dns = await startDns([member(0)]);
  const command = 'exec "$0" bin/galera-peers.js find >/dev/full';
  const { exitCode, stderr } = await execa("sh", ["-c", command, process.execPath], {
    ...{ env: { PATH: process.env.PATH, ...podEnv(dns, 0) }, extendEnv: false, reject: false },
  });
  expect(exitCode).toBe(70);
  expect(stderr).toContain("standard output cannot be written");
});

test("a grastate.dat that is garbage, and a server that knows no position: named, and it stays", async () => {
  const directory = scratch();
  const grastate = join(directory, "data", "grastate.dat");
  const garbage = "# GALERA saved state\nuuid: \x01\x02\n";
  mkdirSync(join(directory, "data", "mysql"), { recursive: true });
  writeFileSync(grastate, garbage);
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const env = {
    ...podEnv(await startDns([member(0)]), 0),
    PATH: `${fixtures}:${process.env.PATH}`,
    GALERA_CNF: join(directory, "galera.cnf"),
  };
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(70);
  expect(stderr).toMatch(/data\/grastate\.dat:2: not a uuid: .*; InnoDB has the position too/);
  expect(stderr).toContain("--wsrep-recover gave no position");
  expect(readFileSync(grastate, "utf8")).toBe(garbage);
});

test("a foreign datadir is held, not wiped: exit 75", async () => {
  const directory = scratch();
  mkdirSync(join(directory, "data", "shop"), { recursive: true });
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const dns = await startDns([member(0), member(1)]);
  const env = { ...podEnv(dns, 0), GALERA_CNF: join(directory, "galera.cnf") };
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(75);
  expect(stderr).toMatch(/held: the datadir holds data that never belonged to a cluster/);
});

test.each(["--wsrep-new-cluster", "--wsrep_cluster_address=gcomm://"])(
  "%s on the server's command line: exit 78",
  async (argument) => {
    const directory = scratch();
    const env = {
      ...podEnv(await startDns([member(0)]), 0),
      GALERA_CNF: `${directory}/galera.cnf`,
    };
    const args = ["run", "--", "mariadbd", ...serverArgs(directory), argument];
    const { exitCode, stderr } = await runCli("galera-peers", args, { env });
    expect(exitCode).toBe(78);
    expect(stderr).toContain(`${argument} on the server's command line`);
  },
);

test.each([
  ["do not include galera.cnf", ""],
  ["overrule it", "!include GALERA\n[mysqld]\nwsrep_cluster_address=gcomm://\n"],
])("option files that %s: exit 78, no server", async (_, text) => {
  const directory = scratch();
  const cnf = join(directory, "galera.cnf");
  const [defaults = "", ...args] = serverArgs(directory);
  writeFileSync(join(directory, "my.cnf"), text.replace("GALERA", cnf));
  const dns = await startDns([member(0)]);
  leftLast(directory);
  const env = { ...podEnv(dns, 0), GALERA_CNF: cnf, PATH: `${fixtures}:${process.env.PATH}` };
  const run = ["run", "--", "mariadbd", defaults, ...args];
  const { exitCode, stdout, stderr } = await runCli("galera-peers", run, { env });
  expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: "" });
  expect(stderr).toContain("the server's option files give it another wsrep_cluster_address");
});

test("a founder without a root option: exit 78 and nothing begun", async () => {
  const directory = scratch();
  const args = ["run", "--", "mariadbd", ...serverArgs(directory)];
  const env = {
    ...podEnv(await startDns([member(0)]), 0),
    PATH: `${fixtures}:${process.env.PATH}`,
    GALERA_CNF: join(directory, "galera.cnf"),
  };
  const { exitCode, stderr } = await runCli("galera-peers", args, { env });
  expect(exitCode).toBe(78);
  expect(stderr).toMatch(/set one of MARIADB_ROOT_PASSWORD, /);
});

test("a password and its file both set: exit 78, and no value in the message", async () => {
  const env = { MARIADB_ROOT_PASSWORD: "geheim", MARIADB_ROOT_PASSWORD_FILE: "/etc/hostname" };
  const { exitCode, stderr } = await runCli("galera-peers", ["run"], { env });
  expect(exitCode).toBe(78);
  expect(stderr).toContain("MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_FILE are both set");
  expect(stderr).not.toContain("geheim");
});
