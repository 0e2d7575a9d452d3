/** /docker-entrypoint-initdb.d with real servers. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { scratch, startDns } from "./cli.js";
import { startContainer, withInitdb } from "./container.js";

withInitdb();

const password = "\\n'\\\\secret-\\x09-zz\"_%;\n--";
const serverAccount = statSync("/var/lib/mysql");

/** A directory that the server's account may write. */
function own(path: string): string {
  mkdirSync(path, { recursive: true });
  chownSync(path, serverAccount.uid, serverAccount.gid);
  return path;
}

type Files = Readonly<Record<string, string>>;

/** Writes the scripts; those with a name that has `exec` in it may be executed. */
function scripts(directory: string, files: Files): string {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), name.includes("exec") ? 0o755 : 0o644);
  }
  return directory;
}

/** A server of its own: arguments, and a client that says false where it is not answered. */
function server(directory: string, address?: string) {
  const path = (name: string) => join(directory, name);
  own(directory);
  own(path("data"));
  own(path("tmp")); // process numbers, by which servers call their temporary tables, are a container's own
  writeFileSync(path("my.cnf"), `!include ${path("galera.cnf")}\n`);
  if (address === undefined) writeFileSync(path("galera.cnf"), "");
  const network = address === undefined ? "--skip-networking" : `--bind-address=${address}`;
  const args = [
    ...["run", "--", "mariadbd", `--defaults-file=${path("my.cnf")}`, `--datadir=${path("data")}`],
    ...[`--socket=${path("sock")}`, `--pid-file=${path("pid")}`, network],
    ...[`--tmpdir=${path("tmp")}`, "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"],
  ];
  const ask = async (statement: string, user = "root", secret = password) => {
    const login = [`--socket=${path("sock")}`, `--user=${user}`, "-N", "-e", statement];
    const { stdout, exitCode } = await execa("mariadb", ["--no-defaults", ...login], {
      env: { MYSQL_PWD: secret },
      reject: false,
    });
    return exitCode === 0 && stdout;
  };
  return { args, ask, path, data: path("data") };
}

/** The processes that have a datadir on their command line, and what they may leave in it. */
async function leftovers(data: string): Promise<string[]> {
  const { stdout } = await execa("pgrep", ["-fa", data], { reject: false });
  const files = readdirSync(data).filter((name) => /^(galera-peers\.sock|my\.cnf)$/.test(name));
  return [...stdout.split("\n").filter(Boolean), ...files];
}

const did = (what: string) => `INSERT INTO steps (what) VALUES ('${what}');\n`;
const table =
  "CREATE TABLE steps (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(99)) ENGINE=InnoDB;\n";

async function pack(directory: string, name: string, program: string, text: string) {
  const path = join(directory, name);
  await execa("sh", ["-c", `${program} -qc > "$1"`, "sh", path], { input: text });
}

