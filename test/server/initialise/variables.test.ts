import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  type Environment,
  exportedVariables,
  readVariables,
  type VariableName,
} from "../../../src/server/initialise/variables.js";

const directory = mkdtempSync(join(tmpdir(), "variables-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}
const secret = file("secret", "from a file\n\n");
const empty = file("empty", "\n");

function read(env: Environment) {
  const problems: string[] = [];
  return { values: readVariables(env, problems), problems };
}

/** As the official image has them: a variable, its older name, and whether each may be a `_FILE`. */
const table: readonly [VariableName, string | undefined, boolean][] = [
  ["MARIADB_ROOT_HOST", "MYSQL_ROOT_HOST", true],
  ["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD", true],
  ["MARIADB_ROOT_PASSWORD_HASH", undefined, true],
  ["MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", false],
  ["MARIADB_RANDOM_ROOT_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", false],
  ["MARIADB_DATABASE", "MYSQL_DATABASE", true],
  ["MARIADB_USER", "MYSQL_USER", true],
  ["MARIADB_PASSWORD", "MYSQL_PASSWORD", true],
  ["MARIADB_PASSWORD_HASH", undefined, true],
  ["MARIADB_REPLICATION_USER", undefined, true],
  ["MARIADB_REPLICATION_PASSWORD", undefined, true],
  ["MARIADB_REPLICATION_PASSWORD_HASH", undefined, true],
  ["MARIADB_MASTER_HOST", undefined, true],
  ["MARIADB_MYSQL_LOCALHOST_USER", undefined, false],
  ["MARIADB_MYSQL_LOCALHOST_GRANTS", undefined, false],
  ["MARIADB_HEALTHCHECK_GRANTS", undefined, false],
  ["MARIADB_INITDB_SKIP_TZINFO", "MYSQL_INITDB_SKIP_TZINFO", false],
];

describe.each(table)("%s (%j, _FILE: %j)", (name, alias, mayBeFile) => {
  const fromFile = mayBeFile ? { [name]: "from a file" } : {};
  const both = (value: string) => ({ [name]: value });

  test("by its own name, or in a file", () => {
    expect(read({ [name]: "a" })).toEqual({ values: both("a"), problems: [] });
    expect(read({ [`${name}_FILE`]: secret })).toEqual({ values: fromFile, problems: [] });
    expect(read({ [name]: "", [`${name}_FILE`]: "" })).toEqual({ values: {}, problems: [] });
  });

  test("by its older name, which the newer one goes before", () => {
    const old = alias ?? name.replace("MARIADB_", "MYSQL_");
    const known = alias === undefined ? {} : both("b");
    expect(read({ [old]: "b" }).values).toEqual(known);
    expect(read({ [name]: "", [old]: "b" }).values).toEqual(known);
    expect(read({ [name]: "a", [old]: "b" }).values).toEqual(both("a"));
    const oldFile = alias === undefined ? {} : fromFile;
    expect(read({ [`${old}_FILE`]: secret }).values).toEqual(oldFile);
    expect(read({ [`${name}_FILE`]: secret, [old]: "b" }).values).toEqual({
      ...known,
      ...fromFile,
    });
  });

  test("not both by a name and in its file", () => {
    const { problems } = read({ [name]: "a", [`${name}_FILE`]: secret });
    const problem = `${name} and ${name}_FILE are both set: set one`;
    expect(problems).toEqual(mayBeFile ? [problem] : []);
  });

  test("is given to scripts by all its names", () => {
    const exported = exportedVariables({ [name]: "a" });
    expect(exported[name]).toBe("a");
    if (alias !== undefined) expect(exported[alias]).toBe("a");
    expect(Object.values(exported).filter(Boolean)).toHaveLength(alias === undefined ? 1 : 2);
  });
});

test("scripts get no other variables, and empty ones for what is not set", () => {
  const names = table.flatMap(([name, alias]) => (alias === undefined ? [name] : [name, alias]));
  expect(exportedVariables({})).toEqual(Object.fromEntries(names.map((name) => [name, ""])));
});

test.each<[string, Environment, string | undefined]>([
  ["newlines at a file's end are dropped, no others", { f: file("n", "\na\n b \n\n") }, "\na\n b "],
  ["a file's other white space stays", { f: file("w", " a\t\r\n") }, " a\t\r"],
  ["a file's byte order mark is part of it", { f: file("b", "\uFEFFa") }, "\uFEFFa"],
  ["an empty file is like none", { f: empty }, undefined],
  ["after an empty file comes the older name", { f: empty, old: "b" }, "b"],
])("%s", (_, { f, old }, expected) => {
  const { values, problems } = read({ MARIADB_PASSWORD_FILE: f, MYSQL_PASSWORD: old });
  expect(values.MARIADB_PASSWORD).toBe(expected);
  expect(problems).toEqual([]);
});

test.each<[Environment, string | RegExp]>([
  [{ MARIADB_USER_FILE: "/nowhere" }, /^MARIADB_USER_FILE: ENOENT/],
  [{ MYSQL_USER_FILE: directory }, /^MYSQL_USER_FILE: .* is no regular file$/],
  [{ MARIADB_USER_FILE: "/dev/zero" }, "MARIADB_USER_FILE: /dev/zero is no regular file"],
  [{ MARIADB_USER_FILE: file("nul", "ge\0heim") }, "MARIADB_USER_FILE has a NUL byte in it"],
  [
    { MYSQL_USER_FILE: file("latin1", Buffer.from("geheim\xfc", "latin1")) },
    "MYSQL_USER_FILE is not UTF-8",
  ],
  [{ MYSQL_USER: "geheim\uFFFD" }, "MYSQL_USER is not UTF-8"], // as Node reads other bytes
  [{ MARIADB_USER: "ü".repeat(2049) }, "MARIADB_USER is longer than 4096 bytes"],
])("a value that nobody can mean is told without it: %j", (env, problem) => {
  const { problems } = read(env);
  expect(problems).toEqual([
    typeof problem === "string" ? problem : expect.stringMatching(problem),
  ]);
  expect(problems.join()).not.toMatch(/geheim/);
});

test("a file may have 64 KiB, a FIFO is none", () => {
  const newlines = file("newlines", `a${"\n".repeat(65_535)}`);
  const longer = file("longer", `a${"\n".repeat(65_536)}`);
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  expect(read({ MARIADB_USER_FILE: newlines })).toEqual({
    ...{ values: { MARIADB_USER: "a" }, problems: [] },
  });
  expect(read({ MARIADB_USER_FILE: longer }).problems).toEqual([
    `MARIADB_USER_FILE: ${longer} is longer than 65536 bytes`,
  ]);
  expect(read({ MARIADB_USER_FILE: fifo }).problems).toEqual([
    `MARIADB_USER_FILE: ${fifo} is no regular file`,
  ]);
});

test("all problems are told", () => {
  const { problems } = read({
    ...{ MARIADB_USER: "a", MARIADB_USER_FILE: secret },
    ...{ MYSQL_USER: "a", MYSQL_USER_FILE: secret, MARIADB_PASSWORD_FILE: "/nowhere" },
  });
  expect(problems).toEqual([
    "MARIADB_USER and MARIADB_USER_FILE are both set: set one",
    "MYSQL_USER and MYSQL_USER_FILE are both set: set one",
    expect.stringMatching(/^MARIADB_PASSWORD_FILE: ENOENT/),
  ]);
});
