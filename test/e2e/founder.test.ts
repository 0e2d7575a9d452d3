/** A founder with a real server, from an empty datadir on. */
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { scratch, startCli, startDns, until } from "./cli.js";

/** What the official image's tests log in with, and an end of line. */
const password = "\\n'\\\\aa-\\x09-zz\"_%;\n--";
const address = "127.0.6.41";

async function pod(directory: string) {
  const dns = await startDns([{ name: "galera-0", addresses: [address] }]);
  const path = (name: string) => join(directory, name);
  writeFileSync(path("my.cnf"), `!include ${path("galera.cnf")}\n`);
  writeFileSync(path("password"), `${password}\n\n`, { mode: 0o600 });
  const args = [
    ...["run", "--", "mariadbd", `--defaults-file=${path("my.cnf")}`],
    ...[`--datadir=${path("data")}`, `--socket=${path("sock")}`, `--pid-file=${path("pid")}`],
    ...[`--bind-address=${address}`, "--innodb-buffer-pool-size=32M"],
  ];
  const env = {
    ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
    ...{ GALERA_HOSTNAME: "galera-0", POD_IP: address, GALERA_ADDRESS_TYPE: "ip" },
    GALERA_CNF: path("galera.cnf"),
    GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${address}:4567;gcache.size=16M`,
    MARIADB_ROOT_PASSWORD_FILE: path("password"),
  };
  /** Asks over TCP as root with the password, which travels in the environment. */
  const ask = async (statement: string) => {
    const { stdout, exitCode } = await execa(
      "mariadb",
      ["-h", address, "-u", "root", "-N", "-e", statement],
      { env: { MYSQL_PWD: password }, reject: false },
    );
    return exitCode === 0 && stdout;
  };
  return { args, env, ask, data: path("data") };
}

/** A directory that the server's account may enter and write. */
function serverScratch(): string {
  const directory = scratch();
  mkdirSync(join(directory, "data"));
  const { uid, gid } = statSync("/var/lib/mysql");
  for (const path of [directory, join(directory, "data")]) chownSync(path, uid, gid);
  return directory;
}

/** What Galera leaves of a start on an empty datadir that found no cluster to join. */
function leaveFailedJoin(data: string): void {
  const { uid, gid } = statSync(data);
  for (const name of ["grastate.dat", "galera.cache"]) {
    writeFileSync(join(data, name), "");
    chownSync(join(data, name), uid, gid);
  }
}

test("an empty datadir becomes a cluster; stopped and started, it is the same one", async () => {
  const { args, env, ask, data } = await pod(serverScratch());
  leaveFailedJoin(data);

  const first = startCli("galera-peers", args, env);
  await until(() => ask("select count(*) from mysql.user"), "the founder to answer");
  expect(await ask("show status like 'wsrep_cluster_size'")).toBe("wsrep_cluster_size\t1");
  const command = readFileSync(`/proc/${first.pid}/cmdline`, "utf8").split("\0");
  expect(command[0]).toBe("mariadbd");
  expect(command).toContain("--wsrep-new-cluster");
  const environment = readFileSync(`/proc/${first.pid}/environ`, "utf8");
  expect(environment).not.toMatch(/PASSWORD/);
  expect(first.output()).not.toContain(password.trim());
  expect(await ask("select user, host from mysql.global_priv where user in ('', 'root')")).toBe(
    "root\t%\nroot\tlocalhost",
  );
  await ask(
    "create database shop; create table shop.t (id int primary key); insert into shop.t values (7)",
  );
  const uuid = await ask("show status like 'wsrep_cluster_state_uuid'");

  first.child.kill("SIGTERM");
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(readFileSync(join(data, "grastate.dat"), "utf8")).toMatch(/^safe_to_bootstrap: 1$/m);

  const second = startCli("galera-peers", args, env);
  expect(await until(() => ask("select id from shop.t"), "the second start")).toBe("7");
  expect(await ask("show status like 'wsrep_cluster_state_uuid'")).toBe(uuid);
  expect(second.output()).toMatch(/becoming mariadbd .*--wsrep_start_position=[0-9a-f-]{36}:\d+/);

  second.child.kill("SIGKILL");
  await second.ended;
  const third = startCli("galera-peers", args, env);
  expect(await until(() => ask("select id from shop.t"), "the start after a crash")).toBe("7");
  expect(third.output()).toMatch(/recovered position [0-9a-f-]{36}:\d+/);
  third.child.kill("SIGTERM");
  await third.ended;
});

test("an initialisation that was killed is begun again, and its server is whole", async () => {
  const directory = serverScratch();
  const { args, env, ask, data } = await pod(directory);
  const killed = startCli("galera-peers", args, env);
  await until(() => existsSync(join(data, "ibdata1")), "the initialisation to be under way");
  killed.child.kill("SIGKILL");
  await killed.ended;
  expect(existsSync(join(data, "galera-peers.initialisation"))).toBe(true);
  // What the kill left running would write on: a container's end takes it along.
  await until(async () => {
    const { stdout } = await execa("pgrep", ["-f", data], { reject: false });
    for (const pid of stdout.split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
    return stdout === "";
  }, "the leftovers to be gone");

  const again = startCli("galera-peers", args, env);
  expect(await until(() => ask("select 1"), "the second try to answer")).toBe("1");
  expect(again.output()).toMatch(
    /clearing .*data of what a start that was cut off left: .*ibdata1/,
  );
  expect(existsSync(join(data, "galera-peers.initialisation"))).toBe(false);
  again.child.kill("SIGTERM");
  await again.ended;
});
