import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placesOf, readPlaceOptions, runDirectories } from "../../src/server/places.js";

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "places-")));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Where the package's server has it, if this machine has that. */
const socket = existsSync("/run/mysqld") ? ["/run/mysqld"] : [];

const usual = { datadir: "/data", stateDir: "/data", cnf: "/cnf/galera.cnf", env: {} };
const paths = (layout: Partial<Parameters<typeof placesOf>[0]>) =>
  placesOf({ ...usual, option: () => undefined, ...layout }).map(({ path }) => path);

test("every directory is named once, a single node's without galera.cnf", () => {
  expect(paths({})).toEqual(["/data", ...socket, "/tmp", "/cnf"]);
  expect(paths({ cnf: undefined })).toEqual(["/data", ...socket, "/tmp"]);
  expect(paths({ stateDir: "/state", cnf: "/tmp/galera.cnf" })).toEqual([
    ...["/data", "/state", ...socket, "/tmp"],
  ]);
});

test("temporary files are where the server's option and the variable have them", () => {
  const option = (name: string) => (name === "tmpdir" ? "/a:/b" : undefined);
  expect(paths({ option, env: { TMPDIR: "/c" } })).toEqual([
    ...["/data", ...socket, "/a", "/b", "/c", "/cnf"],
  ]);
});

test("a galera.cnf that is there may need no writing: its directory is not asked for", () => {
  const cnf = join(directory, "galera.cnf");
  expect(paths({ cnf })).toContain(directory);
  writeFileSync(cnf, "");
  expect(paths({ cnf })).not.toContain(directory);
});

test.each([
  [[], socket],
  [
    ["--socket=/s/sock", "--pid-file=/p/pid"],
    ["/s", "/p"],
  ],
  [["-S", "/s/sock", "--pid_file", "/s/pid"], ["/s"]],
  [["--socket=sock", "--pid-file=pid"], []],
  [["--socket="], socket],
])("with %j, socket and pid file are in %j", (args, expected) => {
  const option = readPlaceOptions(["--no-defaults", ...args], {});
  expect(runDirectories(option)).toEqual(expected);
});

test("option files say it too, and the command line wins", () => {
  const file = join(directory, "my.cnf");
  writeFileSync(file, "[mariadbd]\npid-file=/f/pid\ntmpdir=/f/tmp\n");
  const option = readPlaceOptions([`--defaults-file=${file}`, "--tmpdir=/c/tmp"], {});
  expect(option("pid_file")).toBe("/f/pid");
  expect(option("tmpdir")).toBe("/c/tmp");
});
