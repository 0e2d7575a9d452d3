/** MARIADB_AUTO_UPGRADE with real servers: a member's position stays what it was. */
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recoverPosition } from "../../src/galera/recover.js";
import { upgradeIfOlder } from "../../src/server/initialise/upgrade.js";
import { systemClock } from "../../src/system/clock.js";
import { signalProcess } from "../../src/system/proc.js";
import { runProcess } from "../../src/system/processes.js";
import { type Cluster, createCluster } from "./cluster.js";

const quickly = { timeout: 10_000 };
const env = { MARIADB_AUTO_UPGRADE: "1" };
let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ block: 82 });
  await cluster.found([0, 1, 2]);
  await cluster.write(20);
});
afterAll(() => cluster.close());

const datadir = (i: number) => cluster.paths(i).datadir;

/** Makes a member's system tables those of an older series: one is missing, and the file says so. */
async function age(i: number): Promise<void> {
  await cluster.sql(i, "SET SESSION wsrep_on = OFF; DROP TABLE IF EXISTS mysql.index_stats");
  const path = join(datadir(i), "mysql_upgrade_info");
  writeFileSync(path, "10.6.18-MariaDB");
  const { uid, gid } = statSync(datadir(i));
  chownSync(path, uid, gid);
}

const tables = (i: number) => cluster.sql(i, "SHOW TABLES FROM mysql LIKE 'index_stats'");

/** Which way a member's last state came to it; undefined where it took none. */
const transfer = (i: number) => / (\w+ (?:SST|IST)) completed on joiner/.exec(cluster.log(i))?.[1];

/** What a server that is not up would start from. */
const recovered = (i: number) =>
  recoverPosition(
    "mariadbd",
    [`--defaults-file=${cluster.paths(i).myCnf}`, `--datadir=${datadir(i)}`, "--user=mysql"],
    runProcess,
    new AbortController().signal,
  );

test.each(["stopped", "crashed"])("a datadir that was %s keeps its position", async (how) => {
  const one = 2;
  await age(one);
  await (how === "stopped" ? cluster.stop(one) : cluster.kill(one));
  await cluster.write(5, [0, 1]);
  const before = await recovered(one);
  const grastate = readFileSync(join(datadir(one), "grastate.dat"), "utf8");
  const said: string[] = [];
  await upgradeIfOlder(
    {
      ...{ datadir: datadir(one), server: "mariadbd", user: ["--user=mysql"], byRoot: true },
      serverArgs: [`--defaults-file=${cluster.paths(one).myCnf}`],
    },
    {
      ...{ runProcess, clock: systemClock, env, signal: new AbortController().signal },
      log: (_, message) => said.push(message),
    },
  );
  expect(said.at(-1)).toMatch(/^upgraded in /);
  expect(await recovered(one)).toBe(before);
  expect(readFileSync(join(datadir(one), "grastate.dat"), "utf8")).toBe(grastate);
  const info = join(datadir(one), "mysql_upgrade_info");
  expect(readFileSync(info, "latin1")).toMatch(/^10\.11\./);
  expect(statSync(info).uid).toBe(statSync(datadir(one)).uid);
  const backup = join(datadir(one), "system_mysql_backup_10.6.18-MariaDB.sql.zst");
  expect(zstdDecompressSync(readFileSync(backup)).toString()).toContain("`global_priv`");
  expect(statSync(backup).mode & 0o077).toBe(0);

  cluster.start(one);
  await cluster.verify([0, 1, 2]);
  expect(await tables(one)).toHaveLength(1);
  expect(transfer(one)).toBe("rsync IST");
});

test("members take it one after the other, crashed or not, and come back by IST", async () => {
  for (const i of [2, 1, 0]) {
    await age(i);
    await (i === 1 ? cluster.kill(i) : cluster.stop(i));
    const others = [0, 1, 2].filter((one) => one !== i);
    await cluster.write(5, others);
    cluster.start(i, { env: { ...env, MARIADB_DISABLE_UPGRADE_BACKUP: "1" } });
    await cluster.verify([0, 1, 2]);
    expect(await tables(i)).toHaveLength(1);
    const lines = cluster.ownLines(i).join("\n");
    expect(lines).toMatch(
      /the system tables in .* are of 10\.6\.18-MariaDB, the server is 10\.11\..*: upgrading them\n(.*\n)*.*upgraded in \d+ ms\n(.*\n)*.*becoming mariadbd .*--wsrep_start_position=/,
    );
    expect(transfer(i)).toBe("rsync IST");
  }
});

test("all of a cluster that was down take it, and it is the same cluster", async () => {
  for (const i of [0, 1, 2]) await age(i);
  for (const i of [2, 1, 0]) await cluster.stop(i);
  for (const i of [0, 1, 2]) cluster.start(i, { env });
  await cluster.verify([0, 1, 2]);
  for (const i of [0, 1, 2]) {
    expect(await tables(i)).toHaveLength(1);
    expect(cluster.ownLines(i).join("\n")).toMatch(/upgraded in \d+ ms/);
    expect(transfer(i)).not.toBe("rsync SST");
  }
});

test("a member that takes a donor's data, and one without the variable, upgrade nothing", async () => {
  await cluster.stop(2);
  cluster.wipe(2);
  cluster.start(2, { env });
  await cluster.verify([0, 1, 2]);
  expect(transfer(2)).toBe("rsync SST");
  expect(cluster.ownLines(2).join("\n")).not.toMatch(/system tables/);

  await age(1);
  await cluster.stop(1);
  cluster.start(1);
  await cluster.verify([0, 1, 2]);
  expect(await tables(1)).toHaveLength(0);
  expect(cluster.ownLines(1).join("\n")).not.toMatch(/system tables/);
});

test("killed in the middle of it, the next start does it again", async () => {
  await age(1);
  await cluster.stop(1);
  cluster.start(1, { env, restarts: false });
  await cluster.says(1, /upgrading them/);
  await systemClock.sleep(700);
  await cluster.kill(1);
  // The temporary server has a session of its own; a container's end takes it along.
  const { stdout } = await execa("pgrep", ["-f", datadir(1)], { reject: false });
  const left = stdout.split("\n").filter(Boolean).map(Number);
  for (const pid of left) signalProcess(pid, "SIGKILL");
  await expect.poll(() => left.filter((pid) => existsSync(`/proc/${pid}`)), quickly).toEqual([]);
  expect(readFileSync(join(datadir(1), "mysql_upgrade_info"), "latin1")).toBe("10.6.18-MariaDB");
  cluster.start(1, { env });
  await cluster.verify([0, 1, 2]);
  expect(await tables(1)).toHaveLength(1);
  expect(existsSync(join(datadir(1), "galera-peers.sock"))).toBe(false);
  expect(transfer(1)).not.toBe("rsync SST");
});
