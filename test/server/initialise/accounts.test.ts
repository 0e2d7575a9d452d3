import { expect, test } from "vitest";
import { readAccounts, requireRoot } from "../../../src/server/initialise/accounts.js";
import type { Environment } from "../../../src/server/initialise/variables.js";
import { Failure } from "../../../src/system/failure.js";

const hash = `*${"A1".repeat(20)}`;

test.each([
  [{}, undefined],
  [{ MARIADB_ROOT_PASSWORD: "a" }, { kind: "password", password: "a" }],
  [{ MYSQL_ROOT_PASSWORD: "b" }, { kind: "password", password: "b" }],
  [{ MARIADB_ROOT_PASSWORD_HASH: hash }, { kind: "hash", hash }],
  [{ MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1" }, { kind: "empty" }],
  [{ MYSQL_ALLOW_EMPTY_PASSWORD: "yes" }, { kind: "empty" }],
  [{ MARIADB_RANDOM_ROOT_PASSWORD: "yes" }, { kind: "random" }],
  [{ MARIADB_RANDOM_ROOT_PASSWORD: "1", MARIADB_ROOT_PASSWORD: "a" }, { kind: "random" }],
  [
    { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: "1", MARIADB_ROOT_PASSWORD: "a" },
    { kind: "password", password: "a" },
  ],
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

test.each([
  [{}, undefined],
  [
    { USER: "u", PASSWORD: "p" },
    { name: "u", secret: { kind: "password", password: "p" } },
  ],
  [
    { USER: "u", PASSWORD_HASH: hash },
    { name: "u", secret: { kind: "hash", hash } },
  ],
])("%j are the account %j, the application's and a replica's", (given, login) => {
  const named = (prefix: string) =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [prefix + name, value]));
  expect(readAccounts(named("MARIADB_")).user).toEqual(login);
  expect(readAccounts(named("MARIADB_REPLICATION_")).replication).toEqual(login);
});

test("of a replica's password and hash, the hash counts", () => {
  const given = { MARIADB_REPLICATION_PASSWORD: "p", MARIADB_REPLICATION_PASSWORD_HASH: hash };
  const { replication } = readAccounts({ MARIADB_REPLICATION_USER: "r", ...given });
  expect(replication).toEqual({ name: "r", secret: { kind: "hash", hash } });
});

test.each([
  [{}, undefined],
  [{ MARIADB_MYSQL_LOCALHOST_GRANTS: "RELOAD" }, undefined],
  [{ MARIADB_MYSQL_LOCALHOST_USER: "1" }, ""],
  [
    { MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "RELOAD, LOCK TABLES" },
    "RELOAD, LOCK TABLES",
  ],
])("%j gives mysql@localhost %j", (env, grants) => {
  expect(readAccounts(env).localhostGrants).toBe(grants);
});

test("database, time zones and the variables themselves", () => {
  const env = { MYSQL_DATABASE: "shop", MYSQL_INITDB_SKIP_TZINFO: "1" };
  const { database, skipsTimeZones, variables } = readAccounts(env);
  expect({ database, skipsTimeZones }).toEqual({ database: "shop", skipsTimeZones: true });
  expect(variables).toEqual({ MARIADB_DATABASE: "shop", MARIADB_INITDB_SKIP_TZINFO: "1" });
  expect(readAccounts({})).toMatchObject({ database: undefined, skipsTimeZones: false });
});

test.each<[Environment, string | RegExp]>([
  [
    { MARIADB_ROOT_PASSWORD: "geheim", MARIADB_ROOT_PASSWORD_HASH: hash },
    "MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_HASH are both set: set one",
  ],
  [
    { MARIADB_RANDOM_ROOT_PASSWORD: "1", MARIADB_ROOT_PASSWORD_HASH: hash },
    "MARIADB_RANDOM_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_HASH are both set: set one",
  ],
  [
    { MYSQL_ALLOW_EMPTY_PASSWORD: "1", MARIADB_ROOT_PASSWORD_HASH: hash },
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_HASH are both set: set one",
  ],
  [{ MARIADB_ROOT_PASSWORD_HASH: "geheim" }, /^MARIADB_ROOT_PASSWORD_HASH is not a hash/],
  [
    { MARIADB_USER: "u", MARIADB_PASSWORD: "geheim", MARIADB_PASSWORD_HASH: hash },
    "MARIADB_PASSWORD and MARIADB_PASSWORD_HASH are both set: set one",
  ],
  [
    { MARIADB_USER: "u", MARIADB_PASSWORD_HASH: `geheim${hash}` },
    /^MARIADB_PASSWORD_HASH is not a hash/,
  ],
  [{ MARIADB_REPLICATION_USER: "r" }, /^MARIADB_REPLICATION_USER is set without a password: set /],
  [
    { MARIADB_REPLICATION_USER: "r", MARIADB_REPLICATION_PASSWORD_HASH: "geheim" },
    /^MARIADB_REPLICATION_PASSWORD_HASH is not a hash/,
  ],
  [{ MARIADB_MASTER_HOST: "db" }, /^MARIADB_MASTER_HOST is not offered: a Galera member is no /],
  [{ MARIADB_DATABASE: "a\nb" }, "MARIADB_DATABASE has a line end in it"],
  [{ MARIADB_DATABASE: "a " }, "MARIADB_DATABASE has a space at its end"],
  [{ MARIADB_DATABASE: "ü".repeat(65) }, "MARIADB_DATABASE is longer than 64 characters"],
  [{ MARIADB_DATABASE: "MySQL" }, "MARIADB_DATABASE is MySQL, which is the server's own"],
  [
    { MARIADB_USER: "u", MARIADB_PASSWORD: "a@current_hostname" },
    "MARIADB_PASSWORD has @current_hostname in it, which mariadb-install-db cannot take",
  ],
  [{ MARIADB_USER: "u".repeat(129) }, "MARIADB_USER is longer than 128 characters"],
  [{ MARIADB_ROOT_HOST: "h".repeat(256) }, "MARIADB_ROOT_HOST is longer than 255 characters"],
  [
    { MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "ALL; DROP" },
    /^MARIADB_MYSQL_LOCALHOST_GRANTS is not a list of privileges/,
  ],
  [
    { MARIADB_USER: "root", MARIADB_PASSWORD: "geheim" },
    "MARIADB_USER is the same account as root, which MARIADB_ROOT_HOST lets come from everywhere: give it another name",
  ],
  [
    {
      ...{ MARIADB_USER: "u", MARIADB_PASSWORD: "geheim" },
      ...{ MARIADB_REPLICATION_USER: "u", MARIADB_REPLICATION_PASSWORD: "geheim" },
    },
    "MARIADB_REPLICATION_USER is the same account as MARIADB_USER: give it another name",
  ],
])("%j is refused in one line", (env, problem) => {
  const failure = thrown(() => readAccounts(env));
  expect(failure.exitCode).toBe(78);
  if (typeof problem === "string") expect(failure.message).toBe(problem);
  else expect(failure.message).toMatch(problem);
  expect(failure.message).not.toMatch(/\n|geheim/);
});

test("root may be the application's account where root comes from localhost alone", () => {
  const env = { MARIADB_USER: "root", MARIADB_PASSWORD: "p", MARIADB_ROOT_HOST: "localhost" };
  expect(readAccounts(env).user?.name).toBe("root");
});

test("every problem is told, and no value", () => {
  const failure = thrown(() =>
    readAccounts({
      ...{ MARIADB_ROOT_PASSWORD: "geheim", MARIADB_ROOT_PASSWORD_FILE: "/nowhere" },
      ...{ MARIADB_ROOT_PASSWORD_HASH: "geheim too", MYSQL_ROOT_HOST_FILE: "/nowhere" },
      MARIADB_MASTER_HOST: "geheim",
    }),
  );
  expect(failure.message.split("\n")).toEqual([
    expect.stringMatching(/^MYSQL_ROOT_HOST_FILE: ENOENT/),
    "MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_FILE are both set: set one",
    expect.stringMatching(/^MARIADB_ROOT_PASSWORD_HASH is not a hash/),
    expect.stringMatching(/^MARIADB_MASTER_HOST is not offered/),
  ]);
  expect(failure.message).not.toContain("geheim");
});

test.each([
  [{ MARIADB_USER: "u", MARIADB_PASSWORD: "p" }, undefined],
  [{ MARIADB_USER: "u" }, /^MARIADB_USER is set without a password/],
  [{ MARIADB_PASSWORD: "p" }, /^MARIADB_PASSWORD is set without MARIADB_USER/],
  [{ MARIADB_HEALTHCHECK_GRANTS: "PROCESS" }, /^MARIADB_HEALTHCHECK_GRANTS is not offered/],
  [{ MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "usage" }, undefined],
  [
    { MARIADB_MYSQL_LOCALHOST_USER: "1", MARIADB_MYSQL_LOCALHOST_GRANTS: "RELOAD" },
    /^MARIADB_MYSQL_LOCALHOST_GRANTS lets every process/,
  ],
])("what has no effect, or a wide one, is noted: %j", (env, note) => {
  expect(readAccounts(env).notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
});

test("without a root option there is a failure that names the options", () => {
  const failure = thrown(() => requireRoot(readAccounts({})));
  expect(failure.exitCode).toBe(78);
  expect(failure.message).toContain("MARIADB_ROOT_PASSWORD, ");
});

function thrown(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error("no Failure was thrown");
}
