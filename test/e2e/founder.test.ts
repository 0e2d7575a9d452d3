/** A founder with a real server, from an empty datadir on. */
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch, until } from "./cli.js";
import { createFounder } from "./founder.js";

/** What the official image's tests log in with, and an end of line. */
const password = "\\n'\\\\aa-\\x09-zz\"_%;\n--";
const root = { user: "root", password };

function pod() {
  const file = join(scratch(), "password");
  writeFileSync(file, `${password}\n\n`, { mode: 0o600 });
  return createFounder({ address: "127.0.6.41", env: { MARIADB_ROOT_PASSWORD_FILE: file } });
}

/** What Galera leaves of a start on an empty datadir that found no cluster to join. */
function leaveFailedJoin(data: string): void {
  const { uid, gid } = statSync(data);
  for (const name of ["grastate.dat", "galera.cache"]) {
    writeFileSync(join(data, name), "");
    chownSync(join(data, name), uid, gid);
  }
}

const status = (name: string) =>
  `select variable_value from information_schema.global_status where variable_name = '${name}'`;

test("an empty datadir becomes a cluster; stopped and started, it is the same one", async () => {
  const founder = await pod();
  const ask = (sql: string) => founder.ask(sql, root);
  leaveFailedJoin(founder.data);

  const first = founder.start();
  await founder.ready(first, root);
  expect(await ask(status("wsrep_cluster_size"))).toEqual(["1"]);
  const command = readFileSync(`/proc/${first.pid}/cmdline`, "utf8").split("\0");
  expect(command[0]).toBe("mariadbd");
  expect(command).toContain("--wsrep-new-cluster");
  const environment = readFileSync(`/proc/${first.pid}/environ`, "utf8");
  expect(environment).not.toMatch(/PASSWORD/);
  expect(first.output()).not.toContain(password.trim());
  expect(
    await ask("select concat(user, '@', host) from mysql.global_priv where user in ('', 'root')"),
  ).toEqual(["root@%", "root@localhost"]);
  await ask("create database shop");
  await ask("create table shop.t (id int primary key) select 7 as id");
  const uuid = await ask(status("wsrep_cluster_state_uuid"));

  first.child.kill("SIGTERM");
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(readFileSync(join(founder.data, "grastate.dat"), "utf8")).toMatch(
    /^safe_to_bootstrap: 1$/m,
  );

  const second = founder.start();
  await founder.ready(second, root);
  expect(await ask("select id from shop.t")).toEqual([7]);
  expect(await ask(status("wsrep_cluster_state_uuid"))).toEqual(uuid);
  expect(second.output()).toMatch(/becoming mariadbd .*--wsrep_start_position=[0-9a-f-]{36}:\d+/);

  second.child.kill("SIGKILL");
  await second.ended;
  const third = founder.start();
  await founder.ready(third, root);
  expect(await ask("select id from shop.t")).toEqual([7]);
  expect(third.output()).toMatch(/recovered position [0-9a-f-]{36}:\d+/);
  third.child.kill("SIGTERM");
  await third.ended;
});

test("an initialisation that was killed is known as one, and its rest cleared", async () => {
  const founder = await pod();
  const killed = founder.start();
  await until(() => existsSync(join(founder.data, "ibdata1")), "it to be under way");
  killed.child.kill("SIGKILL");
  await killed.ended;
  await founder.endAll();
  expect(existsSync(join(founder.data, "galera-peers.initialisation"))).toBe(true);

  const again = founder.start();
  await founder.ready(again, root);
  expect(again.output()).toMatch(
    /clearing .*data of what a start that was cut off left: .*ibdata1/,
  );
  expect(existsSync(join(founder.data, "galera-peers.initialisation"))).toBe(false);
  again.child.kill("SIGTERM");
  await again.ended;
});
