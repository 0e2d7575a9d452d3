import { readFileSync } from "node:fs";
import type { AgentAccount } from "../agent/sql/account.js";
import { exitCode, Failure, messageOf } from "../system/failure.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** How root gets in on a new cluster, by the official image's variables. */
export type RootAccess =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "hash"; readonly hash: string }
  | { readonly kind: "empty" }
  | { readonly kind: "random" };

export interface Accounts {
  /** Undefined: no root option is set, so no cluster can be founded. */
  readonly root: RootAccess | undefined;
  /** Where root may come from besides localhost; undefined: from nowhere else. */
  readonly rootHost: string | undefined;
}

/** What the official image says in this case, with the names that it takes. */
export const rootOptions =
  "MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD";

/**
 * Reads the root account from the environment as the official image does: `MARIADB_*` before
 * `MYSQL_*`, each also as `*_FILE`, whose trailing newlines are dropped.
 *
 * @throws Failure 78 with a line for every problem; no value is in it
 */
export function readAccounts(env: Environment): Accounts {
  const problems: string[] = [];
  const get = (name: string) => variable(env, name, problems);
  const password = get("ROOT_PASSWORD");
  const hash = get("ROOT_PASSWORD_HASH");
  const host = get("ROOT_HOST");
  const empty = get("ALLOW_EMPTY_ROOT_PASSWORD") ?? get("ALLOW_EMPTY_PASSWORD");
  const random = get("RANDOM_ROOT_PASSWORD");
  if (password !== undefined && hash !== undefined) {
    problems.push("MARIADB_ROOT_PASSWORD and MARIADB_ROOT_PASSWORD_HASH are both set: set one");
  }
  if (hash !== undefined && !/^\*[0-9A-F]{40}$/i.test(hash)) {
    problems.push(
      "MARIADB_ROOT_PASSWORD_HASH is not a hash as PASSWORD() gives: * and 40 hex digits",
    );
  }
  for (const [name, value] of [
    ["ROOT_PASSWORD", password],
    ["ROOT_HOST", host],
  ]) {
    if (value?.includes("\0")) problems.push(`MARIADB_${name} has a NUL byte in it`);
  }
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
  return {
    root:
      hash !== undefined
        ? { kind: "hash", hash }
        : password !== undefined
          ? { kind: "password", password }
          : random !== undefined
            ? { kind: "random" }
            : empty !== undefined
              ? { kind: "empty" }
              : undefined,
    rootHost: host === "localhost" ? undefined : (host ?? "%"),
  };
}

/** One variable in its four spellings; empty counts as not set. */
function variable(env: Environment, name: string, problems: string[]): string | undefined {
  for (const full of [`MARIADB_${name}`, `MYSQL_${name}`]) {
    const value = env[full] || undefined;
    const file = env[`${full}_FILE`] || undefined;
    if (value !== undefined && file !== undefined) {
      problems.push(`${full} and ${full}_FILE are both set: set one`);
    }
    if (value !== undefined) return value;
    if (file === undefined) continue;
    try {
      return readFileSync(file, "utf8").replace(/\n+$/, "") || undefined;
    } catch (error) {
      problems.push(`${full}_FILE: ${messageOf(error)}`);
    }
  }
  return undefined;
}

/**
 * How root gets in.
 *
 * @throws Failure 78 where nothing says so
 */
export function requireRoot({ root }: Accounts): RootAccess {
  if (root !== undefined) return root;
  throw new Failure(
    exitCode.config,
    `a new cluster needs root's access to be chosen: set one of ${rootOptions}`,
  );
}

/**
 * The statements that make the accounts, each on one line as `mariadbd --bootstrap` reads them
 * (sql/sql_bootstrap.cc).
 *
 * @param password root's password where the environment asks for a random one
 * @param agent the agent's account; undefined where it has no way in
 */
export function accountStatements(
  accounts: Accounts,
  password: string,
  agent: AgentAccount | undefined,
): string[] {
  const by = identifiedBy(requireRoot(accounts), password);
  const { rootHost } = accounts;
  const statements = [
    "FLUSH PRIVILEGES;", // --bootstrap starts without the grant tables
    "SET SESSION sql_mode=REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '');",
    "DELETE FROM mysql.global_priv WHERE User='' OR (User='root' AND Host<>'localhost');",
    "DELETE FROM mysql.proxies_priv WHERE Host<>'localhost';",
    "FLUSH PRIVILEGES;",
    `ALTER USER root@localhost IDENTIFIED ${by};`,
  ];
  if (rootHost !== undefined) {
    const user = `root@${quoteSql(rootHost)}`;
    statements.push(
      `CREATE USER ${user} IDENTIFIED ${by};`,
      `GRANT ALL ON *.* TO ${user} WITH GRANT OPTION;`,
      // GRANT PROXY, which the bootstrap user may not grant.
      `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES (${quoteSql(rootHost)}, 'root', '', '', 1, '');`,
    );
  }
  return agent === undefined ? statements : [...statements, ...agentStatements(agent)];
}

/**
 * What the agent may. To read the status takes no privilege; `pc.bootstrap` takes SUPER and nothing less
 * (sql/set_var.cc, sys_var::on_check_access_global: sys_vars.cc gives wsrep_provider_options none of the
 * finer ones); SHUTDOWN is no part of SUPER.
 */
function agentStatements(agent: AgentAccount): string[] {
  const who = `${quoteSql(agent.user)}@localhost`;
  return [
    `CREATE USER ${who} IDENTIFIED ${agentIdentifiedBy(agent)};`,
    `GRANT SUPER, SHUTDOWN ON *.* TO ${who};`,
  ];
}

function agentIdentifiedBy(agent: AgentAccount): string {
  switch (agent.kind) {
    case "socket":
      return "VIA unix_socket";
    case "password":
      return `BY ${quoteSql(agent.password)}`;
    default:
      return agent satisfies never;
  }
}

function identifiedBy(root: RootAccess, password: string): string {
  switch (root.kind) {
    case "password":
      return `BY ${quoteSql(root.password)}`;
    case "hash":
      return `BY PASSWORD ${quoteSql(root.hash)}`;
    case "random":
      return `BY ${quoteSql(password)}`;
    case "empty":
      return "BY ''";
    default:
      return root satisfies never;
  }
}

/** A string literal; line ends as escapes, since a statement is one line. */
export function quoteSql(text: string): string {
  const escaped = text.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `'${escaped}'`;
}
