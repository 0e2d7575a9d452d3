import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import {
  clusterUuid,
  fixtures,
  leftLast,
  member,
  podEnv,
  runCli,
  scratch,
  serverArgs,
  startCli,
  startDns,
} from "./cli.js";

/** A start of galera-0 as far as the stand-in for the server. */
async function startStandIn(more: Record<string, string> = {}) {
  const dns = await startDns([member(0)]);
  const directory = scratch();
  leftLast(directory);
  return {
    args: ["run", "--", "mariadbd", ...serverArgs(directory)],
    env: {
      ...podEnv(dns, 0),
      PATH: `${fixtures}:${process.env.PATH}`,
      GALERA_CNF: join(directory, "galera.cnf"),
      ...more,
    },
    directory,
  };
}

/** Whether standard output and error had O_NONBLOCK (04000) when the server looked. */
function nonBlocking(output: string): boolean[] {
  return [...output.matchAll(/^fd \d flags:\s*(\d+)$/gm)].map(
    ([, flags = ""]) => (Number.parseInt(flags, 8) & 0o4000) !== 0,
  );
}

test("the server is this very process, with clean signals, standard files and environment", async () => {
  const { args, env } = await startStandIn({
    MARIADB_ROOT_PASSWORD: "geheim-1",
    MYSQL_PASSWORD: "geheim-2",
    NODE_EXTRA_CA_CERTS: "/nowhere",
    GALERA_PEERS_NOFILE: "1000",
    TZ: "UTC",
  });
  const { pid, output, ended } = startCli("galera-peers", args, env);
  expect(await ended).toEqual({ code: 0, signal: null });
  const said = output().split("\n");
  expect(said).toContain(`pid ${pid}`);
  expect(said).toContain("SigBlk:\t0000000000000000");
  expect(said).toContain("SigIgn:\t0000000000000000");
  expect(said).toContain("nofile 1000");
  expect(nonBlocking(output())).toEqual([false, false]);
  const open = said.filter((line) => /^open \d$/.test(line));
  expect(open).toEqual(["open 0", "open 1", "open 2"]);
  expect(said).toContain("env TZ=UTC");
  expect(said.filter((line) => /^env (NODE_|GALERA_PEERS_|MARIADB_|MYSQL_)/.test(line))).toEqual(
    [],
  );
  expect(output()).not.toContain("geheim");
});

test("a pipe still blocks after exec", async () => {
  const { args, env } = await startStandIn();
  const command = '"$0" "$@" 2>&1 | cat';
  const words = [process.execPath, "bin/galera-peers.js", ...args];
  const { stdout } = await execa("sh", ["-c", command, ...words], { env, extendEnv: false });
  expect(nonBlocking(stdout)).toEqual([false, false]);
});

test("without a launcher's note the file limit is left alone", async () => {
  const { args, env } = await startStandIn();
  const { stdout } = await runCli("galera-peers", args, { env });
  // Node has raised it, and nobody knows what it was.
  const { stdout: hard } = await execa("sh", ["-c", "ulimit -H -n"]);
  expect(stdout).toContain(`nofile ${hard}\n`);
  expect(stdout).toContain("argv --defaults-file=");
});

test("a start that ran programs before leaves no child, no zombie and blocking pipes", async () => {
  const { args, env, directory } = await startStandIn();
  const tools = join(directory, "tools");
  mkdirSync(tools);
  // A crashed member: its position is recovered first, by the server itself.
  leftLast(directory, -1);
  writeFileSync(
    join(tools, "mariadbd"),
    `#!/bin/sh
case "$*" in *--wsrep-recover*)
  env >${directory}/recovery-env
  echo "WSREP: Recovered position: ${clusterUuid}:17" >&2; exit 0;;
esac
exec ${fixtures}/mariadbd "$@"
`,
    { mode: 0o755 },
  );
  const { stdout, exitCode } = await runCli("galera-peers", args, {
    env: { ...env, PATH: `${tools}:${env.PATH}`, MARIADB_ROOT_PASSWORD: "geheim", TZ: "UTC" },
  });
  expect(exitCode).toBe(0);
  const recovery = readFileSync(join(directory, "recovery-env"), "utf8");
  expect(recovery).toContain("TZ=UTC");
  expect(recovery).not.toContain("MARIADB_ROOT_PASSWORD");
  expect(stdout).toContain(`argv --wsrep_start_position=${clusterUuid}:17`);
  expect(stdout).not.toMatch(/^child /m);
  expect(nonBlocking(stdout)).toEqual([false, false]);
  expect(stdout).toContain("SigIgn:\t0000000000000000");
});

