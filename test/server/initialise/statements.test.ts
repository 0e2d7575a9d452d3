import { expect, test } from "vitest";
import { type AgentAccount, agentPrivileges } from "../../../src/agent/sql/account.js";
import type { Accounts } from "../../../src/server/initialise/accounts.js";
import {
  accountStatements,
  quoteName,
  quoteSql,
  rootSecret,
} from "../../../src/server/initialise/statements.js";

const hash = `*${"A1".repeat(20)}`;
const plain: Accounts = { root: { kind: "empty" }, rootHost: undefined };
const byPassword = (password: string) => ({ kind: "password", password }) as const;

/** What an account's wish adds. */
function added(accounts: Partial<Accounts>, agent?: AgentAccount): string[] {
  const without = accountStatements(plain, "", undefined);
  const all = accountStatements({ ...plain, ...accounts }, "", agent);
  expect(all.slice(0, without.length)).toEqual(without);
  return all.slice(without.length);
}

test.each<[Accounts["root"], string]>([
  [{ kind: "password", password: "it's" }, "BY 'it\\'s'"],
  [{ kind: "hash", hash }, `BY PASSWORD '${hash}'`],
  [{ kind: "empty" }, "BY ''"],
  [{ kind: "random" }, "BY 'drawn'"],
])("root gets in by %j, from localhost and from where it may come", (root, by) => {
  const statements = accountStatements({ root, rootHost: "10.%" }, "drawn", undefined);
  expect(statements).toContain(`ALTER USER root@localhost IDENTIFIED ${by};`);
  expect(statements).toContain(`CREATE USER root@'10.%' IDENTIFIED ${by};`);
  expect(statements).toContain("GRANT ALL ON *.* TO root@'10.%' WITH GRANT OPTION;");
  expect(statements.at(-1)).toContain("('10.%', 'root', ''");
});

test("a random password is the one that was drawn", () => {
  expect(rootSecret({ kind: "random" }, "drawn")).toEqual(byPassword("drawn"));
});

test("without a root option there is none", () => {
  expect(() => accountStatements({ ...plain, root: undefined }, "", undefined)).toThrow(
    /^a new cluster needs root's access/,
  );
});

test.each<[string, Partial<Accounts>, string[]]>([
  ["a database", { database: "sh`op" }, ["CREATE DATABASE IF NOT EXISTS `sh``op`;"]],
  [
    "a user without a database",
    { user: { name: "o'neil", secret: byPassword("\\") } },
    ["CREATE USER 'o\\'neil'@'%' IDENTIFIED BY '\\\\';"],
  ],
  [
    "a user of a database, whose name is not to match others",
    { database: "a_b%c\\d`", user: { name: "u", secret: { kind: "hash", hash } } },
    [
      "CREATE DATABASE IF NOT EXISTS `a_b%c\\d```;",
      `CREATE USER 'u'@'%' IDENTIFIED BY PASSWORD '${hash}';`,
      "GRANT ALL ON `a\\_b\\%c\\\\d```.* TO 'u'@'%';",
    ],
  ],
  [
    "a replica",
    { replication: { name: "r", secret: byPassword("p") } },
    ["CREATE USER 'r'@'%' IDENTIFIED BY 'p';", "GRANT REPLICATION REPLICA ON *.* TO 'r'@'%';"],
  ],
  [
    "the server's own user, without privileges",
    { localhostGrants: "" },
    ["CREATE USER mysql@localhost IDENTIFIED VIA unix_socket;"],
  ],
  [
    "the server's own user, with some",
    { localhostGrants: "RELOAD" },
    [
      "CREATE USER mysql@localhost IDENTIFIED VIA unix_socket;",
      "GRANT RELOAD ON *.* TO mysql@localhost;",
    ],
  ],
])("%s", (_, accounts, expected) => {
  expect(added(accounts)).toEqual(expected);
});

const privileges = agentPrivileges.join(", ");

test.each<[AgentAccount, string, string]>([
  [{ kind: "socket", user: "mysql" }, "'mysql'@localhost", "VIA unix_socket"],
  [{ kind: "socket", user: "o'neil" }, "'o\\'neil'@localhost", "VIA unix_socket"],
  [
    { kind: "password", user: "galera-peers", password: "it's" },
    ...(["'galera-peers'@localhost", "BY 'it\\'s'"] as const),
  ],
])("the agent gets in by %j", (agent, who, way) => {
  expect(added({}, agent)).toEqual([
    `CREATE USER ${who} IDENTIFIED ${way};`,
    `GRANT ${privileges} ON *.* TO ${who};`,
  ]);
});

test("the agent's account reads a donor's data, too", () => {
  const needed = ["SUPER", "SHUTDOWN", "RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR"];
  expect(agentPrivileges).toEqual(needed);
});

test("an account that is the agent's and asked for besides is made once, with both's privileges", () => {
  const both = added({ localhostGrants: "SHOW DATABASES" }, { kind: "socket", user: "mysql" });
  expect(both).toEqual([
    "CREATE USER 'mysql'@localhost IDENTIFIED VIA unix_socket;",
    `GRANT ${privileges} ON *.* TO 'mysql'@localhost;`,
    "GRANT SHOW DATABASES ON *.* TO mysql@localhost;",
  ]);
  const two = added({ localhostGrants: "" }, { kind: "socket", user: "1000" });
  expect(two).toHaveLength(3);
});

test("each statement is one line, whatever the names and passwords", () => {
  const hostile = "a;\nb\r\n'\\";
  const login = { name: hostile, secret: byPassword(hostile) };
  const accounts: Accounts = {
    ...{
      root: byPassword(hostile),
      rootHost: hostile,
      database: "d;--",
      localhostGrants: "RELOAD",
    },
    ...{ user: login, replication: login },
  };
  for (const statement of accountStatements(accounts, "", { kind: "socket", user: hostile })) {
    expect(statement).toMatch(/^[^\n\r]*;$/);
  }
});

test.each([
  ["plain", "'plain'"],
  ["it's", "'it\\'s'"],
  ["back\\slash", "'back\\\\slash'"],
  ["line\nend\r", "'line\\nend\\r'"],
])("%j is %s in SQL", (text, quoted) => {
  expect(quoteSql(text)).toBe(quoted);
});

test.each([
  ["plain", "`plain`"],
  ["`a``", "```a`````"],
  ["it's \\", "`it's \\`"],
])("the name %j is %s", (name, quoted) => {
  expect(quoteName(name)).toBe(quoted);
});
