/*
 * Whom and what a new server is to know, by the official image's variables.
 */
import { exitCode, Failure } from "../../system/failure.js";
import { type Environment, readVariables, type Variables } from "./variables.js";

/** What lets somebody in. */
export type Secret =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "hash"; readonly hash: string };

/** How root gets in on a new cluster. */
export type RootAccess = Secret | { readonly kind: "empty" } | { readonly kind: "random" };

/** An account that may come from everywhere. */
export interface Login {
  readonly name: string;
  readonly secret: Secret;
}

export interface Accounts {
  /** Undefined: no root option is set, so no cluster can be founded. */
  readonly root: RootAccess | undefined;
  /** Where root may come from besides localhost; undefined: from nowhere else. */
  readonly rootHost: string | undefined;
  readonly database?: string | undefined;
  /** All of the database is its own. */
  readonly user?: Login | undefined;
  readonly replication?: Login | undefined;
  /** The privileges of mysql@localhost, as SQL has them; "" for none, undefined without the account. */
  readonly localhostGrants?: string | undefined;
  readonly skipsTimeZones?: boolean;
  /** For the user's scripts. */
  readonly variables?: Variables;
  /** What is set and has no effect, a line each. */
  readonly notes?: readonly string[];
}

/** What the official image says in this case, with the names that it takes. */
const rootOptions =
  "MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD";

/**
 * Reads what the environment says of a new server, as the official image does.
 *
 * @throws Failure 78 with a line for every problem; no value is in it
 */
export function readAccounts(env: Environment): Accounts {
  const problems: string[] = [];
  const variables = readVariables(env, problems);
  const host = variables.MARIADB_ROOT_HOST ?? "%";
  const accounts = {
    root: rootAccess(variables, problems),
    rootHost: host.toLowerCase() === "localhost" ? undefined : host,
    database: variables.MARIADB_DATABASE,
    user: login(variables, "", problems),
    replication: login(variables, "REPLICATION_", problems),
    localhostGrants: localhostGrants(variables, problems),
    skipsTimeZones: variables.MARIADB_INITDB_SKIP_TZINFO !== undefined,
    ...{ variables, notes: notesOn(variables) },
  };
  problems.push(...impossibleNames(variables));
  if (variables.MARIADB_MASTER_HOST !== undefined) {
    problems.push(
      "MARIADB_MASTER_HOST is not offered: a Galera member is no replica; unset it, and set one up by CHANGE MASTER TO once the cluster runs",
    );
  }
  problems.push(...namesakes(accounts));
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
  return accounts;
}

/** In characters (mysql_com.h, NAME_CHAR_LEN, USERNAME_CHAR_LENGTH and HOSTNAME_LENGTH). */
const longest = {
  MARIADB_DATABASE: 64,
  MARIADB_USER: 128,
  MARIADB_REPLICATION_USER: 128,
  MARIADB_ROOT_HOST: 255,
} as const;

/** The server's own; nobody makes them. */
const systemSchemas = ["information_schema", "performance_schema", "mysql", "sys"];

/** SQL that has this in it is left out by mariadb-install-db. */
const leftOut = "@current_hostname";

/** What the server would refuse, in words that nobody could relate to a variable. */
function impossibleNames(variables: Variables): string[] {
  const problems: string[] = [];
  for (const [name, characters] of Object.entries(longest) as [keyof typeof longest, number][]) {
    if ([...(variables[name] ?? "")].length <= characters) continue;
    problems.push(`${name} is longer than ${characters} characters`);
  }
  for (const [name, value] of Object.entries(variables)) {
    if (!value.includes(leftOut)) continue;
    problems.push(`${name} has ${leftOut} in it, which mariadb-install-db cannot take`);
  }
  const { MARIADB_DATABASE: database = "" } = variables;
  if (/[\n\r]/.test(database)) problems.push("MARIADB_DATABASE has a line end in it");
  if (database.endsWith(" ")) problems.push("MARIADB_DATABASE has a space at its end");
  if (systemSchemas.includes(database.toLowerCase())) {
    problems.push(`MARIADB_DATABASE is ${database}, which is the server's own`);
  }
  return problems;
}

