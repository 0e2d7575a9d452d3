/**
 * The time from an empty datadir to a founder that takes connections over TCP with root's password and
 * a database: `galera-peers run -- mariadbd`, beside a sidecar as deploy/base has it, against the old way,
 * in turn with it and with the same option files: mariadb-install-db, a temporary server, SQL through a client, shutdown, start. The
 * official script looks once a second whether its temporary server is up; a variant of it that looks
 * every 0.1 s is shown besides. Each without time zones and with them. Prints medians and their ratios;
 * ends with 1 where the one against the official way is over its bound.
 *
 * It needs what the lab needs: mariadb-server, galera-4.
 */
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createConnection } from "mariadb";
import { accepts } from "../src/agent/http/port.js";
import { startInBackground } from "../src/lab/background.js";
import { startFakeDns } from "../src/lab/fake-dns/server.js";
import { myCnf, podPaths, podProcess } from "../src/lab/pod.js";
import { systemClock as clock } from "../src/system/clock.js";
import { signalProcess } from "../src/system/proc.js";
import { endSession } from "../test/e2e/sessions.js";
import { kept, median, seconds } from "./figures.js";

const rounds = 5;
const bound = 0.6;
const lateMs = 60_000;
const block = 86;
const address = `127.0.${block}.1`;
const password = "a password for the bench";
const zones = [
  { name: "without time zones", has: false },
  { name: "with time zones", has: true },
] as const;
const pollsS = [1, 0.1];

const dir = mkdtempSync(join(tmpdir(), "galera-peers-bench-"));
const lab = { name: "bench", dir };
const paths = podPaths(lab, "galera-0");
const owner = process.getuid?.() === 0 ? statSync("/var/lib/mysql") : statSync(dir);
for (const path of [dir, paths.dir, paths.run]) {
  mkdirSync(path, { recursive: true });
  chownSync(path, owner.uid, owner.gid);
}
writeFileSync(paths.myCnf, myCnf(paths));
const dns = await startFakeDns({
  ...{ clock, log: () => {}, service: { namespace: lab.name } },
  members: [{ name: "galera-0", addresses: [address] }],
});
const template = { lab, block, dns: `${dns.host}:${dns.port}`, args: [], env: process.env };
const { args, env: podEnv } = podProcess(template, 0);
const { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: _, ...env } = podEnv;
const [, , , ...serverArgs] = args;

/** The old way, in a shell; $1 is the pause between two looks, $2 whether there are time zones. */
const oldWay = `set -e
poll=$1 zones=$2
shift 2
alone="--wsrep-on=OFF --skip-networking"
tables="--rpm --cross-bootstrap --skip-test-db --auth-root-authentication-method=normal"
mariadb-install-db "$@" $alone $tables >/dev/null
mariadbd "$@" $alone --loose-innodb-buffer-pool-load-at-startup=0 &
server=$!
client() { mariadb --no-defaults --socket="$SOCKET" -uroot "$@"; }
until client -e 'SELECT 1' >/dev/null 2>&1; do sleep "$poll"; done
if [ "$zones" = yes ]; then
  mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | client mysql
fi
client <<SQL
DROP USER IF EXISTS root@'127.0.0.1', root@'::1';
CREATE USER root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
SET PASSWORD FOR root@localhost = PASSWORD('$PASSWORD');
CREATE DATABASE shop;
SQL
kill "$server"
wait "$server"
exec mariadbd "$@" --wsrep-new-cluster`;

function oldArgv(pollS: number, hasZones: boolean): readonly string[] {
  const user = process.getuid?.() === 0 ? ["--user=mysql"] : [];
  const [defaults = "", ...rest] = serverArgs;
  const shell = ["bash", "-c", oldWay, "bash", String(pollS), hasZones ? "yes" : "no"];
  return [...shell, defaults, ...user, ...rest];
}

function ourArgv(): readonly string[] {
  return [process.execPath, resolve("bin/galera-peers.js"), ...args];
}

