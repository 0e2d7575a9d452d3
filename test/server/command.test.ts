import { expect, test } from "vitest";
import { decisiveArgs, defaultsArgs, readCommand, serverOption } from "../../src/server/command.js";

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

test.each([
  [["-h", "/a"], "datadir", "/a"],
  [["-h/a"], "datadir", "/a"],
  [["--datad=/a"], "datadir", "/a"],
  [["--loose_datadir=/a"], "datadir", "/a"],
  [["--data=/a"], "datadir", undefined],
  [["-u", "galera", "--help"], "user", "galera"],
  [["--user=a", "-ub"], "user", "b"],
] as const)("of %j, %s is %j", (args, name, value) => {
  expect(serverOption(args, name)).toBe(value);
});

test.each([
  ["--wsrep-new-cluster"],
  ["--wsrep_new_cluster"],
  ["--wsrep_cluster_address=gcomm://"],
  ["--loose-wsrep-cluster-address=gcomm://a"],
])("%s would decide in our place", (arg) => {
  expect(decisiveArgs(["--a", arg, "--wsrep-node-address=x"])).toEqual([arg]);
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
