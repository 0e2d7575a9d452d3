/**
 * `galera-peers run -- docker-entrypoint.sh mariadbd` with real servers, and a script that does what the
 * official image's does as far as it matters here.
 */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { atEnd, scratch, startCli, startDns, until } from "./cli.js";

const scripts = fileURLToPath(new URL("../fixtures/delegation", import.meta.url));
const password = "geheim";
const address = (ordinal: number) => `127.0.88.${ordinal + 51}`;
const record = (ordinal: number) => ({
  name: `galera-${ordinal}`,
  addresses: [address(ordinal)],
});

type Dns = Awaited<ReturnType<typeof startDns>>;

/** A pod with a disk that outlives its containers. */
function pod(ordinal: number, dns: Dns) {
  const directory = scratch();
  const path = (name: string) => join(directory, name);
  const own = address(ordinal);
  chownSync(directory, ...mysql());
  mkdirSync(path("data"));
  mkdirSync(path("tmp"));
  chownSync(path("tmp"), ...mysql());
  const options = [
    ...["[mariadbd]", "innodb_buffer_pool_size=32M", "innodb_log_file_size=8M"],
    ...["[sst]", `sockopt=",bind=${own}"`, `!include ${path("galera.cnf")}`, ""],
  ];
  writeFileSync(path("my.cnf"), options.join("\n"));
  const env = {
    PATH: `${scripts}:${process.env.PATH}`,
    ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
    ...{ GALERA_HOSTNAME: `galera-${ordinal}`, POD_IP: own, GALERA_ADDRESS_TYPE: "ip" },
    ...{ GALERA_CNF: path("galera.cnf"), TMPDIR: path("tmp") },
    GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${own}:4567;ist.recv_bind=${own};gcache.size=16M`,
    ...{ MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "shop" },
  };
  const args = [
    ...["run", "--", "docker-entrypoint.sh", "mariadbd", `--defaults-file=${path("my.cnf")}`],
    ...[`--datadir=${path("data")}`, `--socket=${path("sock")}`, `--pid-file=${path("pid")}`],
    `--bind-address=${own}`,
  ];
  const start = (further: Readonly<Record<string, string>> = {}) =>
    startCli("galera-peers", args, { ...env, ...further });
  const ask = async (statement: string) => {
    const { stdout, exitCode } = await execa(
      "mariadb",
      ["-S", path("sock"), "-u", "root", "-N", "-e", statement],
      { env: { MYSQL_PWD: password }, reject: false },
    );
    return exitCode === 0 ? stdout : undefined;
  };
  /** Waits until it is one of so many. */
  const synced = (size: number) =>
    until(
      async () =>
        (await ask(
          "SELECT GROUP_CONCAT(variable_value ORDER BY variable_name) FROM information_schema.global_status WHERE variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment')",
        )) === `${size},Synced`,
      `galera-${ordinal} to be one of ${size}`,
      60_000,
    );
  /** SIGKILL to all of its container. */
  const kill = () =>
    until(async () => {
      const left = readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry))
        .map(Number)
        .filter((pid) => commandLine(pid).some((word) => word.includes(`${directory}/`)));
      for (const pid of left) signalProcess(pid, "SIGKILL");
      return left.length === 0;
    }, `galera-${ordinal} to be gone`);
  atEnd(async () => void (await kill()));
  return { start, ask, synced, kill, data: path("data") };
}

/** The server's account. */
function mysql(): [uid: number, gid: number] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((account) => account.startsWith("mysql:"));
  const [, , uid, gid] = (line ?? "").split(":");
  return [Number(uid), Number(gid)];
}

test("the script initialises the founder; agent and backup get in; joiners and restarts skip it", async () => {
  const dns = await startDns([record(0)]);
  const [first, second] = [pod(0, dns), pod(1, dns)];
  const founder = first.start();
  await first.synced(1);
  expect(founder.output()).toMatch(/script: is done/);
  expect(await first.ask("SHOW GRANTS FOR mysql@localhost")).toMatch(
    /^GRANT (?=.*RELOAD)(?=.*SUPER)(?=.*LOCK TABLES).* ON \*\.\* TO `mysql`@`localhost`/,
  );
  expect(await first.ask("SHOW DATABASES LIKE 'shop'")).toBe("shop");
  const environment = readFileSync(`/proc/${founder.pid}/environ`, "utf8");
  expect(commandLine(founder.pid)[0]).toBe("mariadbd");
  expect(environment).not.toMatch(/GALERA_AGENT_KEY/);
  await first.ask("CREATE TABLE shop.t (id INT PRIMARY KEY); INSERT INTO shop.t VALUES (7)");

  dns.setMembers([record(0), record(1)]);
  const joiner = second.start({ GALERA_SST_METHOD: "mariabackup" });
  await second.synced(2);
  expect(joiner.output()).not.toMatch(/script: /);
  expect(joiner.output()).toMatch(/mariabackup SST completed on joiner/);
  expect(await second.ask("SELECT id FROM shop.t")).toBe("7");

  for (const server of [joiner, founder]) {
    server.child.kill("SIGTERM");
    expect(await server.ended).toEqual({ code: 0, signal: null });
  }
  const again = [first, second].map((one) => one.start({ GALERA_SST_METHOD: "rsync" }));
  await Promise.all([first.synced(2), second.synced(2)]);
  expect(await first.ask("SELECT id FROM shop.t")).toBe("7");
  for (const { output } of again) expect(output()).not.toMatch(/script: (installs|starts)/);
});

test.each([
  ["while it installs", (data: string) => existsSync(join(data, "ibdata1")), /installs\n/],
  ["beside its temporary server", () => true, /the temporary server answers\n/],
])("a script that is killed %s is begun anew, and its server is whole", async (_, ready, line) => {
  const dns = await startDns([record(0)]);
  const founder = pod(0, dns);
  const killed = founder.start({ STAND_IN_PAUSE: "5" });
  await until(
    () => line.test(killed.output()) && ready(founder.data),
    "the script to be there",
    60_000,
  );
  await founder.kill();
  await killed.ended;
  expect(existsSync(join(founder.data, "galera-peers.initialisation"))).toBe(true);
  expect(existsSync(join(founder.data, "grastate.dat"))).toBe(false);

  const again = founder.start();
  await founder.synced(1);
  expect(again.output()).toMatch(
    /clearing .*data of what a start that was cut off left: .*ibdata1/,
  );
  expect(again.output()).toMatch(/script: is done/);
  expect(await founder.ask("SHOW DATABASES LIKE 'shop'")).toBe("shop");
});
