/*
 * MARIADB_AUTO_UPGRADE: after an image with a newer server has come, `mariadb-upgrade` brings the
 * system tables up to it, before the server starts.
 *
 * In a cluster each member does this for itself, at its own start, by a server that does not replicate.
 * In a rolling upgrade the others still run the older server, which must not get the newer one's system
 * tables; and the member is still at its position afterwards, so that it takes what it has missed by
 * IST. (InnoDB's position moves with write-sets alone; grastate.dat is the provider's, which is not
 * loaded.) A position that a crash hides is recovered before: what the crash left prepared is decided by
 * a server with the real options.
 */
import { closeSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Evidence } from "../../bootstrap/evidence.js";
import { exitCode, Failure } from "../../system/failure.js";
import { replaceFile } from "../../system/files.js";
import type { Log } from "../../system/log.js";
import type { Purpose } from "../repair.js";
import { openNew } from "./new-file.js";
import {
  type ServerPlace,
  type TemporaryServerPorts,
  withTemporaryServer,
} from "./temporary-server.js";
import { ownerOf, runTool, type Task } from "./tool.js";

export interface UpgradePlace extends ServerPlace {
  /** Root starts the server, which gives root up. */
  readonly byRoot: boolean;
}

export interface UpgradePorts extends TemporaryServerPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** What mariadb-upgrade, and mariadb-install-db, leave in the datadir; the second until 10.11. */
const upgradeInfo = ["mariadb_upgrade_info", "mysql_upgrade_info"];

/** Whether the server begins with the databases that are there, and not with a donor's. */
export function beginsWithOwnData(evidence: Evidence, purpose: Purpose): boolean {
  switch (evidence.kind) {
    case "position":
      return (
        purpose === "found" || (purpose === "join" && evidence.certain && evidence.seqno >= 0n)
      );
    case "unclustered":
    case "unrecovered":
      return purpose === "found";
    case "empty":
    case "initialised":
    case "interrupted":
      return false;
    default:
      return evidence satisfies never;
  }
}

/**
 * Upgrades the system tables of a datadir with data, if MARIADB_AUTO_UPGRADE says so and the server is of
 * a newer series than they are. Which series they are of can be unknown, since an SST by mariadb-backup
 * does not copy it: that is old too. Without the variable no server is asked for its version: it names
 * what is wrong with its tables itself.
 *
 * @throws Failure 70 where a step of it fails
 */
export async function upgradeIfOlder(place: UpgradePlace, ports: UpgradePorts): Promise<void> {
  const { datadir, server } = place;
  const { env, log, clock, signal } = ports;
  const isWanted = !["", "0"].includes(env.MARIADB_AUTO_UPGRADE ?? "");
  if (!isWanted) return;
  const from = tablesVersion(datadir);
  const to = await serverVersion(server, ports);
  if (from !== undefined && !isOlder(from, to)) return;
  const what = `the system tables in ${datadir} are of ${from ?? "an unknown version"}, the server is ${to}`;
  log("info", `${what}: upgrading them`);
  const startedMs = clock.now();
  // By the official image's name; where an upgrade has not succeeded yet, by another one.
  const backup = join(datadir, `system_mysql_backup_${from ?? "unknown_version"}.sql.zst`);
  const unfinished = `${backup}.unfinished`;
  await withTemporaryServer(place, ["--skip-grant-tables"], ports, async (socket, going) => {
    const inside = { ...ports, signal: going };
    if (env.MARIADB_DISABLE_UPGRADE_BACKUP !== "1") await backUp(place, unfinished, socket, inside);
    const args = [...client(socket), "--upgrade-system-tables"];
    await runTool("mariadb-upgrade", args, taskIn(datadir, place.byRoot), inside);
    if (!existsSync(unfinished)) return;
    renameSync(unfinished, backup);
    log("info", `the system tables as they were are in ${backup}`);
  });
  signal.throwIfAborted();
  log("info", `upgraded in ${Math.round(clock.now() - startedMs)} ms`);
}

/** As `10.6.18-MariaDB`; undefined where nothing says it. */
function tablesVersion(datadir: string): string | undefined {
  const path = upgradeInfo.map((name) => join(datadir, name)).find((one) => existsSync(one));
  const text = path === undefined ? "" : readFileSync(path, "latin1").trim();
  return /^\d+\.\d+[\w.+~-]*$/.test(text) ? text : undefined;
}

async function serverVersion(
  server: string,
  { runProcess, signal }: UpgradePorts,
): Promise<string> {
  const args = ["--no-defaults", "--version"];
  const end = await runProcess(server, args, { input: "", output: "keep", signal });
  signal.throwIfAborted();
  const [, version] = /\bVer (\d+\.\d+[\w.+~-]*)/.exec(end.output) ?? [];
  if (version !== undefined) return version;
  const said = `(${end.exitCode}): ${end.output.trim()}`;
  throw new Failure(exitCode.software, `${server} --version names no version ${said}`);
}

/** Of an older series, `10.6` before `10.11`: within one the system tables stay as they are. */
function isOlder(from: string, to: string): boolean {
  const [major = 0, minor = 0] = from.split(".").map(Number.parseFloat);
  const [newMajor = 0, newMinor = 0] = to.split(".").map(Number.parseFloat);
  return major < newMajor || (major === newMajor && minor < newMinor);
}

/**
 * Keeps the system tables as they were. What an upgrade has kept that was cut off stays: the tables are
 * half of the new version by now.
 */
async function backUp(place: UpgradePlace, path: string, socket: string, ports: UpgradePorts) {
  if (existsSync(path)) ports.log("info", `an upgrade that was cut off has kept them in ${path}`);
  else await dumpTables(place, path, socket, ports);
}

async function dumpTables(
  { datadir, byRoot }: UpgradePlace,
  path: string,
  socket: string,
  ports: UpgradePorts,
): Promise<void> {
  const owner = ownerOf(datadir);
  const dump = join(datadir, "galera-peers.backup.sql");
  // There are password hashes in it. It is read by the descriptor: under its name its owner may put
  // another file, of root's.
  const fd = openNew(dump, 0o600, byRoot ? owner : undefined);
  try {
    const tables = ["--skip-lock-tables", "--replace", "--databases", "mysql"];
    const args = [...client(socket), ...tables, `--result-file=${dump}`];
    await runTool("mariadb-dump", args, taskIn(datadir, byRoot), ports);
    const sql = readFileSync(fd);
    if (sql.length === 0) {
      throw new Failure(
        exitCode.software,
        `${task.name}: mariadb-dump has left nothing in ${dump}`,
      );
    }
    const { zstdCompressSync } = await import("node:zlib");
    replaceFile(path, zstdCompressSync(sql), { mode: 0o600, ...owner });
  } finally {
    closeSync(fd);
    rmSync(dump, { force: true });
  }
}

/** Without the grant tables nobody is asked for a password. */
function client(socket: string): readonly string[] {
  return ["--protocol=socket", `--socket=${socket}`, "--user=root", "--skip-ssl"];
}

const task: Task = {
  name: "the upgrade of the system tables",
  advice: "to start without it, unset MARIADB_AUTO_UPGRADE",
};

/** What it writes into the datadir is to be the server's. */
function taskIn(datadir: string, byRoot: boolean): Task {
  return { ...task, account: byRoot ? ownerOf(datadir) : undefined };
}
