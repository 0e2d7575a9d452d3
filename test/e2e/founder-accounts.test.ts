/** What the official image's variables make of a new server, seen by whoever logs in there. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch, until } from "./cli.js";
import { contentOf, createFounder, type Founder, filesBelow } from "./founder.js";

const address = "127.0.81.1";
const elsewhere = "127.0.81.201";

/** What the official image's tests log in with, and what else shells and SQL take for their own. */
const hostile = "\\n'\\\\aa-\\x09-zz\"_%;\n--`$(id)#ü€😀 ";

/** PASSWORD() of the server. */
function hashOf(password: string): string {
  const once = createHash("sha1").update(password).digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

/** Waits until root gets in; gives the server's process. */
async function up(founder: Founder, password: string) {
  const started = founder.start();
  const login = { user: "root", password };
  await founder.ready(started, login);
  return { ...started, root: (sql: string) => founder.ask(sql, login) };
}

async function stop({ child, ended }: { child: { kill(): boolean }; ended: Promise<unknown> }) {
  child.kill();
  expect(await ended).toEqual({ code: 0, signal: null });
}

/**
 * What any process shows to others while `work` goes on: its arguments, and the variables of all but one. A
 * child of that one is its copy up to the exec, with its arguments, too.
 */
async function watchProcesses<T>(except: () => number, work: () => Promise<T>) {
  const shown = new Set<string>();
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
          // In this order: a child that execs in between is taken for the copy that it was.
          const own = readFileSync(`/proc/${except()}/cmdline`, "utf8");
          const cmdline = readFileSync(`/proc/${pid}/cmdline`, "utf8");
          const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
          shown.add(cmdline);
          if (cmdline !== own) shown.add(environ);
        } catch {} // it has ended meanwhile
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const looking = look();
  try {
    return { result: await work(), shown: [...shown] };
  } finally {
    isOver = true;
    await looking;
  }
}

test("hostile names and passwords log in, and nobody sees them", { timeout: 120_000 }, async () => {
  const secrets = ["root", "user", "replica"].map((whose) => `${whose}${hostile}${whose}`);
  const [rootPassword = "", userPassword = "", replicaPassword = ""] = secrets;
  const [user, database] = ["o'ne\\il\"ü_%`$(id)", "sh`op_1%.x\\y'\"ä€ $(id)"];
  const replica = "re'plica\n--";
  const founder = await createFounder({
    address,
    env: {
      MYSQL_ROOT_PASSWORD: rootPassword,
      ...{ MARIADB_USER: user, MARIADB_DATABASE: database, MARIADB_PASSWORD: userPassword },
      ...{ MARIADB_REPLICATION_USER: replica, MARIADB_REPLICATION_PASSWORD: replicaPassword },
    },
    // What would change what literals and names mean.
    cnf: ["sql_mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES,ORACLE", "character_set_server=latin1"],
  });
  let pid = 0;
  const { result: server, shown } = await watchProcesses(
    () => pid,
    async () => {
      const started = founder.start();
      pid = started.pid;
      await founder.ready(started, { user: "root", password: rootPassword });
      return started;
    },
  );
  const seen = [...shown, readFileSync(`/proc/${pid}/environ`, "utf8"), server.output()];
  expect(seen.some((text) => text.includes("--bootstrap"))).toBe(true);
  for (const secret of [...secrets, hostile]) {
    for (const spelt of [secret, secret.replaceAll("\n", "\\x0a"), secret.replaceAll("\n", " ")]) {
      expect(seen.filter((text) => text.includes(spelt))).toEqual([]);
    }
    const files = filesBelow(founder.directory).filter((path) => !path.endsWith("my.cnf"));
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((path) => contentOf(path).includes(secret.trim()))).toEqual([]);
  }

  const own = { user, password: userPassword, database };
  expect(await founder.ask("create table t (i int) select 7 as i", own)).toEqual([]);
  expect(await founder.ask("select i from t", own)).toEqual([7]);
  expect(await founder.ask("select database()", own)).toEqual([database]);
  await expect(founder.ask("select 1", { ...own, password: `${userPassword} ` })).rejects.toThrow(
    /denied/,
  );
  const asReplica = { user: replica, password: replicaPassword };
  expect(await founder.ask("show grants", asReplica)).toEqual([
    expect.stringMatching(/^GRANT REPLICATION SLAVE ON \*\.\* TO /),
  ]);
  await stop(server);
});