/** The official image's order: a random password is made whatever other one is given. */
function rootAccess(variables: Variables, problems: string[]): RootAccess | undefined {
  const { MARIADB_ROOT_PASSWORD: password, MARIADB_ROOT_PASSWORD_HASH: hash } = variables;
  const { MARIADB_RANDOM_ROOT_PASSWORD: random } = variables;
  const { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: empty } = variables;
  if (hash !== undefined) {
    for (const [name, value] of Object.entries({
      ...{ MARIADB_ROOT_PASSWORD: password, MARIADB_RANDOM_ROOT_PASSWORD: random },
      MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: empty,
    })) {
      if (value === undefined) continue;
      problems.push(`${name} and MARIADB_ROOT_PASSWORD_HASH are both set: set one`);
    }
    return { kind: "hash", hash: checkedHash("MARIADB_ROOT_PASSWORD_HASH", hash, problems) };
  }
  if (random !== undefined) return { kind: "random" };
  if (password !== undefined) return { kind: "password", password };
  return empty === undefined ? undefined : { kind: "empty" };
}

/**
 * As the official image has it: a user without a password gets no account, a replica's is an error; of a
 * replica's password and hash, the hash counts.
 */
function login(
  variables: Variables,
  infix: "" | "REPLICATION_",
  problems: string[],
): Login | undefined {
  const name = variables[`MARIADB_${infix}USER`];
  const password = variables[`MARIADB_${infix}PASSWORD`];
  const hash = variables[`MARIADB_${infix}PASSWORD_HASH`];
  if (infix === "" && password !== undefined && hash !== undefined) {
    problems.push("MARIADB_PASSWORD and MARIADB_PASSWORD_HASH are both set: set one");
  }
  if (infix !== "" && name !== undefined && (password ?? hash) === undefined) {
    problems.push(
      "MARIADB_REPLICATION_USER is set without a password: set MARIADB_REPLICATION_PASSWORD or MARIADB_REPLICATION_PASSWORD_HASH",
    );
  }
  if (hash !== undefined) checkedHash(`MARIADB_${infix}PASSWORD_HASH`, hash, problems);
  if (name === undefined) return undefined;
  if (hash !== undefined) return { name, secret: { kind: "hash", hash } };
  return password === undefined ? undefined : { name, secret: { kind: "password", password } };
}

function checkedHash(name: string, hash: string, problems: string[]): string {
  if (!/^\*[0-9A-F]{40}$/i.test(hash)) {
    problems.push(`${name} is not a hash as PASSWORD() gives: * and 40 hex digits`);
  }
  return hash;
}

function localhostGrants(variables: Variables, problems: string[]): string | undefined {
  const { MARIADB_MYSQL_LOCALHOST_GRANTS: grants = "" } = variables;
  if (variables.MARIADB_MYSQL_LOCALHOST_USER === undefined) return undefined;
  if (!/^[a-z, ]*$/i.test(grants)) {
    problems.push(
      "MARIADB_MYSQL_LOCALHOST_GRANTS is not a list of privileges, with commas between",
    );
  }
  return grants;
}

/** The server makes no account twice. */
function namesakes({ rootHost, user, replication }: Accounts): string[] {
  const everywhere = [
    ["root, which MARIADB_ROOT_HOST lets come from everywhere", rootHost === "%" ? "root" : ""],
    ["MARIADB_USER", user?.name],
    ["MARIADB_REPLICATION_USER", replication?.name],
  ];
  return everywhere.flatMap(([first, name], index) =>
    everywhere
      .slice(index + 1)
      .filter(([, other]) => name && other === name)
      .map(([second]) => `${second} is the same account as ${first}: give it another name`),
  );
}

function notesOn(variables: Variables): readonly string[] {
  const { MARIADB_USER: user, MARIADB_PASSWORD: password } = variables;
  const { MARIADB_PASSWORD_HASH: hash } = variables;
  const { MARIADB_MYSQL_LOCALHOST_GRANTS: grants = "USAGE" } = variables;
  const notes: [boolean, string][] = [
    [
      user !== undefined && (password ?? hash) === undefined,
      "MARIADB_USER is set without a password: no such account is made",
    ],
    [
      user === undefined && (password ?? hash) !== undefined,
      "MARIADB_PASSWORD is set without MARIADB_USER: no account is made",
    ],
    [
      variables.MARIADB_MYSQL_LOCALHOST_USER !== undefined && !/^usage$/i.test(grants),
      "MARIADB_MYSQL_LOCALHOST_GRANTS lets every process of the user mysql do so much without a password",
    ],
    [
      variables.MARIADB_HEALTHCHECK_GRANTS !== undefined,
      "MARIADB_HEALTHCHECK_GRANTS is not offered: galera-peers probe needs no account",
    ],
  ];
  return notes.filter(([applies]) => applies).map(([, note]) => note);
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
