import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { isServerGroup, type Readership, readershipOf } from "../../src/cnf/groups.js";

test("mariadbd reads the groups that it says it reads", () => {
  const help = execFileSync("mariadbd", ["--no-defaults", "--user=mysql", "--help", "--verbose"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const groups = /^The following groups are read: (.*)$/m.exec(help)?.[1]?.split(" ") ?? [];
  expect(groups).toContain("galera");
  for (const group of groups) {
    expect([group, readershipOf(group)]).toEqual([
      group,
      /\d/.test(group) ? "in-one-version" : "always",
    ]);
  }
});

test.each<[string | undefined, Readership]>([
  ["GALERA", "always"],
  [" galera", "never"],
  ["mariadbd-11.8", "in-one-version"],
  ["MySQLd-5.7", "in-one-version"],
  ["server-10.11", "never"],
  ["mariadb-10", "never"],
  ["mysqld_safe", "never"],
  ["client", "never"],
  ["", "never"],
  [undefined, "never"],
])("[%s] is read %s", (group, readership) => {
  expect(readershipOf(group)).toBe(readership);
});

test("[client-server] is not for the server alone", () => {
  expect(
    ["galera", "Server", "client-server", "mariadb-10.11", "client"].filter(isServerGroup),
  ).toEqual(["galera", "Server"]);
});