test("the way to exec loads nothing that it does not need", async () => {
  const { args, env, directory } = await startStandIn();
  const list = join(directory, "modules");
  const preload = fileURLToPath(new URL("../fixtures/list-modules.mjs", import.meta.url));
  const { exitCode } = await runCli("galera-peers", args, {
    env: { ...env, MODULE_LIST: list, NODE_OPTIONS: `--import ${preload}` },
  });
  expect(exitCode).toBe(0);
  const loaded = readFileSync(list, "utf8").trim().split("\n");
  const names = loaded.map((path) => basename(path)).filter((name) => !name.startsWith("chunk-"));
  expect(names).toEqual(["galera-peers.js", "start.js", "run.js"]);
  const text = loaded.map((path) => readFileSync(path, "utf8")).join("");
  expect(text).toContain("wsrep_cluster_address");
  for (const foreign of ["CommanderError", "ExecaError", "fake-dns listens"]) {
    expect(text).not.toContain(foreign);
  }
});

test("any other command runs untouched, environment and all", async () => {
  const { stdout, exitCode } = await runCli(
    "galera-peers",
    ["run", "--", "sh", "-c", 'echo "$MARIADB_ROOT_PASSWORD $0 $1"; exit 3', "zero", "--first"],
    { env: { MARIADB_ROOT_PASSWORD: "visible" } },
  );
  expect({ stdout, exitCode }).toEqual({ stdout: "visible zero --first", exitCode: 3 });
});

test("what only prints needs no settings", async () => {
  const { stdout, exitCode } = await runCli("galera-peers", ["run", "--", "--version"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("MariaDB");
});

test.each([
  ["a command that is missing", ["no-such-command"], 127, /no-such-command: command not found/],
  ["a file that is not executable", ["/etc/passwd"], 126, /\/etc\/passwd is not executable/],
  ["a directory", ["/etc"], 126, /\/etc is not a file/],
])("%s", async (_, command, code, message) => {
  const { exitCode, stderr } = await runCli("galera-peers", ["run", "--", ...command]);
  expect(exitCode).toBe(code);
  expect(stderr).toMatch(message);
  expect(stderr.split("\n")).toHaveLength(1);
});

test.each([
  ["no #! line", "echo hi\n", /neither a binary nor a script/],
  [
    "an interpreter that is not there",
    "#!/no/such/sh\necho hi\n",
    /\/no\/such\/sh cannot be executed/,
  ],
])("a script with %s ends with 126, not by a signal", async (_, text, message) => {
  const script = join(scratch(), "script");
  writeFileSync(script, text, { mode: 0o755 });
  const { exitCode, signal, stderr } = await runCli("galera-peers", ["run", "--", script]);
  expect({ exitCode, signal }).toEqual({ exitCode: 126, signal: undefined });
  expect(stderr).toMatch(message);
});

test("one clear line for a datadir that is not the user's own", async () => {
  const { args, env, directory } = await startStandIn();
  chmodSync(directory, 0o777);
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const { exitCode, stderr } = await execa(
    "setpriv",
    [...user, process.execPath, "bin/galera-peers.js", ...args],
    { env, extendEnv: false, reject: false },
  );
  expect(exitCode).toBe(78);
  expect(stderr).toMatch(/the datadir .*\/data is not writable for uid 65534: mount a volume/);
});
