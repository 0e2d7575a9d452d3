import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  findProgram,
  scriptEnvironment,
  serverEnvironment,
  softLimitVariable,
  untouchedEnvironment,
} from "../../src/server/launch.js";

const directory = mkdtempSync(join(tmpdir(), "launch-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const place = (name: string) => join(directory, name);
for (const name of ["first", "second"]) mkdirSync(place(name));
writeFileSync(place("first/tool"), "#!/bin/sh\n");
writeFileSync(place("second/tool"), "#! /bin/sh -e\n", { mode: 0o755 });
mkdirSync(place("first/folder"));
writeFileSync(place("second/bare"), "echo\n", { mode: 0o755 });
symlinkSync("/bin/true", place("first/link"));
writeFileSync(place("second/secret"), "\x7fELF");
chmodSync(place("second/secret"), 0o755);
const PATH = `${place("first")}:${place("second")}`;

test.each([
  ["the first that may be executed", "tool", "second/tool"],
  ["a link", "link", "first/link"],
  ["a path", place("second/tool"), "second/tool"],
  ["a binary", "secret", "second/secret"],
])("finds %s", (_, command, found) => {
  expect(findProgram(command, { PATH })).toBe(place(found));
});

test.each([
  ["nowhere", 127, "nowhere: command not found"],
  [place("nowhere"), 127, "command not found"],
  ["folder", 126, "is not a file"],
  [place("first/tool"), 126, "is not executable"],
  ["bare", 126, "neither a binary nor a script"],
])("%s cannot be run: %i", (command, exitCode, message) => {
  expect(() => findProgram(command, { PATH })).toThrow(
    expect.objectContaining({ exitCode, message: expect.stringContaining(message) }),
  );
});

test("the server's environment has no secrets, nothing of Node's and nothing of ours", () => {
  const env = {
    MARIADB_ROOT_PASSWORD: "x",
    MARIADB_ROOT_PASSWORD_FILE: "x",
    MYSQL_PASSWORD: "x",
    MARIADB_PASSWORD_HASH: "x",
    MYSQL_PWD: "x",
    GALERA_AGENT_KEY: "x",
    GALERA_AGENT_KEY_FILE: "x",
    NODE_OPTIONS: "x",
    [softLimitVariable]: "1024",
    GALERA_SERVICE: "galera",
    MYSQL_HOME: "/home",
    LANG: undefined,
  };
  expect(serverEnvironment(env)).toEqual({ GALERA_SERVICE: "galera", MYSQL_HOME: "/home" });
});

test("another command's environment lacks our own note alone", () => {
  const env = { MARIADB_ROOT_PASSWORD: "x", NODE_OPTIONS: "y", [softLimitVariable]: "1024" };
  expect(untouchedEnvironment(env)).toEqual({ MARIADB_ROOT_PASSWORD: "x", NODE_OPTIONS: "y" });
});

test("the official script keeps the passwords, and not what is the agent's alone", () => {
  const env = {
    ...{ MARIADB_ROOT_PASSWORD: "x", GALERA_AGENT_KEY: "k", GALERA_AGENT_KEY_FILE: "/k" },
    [softLimitVariable]: "1024",
  };
  expect(scriptEnvironment(env)).toEqual({ MARIADB_ROOT_PASSWORD: "x" });
});

test("the official script makes the agent's account, unless the user has decided about it", () => {
  const privileges = ["SUPER", "LOCK TABLES"];
  expect(scriptEnvironment({}, privileges)).toEqual({
    MARIADB_MYSQL_LOCALHOST_USER: "1",
    MARIADB_MYSQL_LOCALHOST_GRANTS: "SUPER, LOCK TABLES",
  });
  const own = { MARIADB_MYSQL_LOCALHOST_USER: "", MARIADB_MYSQL_LOCALHOST_GRANTS: "USAGE" };
  expect(scriptEnvironment(own, privileges)).toEqual(own);
});
