import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { canonicalName } from "../../src/cnf/option-file.js";
import { readServerOptions } from "../../src/cnf/server-options.js";

const directory = mkdtempSync(join(tmpdir(), "server-options-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** What MariaDB's own reader says of an option: the last one counts. */
function mariadbReads(name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const { stdout } = spawnSync("my_print_defaults", [...args, "--mariadbd"], {
    encoding: "utf8",
    env,
  });
  const values = stdout
    .split("\n")
    .map((line) => /^--([^=]+)=(.*)$/.exec(line) ?? [])
    .filter(([, key = ""]) => canonicalName(key) === name);
  return values.at(-1)?.[2];
}

const included = file("included.cnf", "[client]\ndatadir=/wrong\n[server]\ndatadir = /included\n");
mkdirSync(join(directory, "conf.d"));
file("conf.d/20.cnf", "[mariadb]\ndatadir=/twenty\n");
file("conf.d/10.cnf", "[mysqld]\ndatadir=/ten\nuser=ten\n");
file("conf.d/30.txt", "[mysqld]\ndatadir=/not-an-option-file\n");
const open = file("open.cnf", "[mysqld]\ndatadir=/anybody\n");
chmodSync(open, 0o666);
const home = join(directory, "home");
mkdirSync(home);
file("home/.my.cnf", "[mysqld]\nuser = 'from home'\n");

test.each([
  ["the last of several", "[mysqld]\ndatadir=/a\n[mariadbd]\ndatadir=/b\n[galera]\ndatadir=/c\n"],
  ["dashes and quotes", '[mysqld]\nDATADIR="/a b" # comment\nloose-user=u\n'],
  ["a file that is included in between", `[mysqld]\ndatadir=/a\n!include ${included}\n`],
  ["an option below what is included", `!include ${included}\n[mysqld]\ndatadir=/below\n`],
  ["a directory, in order of names", `[mysqld]\ndatadir=/a\n!includedir ${directory}/conf.d\n`],
  ["a world-writable file, which is ignored", `[mysqld]\ndatadir=/a\n!include ${open}\n`],
  ["a missing file", `[mysqld]\ndatadir=/a\n!include ${directory}/nowhere.cnf\n`],
  ["groups of others", "[client]\ndatadir=/client\n[mysqldump]\nuser=dumper\n"],
  ["nothing", ""],
])("reads as MariaDB does: %s", (_, text) => {
  const args = [`--defaults-file=${file("main.cnf", text)}`];
  const option = readServerOptions({ args, env: {} });
  for (const name of ["datadir", "user"]) {
    expect(option(name)).toBe(mariadbReads(name, args, {}));
  }
});

test.each([
  ["the machine's own files", [], {}],
  ["a home of the user's", [], { HOME: home }],
  ["a home of the server's", [], { MYSQL_HOME: home, HOME: "/nowhere" }],
  ["one more file", [`--defaults-extra-file=${included}`], { HOME: home }],
  ["none", ["--no-defaults"], { HOME: home }],
])("finds the files that MariaDB finds: %s", (_, args, env) => {
  const option = readServerOptions({ args, env });
  for (const name of ["datadir", "user", "socket", "pid_file", "bind_address"]) {
    expect(option(name)).toBe(mariadbReads(name, args, env));
  }
});