test("a founder runs the files of every kind in order, and its joiner gets what they made", async () => {
  const directory = scratch();
  const initdb = scripts(join(directory, "initdb"), {
    "00 it's first.sql": table + did("first"),
    "10-exec.sh": `#!/bin/sh -e
      echo "greetings from $(id -un)"
      mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" "$MYSQL_DATABASE" -e "${did("executed").trim()}"\n`,
    "2-sourced.sh": `literal=$(docker_sql_escape_string_literal "$MARIADB_ROOT_PASSWORD")
      docker_process_sql <<< "INSERT INTO steps (what) VALUES ('$literal')"
      echo "INSERT INTO steps (what) SELECT @@wsrep_on + @@log_bin + @@skip_networking" | "\${mysql[@]}"
      mysql_note "sourced with $SOCKET"\n`,
    "a.sql": `CREATE TABLE notes (note TEXT) ENGINE=Aria; INSERT INTO notes VALUES ('of Aria');
      CREATE USER app@localhost IDENTIFIED BY 'app''s'; GRANT ALL ON \`my shop\`.* TO app@localhost;\n`,
    "exec without a first line.sh":
      'mysql -uroot -p"$MYSQL_ROOT_PASSWORD" -e "SELECT 1" > /dev/null\n',
    ".hidden.sql": "no SQL at all",
    "read.me": "no SQL at all",
  });
  mkdirSync(join(initdb, "folder"));
  await pack(initdb, "B.sql.gz", "gzip", did("gz"));
  await pack(initdb, "b.sql.xz", "xz", did("xz"));
  await pack(initdb, "c.sql.zst", "zstd", did("zst"));

  const addresses = ["127.0.82.11", "127.0.82.12"];
  const dns = await startDns(
    addresses
      .map((address, ordinal) => ({ name: `galera-${ordinal}`, addresses: [address] }))
      .slice(0, 1),
  );
  const start = (ordinal: number) => {
    const address = addresses[ordinal] ?? "";
    const one = server(join(directory, `galera-${ordinal}`), address);
    const env = {
      ...{ GALERA_DNS: `127.0.0.1:${dns.port}`, GALERA_SERVICE: "galera", POD_NAMESPACE: "galera" },
      ...{ GALERA_HOSTNAME: `galera-${ordinal}`, POD_IP: address, GALERA_ADDRESS_TYPE: "ip" },
      ...{ GALERA_CNF: one.path("galera.cnf"), GALERA_SST_METHOD: "rsync" },
      GALERA_PROVIDER_OPTIONS: `gmcast.listen_addr=tcp://${address}:4567;ist.recv_bind=${address};gcache.size=16M`,
      ...{ MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "my shop" },
    };
    return { ...one, ...startContainer(initdb, one.args, env) };
  };
  const founder = start(0);
  const steps = "SELECT what FROM `my shop`.steps ORDER BY id";
  const expected = await founder.until(() => founder.ask(steps));
  expect(expected.split("\n")).toEqual([
    ...["first", "executed", "\\\\n'\\\\\\\\secret-\\\\x09-zz\"_%;\\n--", "1", "gz", "xz", "zst"],
  ]);
  const output = founder.output();
  const ran = [...output.matchAll(/(?:running|ignoring) .*initdb\.d\/(.*?)(?::|$)/gm)];
  expect(ran.map(([, name]) => name)).toEqual([
    ...["folder", "read.me", "00 it's first.sql", "10-exec.sh", "2-sourced.sh", "B.sql.gz"],
    ...["a.sql", "b.sql.xz", "c.sql.zst", "exec without a first line.sh"],
  ]);
  expect(output).toContain("greetings from mysql\n");
  expect(output).toMatch(/\[Note\] sourced with .*\/data\/galera-peers.sock\n/);
  expect(output).not.toContain("secret-");
  expect(await founder.ask("SELECT @@wsrep_on, @@socket")).toBe(`1\t${founder.path("sock")}`);
  const { stdout: environment } = await execa("cat", [`/proc/${await founder.first()}/environ`]);
  expect(environment).not.toMatch(/PASSWORD|MYSQL_HOME|SOCKET/);
  expect(
    (await leftovers(founder.data)).filter(
      (line) => !/mariadbd|galera-peers.js|unshare/.test(line),
    ),
  ).toEqual([]);

  dns.setMembers(addresses.map((address, i) => ({ name: `galera-${i}`, addresses: [address] })));
  const joiner = start(1);
  const size =
    "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_cluster_size'";
  await joiner.until(async () => (await joiner.ask(size)) === "2");
  expect(await joiner.until(() => joiner.ask(steps))).toBe(expected);
  expect(await joiner.ask("SELECT note FROM notes", "app", "app's")).toBe(false); // no database
  expect(await joiner.ask("SELECT note FROM `my shop`.notes", "app", "app's")).toBe("of Aria");
  expect(joiner.output()).not.toMatch(/running .*initdb\.d/);
});

const sha1 = (data: string | Buffer) => createHash("sha1").update(data).digest();

