import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { AgentAccount } from "../../src/agent/sql/account.js";
import { accountStatements, quoteSql, readAccounts } from "../../src/server/accounts.js";
import { Failure } from "../../src/system/failure.js";

const directory = mkdtempSync(join(tmpdir(), "accounts-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const secret = join(directory, "secret");
writeFileSync(secret, "from a file\n\n");
const hash = `*${"A1".repeat(20)}`;

test.each([
  [{}, undefined],
  [{ MARIADB_ROOT_PASSWORD: "a" }, { kind: "password", password: "a" }],
  [{ MYSQL_ROOT_PASSWORD: "b" }, { kind: "password", password: "b" }],
  [
    { MARIADB_ROOT_PASSWORD: "a", MYSQL_ROOT_PASSWORD: "b" },
    { kind: "password", password: "a" },
  ],
  [
    { MARIADB_ROOT_PASSWORD: "", MYSQL_ROOT_PASSWORD: "b" },
    { kind: "password", password: "b" },
  ],
  [{ MARIADB_ROOT_PASSWORD_FILE: secret }, { kind: "password", password: "from a file" }],
  [{ MYSQL_ROOT_PASSWORD_FILE: secret }, { kind: "password", password: "from a file" }],
  [{ MARIADB_ROOT_PASSWORD_HASH: hash }, { kind: "hash", hash }],
  [{ MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1" }, { kind: "empty" }],
  [{ MYSQL_ALLOW_EMPTY_PASSWORD: "yes" }, { kind: "empty" }],
  [{ MARIADB_RANDOM_ROOT_PASSWORD: "yes" }, { kind: "random" }],
])("%j gives root %j", (env, root) => {
  expect(readAccounts(env).root).toEqual(root);
});

test.each([
  [{}, "%"],
  [{ MARIADB_ROOT_HOST: "10.0.%" }, "10.0.%"],
  [{ MYSQL_ROOT_HOST: "localhost" }, undefined],
])("%j lets root come from %j", (env, host) => {
  expect(readAccounts(env).rootHost).toBe(host);
});

test("every problem is told, and no value", () => {
  const env = {
    MARIADB_ROOT_PASSWORD: "geheim",
    MARIADB_ROOT_PASSWORD_FILE: secret,
    MARIADB_ROOT_PASSWORD_HASH: "geheim too",
    MYSQL_ROOT_HOST_FILE: "/nowhere",
  };
  const failure = thrown(() => readAccounts(env));
  expect(failure.exitCode).toBe(78);
  expect(failure.message.split("\n")).toEqual([
    "MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_FILE are both set: set one",
    expect.stringMatching(/^MYSQL_ROOT_HOST_FILE: ENOENT/),
    "MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_HASH are both set: set one",
    expect.stringMatching(/^MARIADB_ROOT_PASSWORD_HASH is not a hash/),
  ]);
  expect(failure.message).not.toContain("geheim");
});

test("without a root option there are no statements, but a failure that names the options", () => {
  const failure = thrown(() => accountStatements(readAccounts({}), "random", undefined));
  expect(failure.exitCode).toBe(78);
  expect(failure.message).toContain("MARIADB_ROOT_PASSWORD, ");
});

test("each statement is one line, whatever the password", () => {
  const accounts = readAccounts({ MARIADB_ROOT_PASSWORD: "a;\nb\r\n'\\", MARIADB_ROOT_HOST: "h'" });
  for (const statement of accountStatements(accounts, "", { kind: "socket", user: "m'y\nsql" })) {
    expect(statement).toMatch(/^[^\n\r]*;$/);
  }
});

test.each<[AgentAccount | undefined, string[]]>([
  [
    { kind: "socket", user: "mysql" },
    [
      "CREATE USER 'mysql'@localhost IDENTIFIED VIA unix_socket;",
      "GRANT SUPER, SHUTDOWN ON *.* TO 'mysql'@localhost;",
    ],
  ],
  [
    { kind: "socket", user: "o'neil" },
    [
      "CREATE USER 'o\\'neil'@localhost IDENTIFIED VIA unix_socket;",
      "GRANT SUPER, SHUTDOWN ON *.* TO 'o\\'neil'@localhost;",
    ],
  ],
  [
    { kind: "password", user: "galera-peers", password: "it's" },
    [
      "CREATE USER 'galera-peers'@localhost IDENTIFIED BY 'it\\'s';",
      "GRANT SUPER, SHUTDOWN ON *.* TO 'galera-peers'@localhost;",
    ],
  ],
  [undefined, []],
])("the agent gets in by %j, and the other accounts stay as they are", (agent, expected) => {
  const accounts = { root: { kind: "empty" }, rootHost: undefined } as const;
  const without = accountStatements(accounts, "", undefined);
  expect(accountStatements(accounts, "", agent)).toEqual([...without, ...expected]);
});

test.each([
  ["plain", "'plain'"],
  ["it's", "'it\\'s'"],
  ["back\\slash", "'back\\\\slash'"],
  ["line\nend\r", "'line\\nend\\r'"],
])("%j is %s in SQL", (text, quoted) => {
  expect(quoteSql(text)).toBe(quoted);
});

function thrown(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error("no Failure was thrown");
}
