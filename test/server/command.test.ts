import { expect, test } from "vitest";
import { defaultsArgs, readCommand, serverOption } from "../../src/server/command.js";

test.each([
  [[], { kind: "server", argv: ["mariadbd"], script: undefined }],
  [["mariadbd"], { kind: "server", argv: ["mariadbd"], script: undefined }],
  [["--skip-ssl"], { kind: "server", argv: ["mariadbd", "--skip-ssl"], script: undefined }],
  [
    ["/usr/sbin/mysqld", "-x"],
    { kind: "server", argv: ["/usr/sbin/mysqld", "-x"], script: undefined },
  ],
  [
    ["docker-entrypoint.sh", "mariadbd", "--a"],
    { kind: "server", argv: ["mariadbd", "--a"], script: "docker-entrypoint.sh" },
  ],
  [
    ["docker-entrypoint.sh", "--a"],
    { kind: "server", argv: ["mariadbd", "--a"], script: "docker-entrypoint.sh" },
  ],
  [["docker-entrypoint.sh", "bash"], { kind: "untouched", argv: ["docker-entrypoint.sh", "bash"] }],
  [["bash", "-c", "mariadbd"], { kind: "untouched", argv: ["bash", "-c", "mariadbd"] }],
  [["mariadbd", "--version"], { kind: "untouched", argv: ["mariadbd", "--version"] }],
  [["--help", "--verbose"], { kind: "untouched", argv: ["mariadbd", "--help", "--verbose"] }],
])("%j", (words, command) => {
  expect(readCommand(words)).toEqual(command);
});

test.each([
  [["--datadir=/a", "--datadir", "/b"], "/b"],
  [["--data_dir=/a"], undefined],
  [["--DATADIR=/a"], undefined],
  [["--datadir=/a=b"], "/a=b"],
  [["datadir=/a"], undefined],
  [[], undefined],
])("the datadir of %j is %j", (args, value) => {
  expect(serverOption(args, "datadir")).toBe(value);
});

test("underscores are dashes in an option's name", () => {
  expect(serverOption(["--pid_file=/p"], "pid-file")).toBe("/p");
});

test.each([
  [["--defaults-file=/a", "--datadir=/b"], ["--defaults-file=/a"]],
  [["--no-defaults"], ["--no-defaults"]],
  [["--datadir=/b", "--defaults-file=/a"], []],
  [
    ["--defaults-extra-file=/a", "--defaults_group_suffix=x"],
    ["--defaults-extra-file=/a", "--defaults_group_suffix=x"],
  ],
])("of %j, %j choose the option files", (args, chosen) => {
  expect(defaultsArgs(args)).toEqual(chosen);
});