test("a user's database is that one alone", { timeout: 120_000 }, async () => {
  const password = "root's";
  const founder = await createFounder({
    address,
    single: true,
    env: {
      ...{ MARIADB_ROOT_PASSWORD: password, MARIADB_ROOT_HOST: "127.0.81.2%" },
      ...{ MARIADB_DATABASE: "a_b%c\\d", MARIADB_USER: "u" },
      ...{ MARIADB_PASSWORD_HASH: hashOf("user's"), MARIADB_REPLICATION_USER: "r" },
      MARIADB_REPLICATION_PASSWORD_HASH: hashOf("replica's").toLowerCase(),
      ...{ MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "PROCESS, RELOAD" },
      MARIADB_HEALTHCHECK_GRANTS: "PROCESS",
    },
  });
  const server = await up(founder, password);
  expect(server.output()).toContain("MARIADB_HEALTHCHECK_GRANTS is not offered");
  const user = { user: "u", password: "user's" };
  for (const other of ["aXb%c\\d", "a_bXc\\d", "a_bXXc\\d", "a_b%cd", "a_b%c\\\\d", "a_b%cXd"]) {
    expect(await server.root(`create database \`${other}\``)).toEqual([]);
    await expect(founder.ask("select 1", { ...user, database: other })).rejects.toThrow(/denied/);
  }
  const own = { ...user, database: "a_b%c\\d" };
  expect(await founder.ask("create table t (i int)", own)).toEqual([]);
  expect(await founder.ask("select 1", { user: "r", password: "replica's" })).toEqual([1]);

  // Of another network nobody is root, though the same password would let root in.
  const afar = { user: "root", password, from: "127.0.81.99" };
  await expect(founder.ask("select 1", afar)).rejects.toThrow(
    /denied for user 'root'@'127.0.81.99'/,
  );
  expect(await founder.ask("show grants", { user: "root", password, from: elsewhere })).toEqual([
    expect.stringMatching(/^GRANT ALL PRIVILEGES ON \*\.\* TO .* WITH GRANT OPTION$/),
    expect.stringMatching(/^GRANT PROXY ON ``@`%` TO .* WITH GRANT OPTION$/),
  ]);
  expect(await server.root("show grants for mysql@localhost")).toEqual([
    expect.stringMatching(/^GRANT RELOAD, PROCESS ON \*\.\* TO .* VIA unix_socket$/),
  ]);
  const everybody = await server.root("select concat(user, '@', host) from mysql.user order by 1");
  expect(everybody).toEqual([
    ...["mariadb.sys@localhost", "mysql@localhost", "r@%"],
    ...["root@127.0.81.2%", "root@localhost", "u@%"],
  ]);
  await stop(server);
});

test("a random password is printed once, and is root's", { timeout: 120_000 }, async () => {
  const founder = await createFounder({
    address,
    env: {
      ...{ MYSQL_RANDOM_ROOT_PASSWORD: "yes", MARIADB_ROOT_HOST: "localhost" },
      ...{ MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "SHOW DATABASES" },
    },
    cnf: ["default_time_zone=Europe/Berlin"],
  });
  const started = founder.start();
  const password = await until(
    () => /GENERATED ROOT PASSWORD: (\S+)$/m.exec(started.output())?.[1],
    "the password to be printed",
  );
  const login = { user: "root", password, from: "localhost" };
  await founder.ready(started, login);
  const root = (sql: string) => founder.ask(sql, login);
  expect(started.output().split(password)).toHaveLength(2);
  await expect(founder.ask("select 1", { user: "root", password })).rejects.toThrow(
    /is not allowed to connect/,
  );

  expect(await root("select @@time_zone")).toEqual(["Europe/Berlin"]);
  const noon = "convert_tz('2026-07-01 12:00:00', 'UTC', 'America/New_York')";
  expect(await root(`select cast(${noon} as char)`)).toEqual(["2026-07-01 08:00:00"]);
  const sorted = "Time_zone_id, Transition_time";
  const rows = (order: string) =>
    root(`select concat_ws(',', ${sorted}) from mysql.time_zone_transition ${order}`);
  const asStored = await rows("");
  expect(asStored.length).toBeGreaterThan(10_000);
  expect(asStored).toEqual(await rows(`order by ${sorted}`));

  const [grants] = (await root("show grants for mysql@localhost")) as readonly string[];
  for (const one of ["SUPER", "SHUTDOWN", "RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR"])
    expect(grants).toContain(one);
  expect(grants).toContain("SHOW DATABASES");
  expect(await root("select count(*) from mysql.user where user in ('', 'root')")).toEqual([1]);
  await stop(started);
});

test("root's hash lets in who has the password; without time zones", {
  timeout: 120_000,
}, async () => {
  const hash = hashOf(hostile);
  const path = join(scratch(), "hash");
  writeFileSync(path, `${hash}\n`, { mode: 0o600 });
  const founder = await createFounder({
    ...{ address, single: true },
    env: { MARIADB_ROOT_PASSWORD_HASH_FILE: path, MARIADB_INITDB_SKIP_TZINFO: "1" },
  });
  const server = await up(founder, hostile);
  const fromHere = { user: "root", password: hostile, from: "localhost" };
  expect(await founder.ask("select current_user()", fromHere)).toEqual(["root@localhost"]);
  expect(await server.root("select count(*) from mysql.time_zone_name")).toEqual([0]);
  expect(readFileSync(`/proc/${server.pid}/environ`, "utf8")).not.toContain("HASH");
  expect(server.output()).not.toContain(hash);
  await stop(server);
});