/** Whether the server takes writes from a client over TCP. */
async function answers(): Promise<boolean> {
  try {
    const connection = await createConnection({
      ...{ host: address, user: "root", password, database: "shop", connectTimeout: 1000 },
    });
    connection.on("error", () => {});
    const [row] = await connection.query("SHOW STATUS LIKE 'wsrep_ready'");
    connection.destroy();
    return row.Value === "ON";
  } catch {
    return false;
  }
}

function emptyDatadir(): void {
  rmSync(paths.datadir, { recursive: true, force: true });
  mkdirSync(paths.datadir);
  chownSync(paths.datadir, owner.uid, owner.gid);
}

/** Beside an agent that is up, as native sidecars are. */
async function besideAgent<T>(act: () => Promise<T>): Promise<T> {
  const [, ...command] = ourArgv();
  const argv = [process.execPath, ...command.map((arg) => (arg === "run" ? "agent" : arg))];
  const { pid, ended } = startInBackground(argv, env, join(dir, "agent.log"));
  try {
    while (!(await accepts(address, 4569, AbortSignal.timeout(1000)))) await clock.sleep(10);
    return await act();
  } finally {
    signalProcess(pid, "SIGTERM");
    await ended;
    await endSession(pid, paths.dir, clock);
  }
}

/** The time in ms from a start on an empty datadir to the first answer; then the server is ended. */
async function measure(
  argv: readonly string[],
  extra: Readonly<Record<string, string>>,
): Promise<number> {
  const startedMs = clock.now();
  const { pid, ended } = startInBackground(argv, { ...env, ...extra }, paths.log);
  let how: string | undefined;
  void ended.then((end) => {
    how = end;
  });
  try {
    while (!(await answers())) {
      const late = clock.now() - startedMs > lateMs ? "no answer" : undefined;
      const failure = how ?? late;
      if (failure !== undefined) throw new Error(`${argv[0]}: ${failure}; see ${paths.log}`);
      await clock.sleep(10);
    }
    return clock.now() - startedMs;
  } finally {
    signalProcess(pid, "SIGTERM");
    await ended;
    await endSession(pid, paths.dir, clock);
  }
}

interface Round {
  readonly ours: number;
  /** By the pause between two looks. */
  readonly old: readonly number[];
}

async function round(hasZones: boolean): Promise<Round> {
  const skip: Record<string, string> = hasZones ? {} : { MARIADB_INITDB_SKIP_TZINFO: "1" };
  const wanted = { MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "shop", ...skip };
  emptyDatadir();
  const ours = await besideAgent(() => measure(ourArgv(), wanted));
  const old: number[] = [];
  for (const pollS of pollsS) {
    emptyDatadir();
    const shell = { SOCKET: paths.socket, PASSWORD: password };
    old.push(await measure(oldArgv(pollS, hasZones), shell));
  }
  return { ours, old };
}

let held = true;
let failed = true;
try {
  await round(false); // galera.cnf is written, and everything read once
  for (const { name, has } of zones) {
    const results: Round[] = [];
    while (results.length < rounds) results.push(await round(has));
    const row = (what: string, values: readonly number[]) =>
      console.log(
        `${what.padEnd(40)}${seconds(median(values))}  ${values.map((ms) => seconds(ms, 6)).join("")}`,
      );
    const ours = results.map((one) => one.ours);
    const old = pollsS.map((_, at) => results.map((one) => one.old[at] ?? Number.NaN));
    console.log(`\n${name.padEnd(40)}median s   each of ${rounds}, in turn`);
    row("galera-peers run", ours);
    pollsS.forEach((pollS, at) => {
      row(`the old way, looking every ${pollS} s`, old[at] ?? []);
    });
    const ratio = (at: number) => median(ours) / median(old[at] ?? []);
    held = kept("ours to the official way's, medians", ratio(0), bound) && held;
    console.log(`ours to the one that looks every ${pollsS[1]} s: ${ratio(1).toFixed(2)}`);
  }
  failed = false;
} finally {
  await dns.close();
  if (!failed) rmSync(dir, { recursive: true, force: true });
}
process.exitCode = held ? 0 : 1;
