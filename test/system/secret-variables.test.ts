import { expect, test } from "vitest";
import { isSecretVariable } from "../../src/system/secret-variables.js";

test.each([
  ["GALERA_AGENT_KEY", true],
  ["GALERA_AGENT_KEY_FILE", true],
  ["MYSQL_PWD", true],
  ["MARIADB_PASSWORD", true],
  ["MYSQL_ROOT_PASSWORD", true],
  ["MARIADB_ROOT_PASSWORD_FILE", true],
  ["MARIADB_ROOT_PASSWORD_HASH", true],
  ["MYSQL_PASSWORD_HASH_FILE", true],
  ["MARIADB_REPLICATION_PASSWORD", true],
  ["MARIADB_REPLICATION_PASSWORD_FILE", true],
  ["MARIADB_REPLICATION_PASSWORD_HASH", true],
  ["MARIADB_REPLICATION_PASSWORD_HASH_FILE", true],
  ["GALERA_AGENT_PORT", false],
  ["MARIADB_USER", false],
  ["MARIADB_DATABASE", false],
  ["MARIADB_REPLICATION_USER", false],
  ["MARIADB_MYSQL_LOCALHOST_GRANTS", false],
  ["POD_IP", false],
  ["PATH", false],
])("%s: %s", (name, expected) => {
  expect(isSecretVariable(name)).toBe(expected);
});