describe("root@localhost", () => {
  const plain = "ge'heim";
  const hash = `*${sha1(sha1(plain)).toString("hex").toUpperCase()}`;
  const random = (output: string) => /GENERATED ROOT PASSWORD: (.+)/.exec(output)?.[1] ?? "none";
  test.each<[string, Files, (output: string) => string]>([
    ["without a password", { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1" }, () => ""],
    ["with a random one", { MARIADB_RANDOM_ROOT_PASSWORD: "1" }, random],
    ["with one of which only the hash is known", { MARIADB_ROOT_PASSWORD_HASH: hash }, () => plain],
  ])("%s lets scripts in", async (_, env, secret) => {
    const directory = scratch();
    const files = { "a.sh": 'docker_process_sql <<< "CREATE DATABASE shop"\n' };
    const { args, ask } = server(join(directory, "one"));
    const container = startContainer(scripts(join(directory, "initdb"), files), args, env);
    const databases = () =>
      ask("SHOW DATABASES LIKE 'shop'", "root", secret(container.output())).catch(() => false);
    expect(await container.until(databases)).toBe("shop");
  });
});

const single = { MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: "shop" };

test("a file that fails ends the start, and the next one begins anew", async () => {
  const directory = scratch();
  const files = {
    "a.sql": table + did("a"),
    "b.sh": "echo 'no luck' >&2\nfalse\n",
    "c.sql": did("c"),
  };
  const initdb = scripts(join(directory, "initdb"), files);
  const { args, ask, data } = server(join(directory, "one"));
  const failing = startContainer(initdb, args, single);
  expect(await failing.ended).toBe(70);
  expect(failing.output()).toMatch(
    /no luck\n(.*\n)*galera-peers: initialisation: \/docker-entrypoint-initdb\.d\/b\.sh failed \(1\): what it said is above; the next start begins anew, with an empty datadir\n$/,
  );
  expect(failing.output()).not.toContain("secret-");
  expect(await leftovers(data)).toEqual([]);

  writeFileSync(join(initdb, "b.sh"), "");
  const again = startContainer(initdb, args, single);
  const steps = "SELECT group_concat(what) FROM shop.steps";
  expect(await again.until(() => ask(steps))).toBe("a,c");
});

test("SQL that fails is told with its line", async () => {
  const directory = scratch();
  const initdb = scripts(join(directory, "initdb"), { "a.sql": "SELECT 1;\nSELEKT 2;\n" });
  const { args } = server(join(directory, "one"));
  const failing = startContainer(initdb, args, single);
  expect(await failing.ended).toBe(70);
  expect(failing.output()).toMatch(/ERROR 1064 .* at line 2: .*\n(.*\n)*.*a\.sql failed \(1\)/);
});

test("SIGTERM while a file runs ends everything within a second", async () => {
  const directory = scratch();
  const files = { "a.sh": "docker_process_sql <<< 'SELECT SLEEP(60)' & echo sleeping; sleep 60\n" };
  const { args, data } = server(join(directory, "one"));
  const container = startContainer(scripts(join(directory, "initdb"), files), args, single);
  await container.until(() => container.output().includes("sleeping"));
  const sentMs = Date.now();
  process.kill(await container.first(), "SIGTERM");
  expect(await container.ended).toBe(143);
  expect(Date.now() - sentMs).toBeLessThan(1000);
  expect(await leftovers(data)).toEqual([]);
});

test("killed at any point, a start is followed by one that makes a whole server", async () => {
  const directory = scratch();
  const initdb = scripts(join(directory, "initdb"), {
    "a.sql": table + did("a"),
    "b.sh": `for i in 1 2 3 4 5; do sleep 0.1; docker_process_sql <<< "${did("b").trim()}"; done\n`,
  });
  const { args, ask, data } = server(join(directory, "one"));
  for (const [how, ms] of [
    ...[
      ["running .*a\\.sql", 0],
      ["running .*b\\.sh", 0],
      ["running .*b\\.sh", 250],
    ],
    ...[
      ["running .*b\\.sh", Math.random() * 1500],
      ["initialising", Math.random() * 3000],
    ],
  ] as const) {
    const container = startContainer(initdb, args, single);
    await container.until(() => new RegExp(how as string).test(container.output()));
    await new Promise((resolve) => setTimeout(resolve, ms as number));
    await container.kill();
    expect((await execa("pgrep", ["-fa", data], { reject: false })).stdout).toBe("");
    if (existsSync(join(data, "galera-peers.initialisation"))) continue;
    expect(container.output()).toMatch(/running .*b\.sh/); // the kill came too late
    break;
  }
  const container = startContainer(initdb, args, single);
  const steps = "SELECT group_concat(what ORDER BY id) FROM shop.steps";
  expect(await container.until(() => ask(steps))).toBe("a,b,b,b,b,b");
  expect(await ask("SELECT count(*) FROM information_schema.schemata")).toBe("5");
});
