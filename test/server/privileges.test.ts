import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { serverUser, userArgs } from "../../src/server/privileges.js";

test.each([
  [0, undefined, ["--user=mysql"]],
  [0, "galera", []],
  [999, undefined, []],
])("uid %i with the user %j in the option files gets %j", (uid, configured, args) => {
  expect(userArgs(uid, configured)).toEqual(args);
});

const [name, , uid] = (readFileSync("/etc/passwd", "utf8").split("\n")[1] ?? "").split(":");

test.each([
  [0, undefined, "mysql"],
  [0, "galera", "galera"],
  [Number(uid), undefined, name],
  [Number(uid), "mysql", name], // only root can become another one
  [4_000_000_000, undefined, undefined],
])("a server started by uid %i with the user %j runs as %j", (by, configured, user) => {
  expect(serverUser(by, configured)).toBe(user);
});
