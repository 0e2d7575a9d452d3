/*
 * The SQL that makes a new server's accounts and database, each statement on one line as
 * `mariadbd --bootstrap` reads them (sql/sql_bootstrap.cc).
 */
import { type AgentAccount, agentPrivileges } from "../../agent/sql/account.js";
import {
  type Accounts,
  type Login,
  type RootAccess,
  requireRoot,
  type Secret,
} from "./accounts.js";

/** What literals and names mean is not the option files' to say. */
export const sessionStatements: readonly string[] = [
  "SET NAMES utf8mb4;",
  "SET SESSION sql_mode='';",
];

/**
 * @param password root's password where the environment asks for a random one
 * @param agent the agent's account; undefined where it has no way in
 */
export function accountStatements(
  accounts: Accounts,
  password: string,
  agent: AgentAccount | undefined,
): string[] {
  const { rootHost, database, user, replication, localhostGrants } = accounts;
  const root = rootSecret(requireRoot(accounts), password);
  return [
    "FLUSH PRIVILEGES;", // --bootstrap starts without the grant tables
    "DELETE FROM mysql.global_priv WHERE User='' OR (User='root' AND Host<>'localhost');",
    "DELETE FROM mysql.proxies_priv WHERE Host<>'localhost';",
    "FLUSH PRIVILEGES;",
    rootStatement(root),
    ...(rootHost === undefined ? [] : remoteRootStatements(rootHost, root)),
    ...(database === undefined ? [] : [`CREATE DATABASE IF NOT EXISTS ${quoteName(database)};`]),
    ...(user === undefined ? [] : userStatements(user, database)),
    ...(replication === undefined ? [] : replicationStatements(replication)),
    ...(agent === undefined ? [] : agentStatements(agent)),
    ...(localhostGrants === undefined ? [] : localhostStatements(localhostGrants, agent)),
  ];
}

/** Gives root@localhost what lets it in. */
export function rootStatement(secret: Secret): string {
  return `ALTER USER root@localhost IDENTIFIED ${identifiedBy(secret)};`;
}

/** @param password what a random one is */
export function rootSecret(root: RootAccess, password: string): Secret {
  switch (root.kind) {
    case "password":
    case "hash":
      return root;
    case "random":
      return { kind: "password", password };
    case "empty":
      return { kind: "password", password: "" };
    default:
      return root satisfies never;
  }
}

function remoteRootStatements(host: string, secret: Secret): string[] {
  const user = `root@${quoteSql(host)}`;
  return [
    `CREATE USER ${user} IDENTIFIED ${identifiedBy(secret)};`,
    `GRANT ALL ON *.* TO ${user} WITH GRANT OPTION;`,
    // GRANT PROXY, which the bootstrap user may not grant.
    `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES (${quoteSql(host)}, 'root', '', '', 1, '');`,
  ];
}

function userStatements({ name, secret }: Login, database: string | undefined): string[] {
  const user = `${quoteSql(name)}@'%'`;
  const create = `CREATE USER ${user} IDENTIFIED ${identifiedBy(secret)};`;
  if (database === undefined) return [create];
  // A pattern here (sql/sql_acl.cc, wild_compare): shop_1 would be shopX1, too.
  const pattern = quoteName(database.replace(/[\\_%]/g, "\\$&"));
  return [create, `GRANT ALL ON ${pattern}.* TO ${user};`];
}

function replicationStatements({ name, secret }: Login): string[] {
  const user = `${quoteSql(name)}@'%'`;
  return [
    `CREATE USER ${user} IDENTIFIED ${identifiedBy(secret)};`,
    `GRANT REPLICATION REPLICA ON *.* TO ${user};`,
  ];
}

/** mysql@localhost may be the agent's account already: it gets these privileges besides. */
function localhostStatements(privileges: string, agent: AgentAccount | undefined): string[] {
  const isAgents = agent?.kind === "socket" && agent.user === "mysql";
  return [
    ...(isAgents ? [] : ["CREATE USER mysql@localhost IDENTIFIED VIA unix_socket;"]),
    ...(privileges === "" ? [] : [`GRANT ${privileges} ON *.* TO mysql@localhost;`]),
  ];
}

function agentStatements(agent: AgentAccount): string[] {
  const who = `${quoteSql(agent.user)}@localhost`;
  const way =
    agent.kind === "socket" ? "VIA unix_socket" : identifiedBy({ ...agent, kind: "password" });
  return [
    `CREATE USER ${who} IDENTIFIED ${way};`,
    `GRANT ${agentPrivileges.join(", ")} ON *.* TO ${who};`,
  ];
}

function identifiedBy(secret: Secret): string {
  return secret.kind === "hash"
    ? `BY PASSWORD ${quoteSql(secret.hash)}`
    : `BY ${quoteSql(secret.password)}`;
}

/** A string literal; line ends as escapes, since a statement is one line. */
export function quoteSql(text: string): string {
  const escaped = text.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `'${escaped}'`;
}

/** The name of a database. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
