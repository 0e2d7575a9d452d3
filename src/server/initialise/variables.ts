/*
 * The official image's variables for a new server, in the spellings that its docker-entrypoint.sh takes.
 * What they mean is the business of accounts.ts.
 */
import { messageOf } from "../../system/failure.js";
import { readAtMost } from "../../system/files.js";

export type Environment = Readonly<Record<string, string | undefined>>;

interface Spelling {
  /** Its older name. */
  readonly alias?: string;
  /** Whether the value may be in a file that `<name>_FILE` names. */
  readonly file: boolean;
}

const spellings = {
  MARIADB_ROOT_HOST: { alias: "MYSQL_ROOT_HOST", file: true },
  MARIADB_ROOT_PASSWORD: { alias: "MYSQL_ROOT_PASSWORD", file: true },
  MARIADB_ROOT_PASSWORD_HASH: { file: true },
  MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: { alias: "MYSQL_ALLOW_EMPTY_PASSWORD", file: false },
  MARIADB_RANDOM_ROOT_PASSWORD: { alias: "MYSQL_RANDOM_ROOT_PASSWORD", file: false },
  MARIADB_DATABASE: { alias: "MYSQL_DATABASE", file: true },
  MARIADB_USER: { alias: "MYSQL_USER", file: true },
  MARIADB_PASSWORD: { alias: "MYSQL_PASSWORD", file: true },
  MARIADB_PASSWORD_HASH: { file: true },
  MARIADB_REPLICATION_USER: { file: true },
  MARIADB_REPLICATION_PASSWORD: { file: true },
  MARIADB_REPLICATION_PASSWORD_HASH: { file: true },
  MARIADB_MASTER_HOST: { file: true },
  MARIADB_MYSQL_LOCALHOST_USER: { file: false },
  MARIADB_MYSQL_LOCALHOST_GRANTS: { file: false },
  MARIADB_HEALTHCHECK_GRANTS: { file: false },
  MARIADB_INITDB_SKIP_TZINFO: { alias: "MYSQL_INITDB_SKIP_TZINFO", file: false },
} as const satisfies Readonly<Record<string, Spelling>>;

export type VariableName = keyof typeof spellings;

/** What is set, by its name here. */
export type Variables = Readonly<Partial<Record<VariableName, string>>>;

const names = Object.keys(spellings) as VariableName[];

/**
 * A statement of `mariadbd --bootstrap` has at most 20,000 bytes (sql/sql_bootstrap.h), two values, and
 * perhaps a backslash before each of their characters.
 */
const longestBytes = 4096;

/** Of a file, which may be a device without an end. */
const longestFileBytes = 65_536;

/** @param problems gets a line for each thing that is wrong; no value is in it */
export function readVariables(env: Environment, problems: string[]): Variables {
  const read = (name: VariableName) => readVariable(env, name, problems);
  return Object.fromEntries(
    names.map((name) => [name, read(name)] as const).filter(([, value]) => value !== undefined),
  );
}

function readVariable(
  env: Environment,
  name: VariableName,
  problems: string[],
): string | undefined {
  const { alias, file }: Spelling = spellings[name];
  const given = (alias === undefined ? [name] : [name, alias]).map((spelt) => ({
    ...{ spelt, value: env[spelt], path: file ? env[`${spelt}_FILE`] : undefined },
  }));
  const twice = given.filter(({ value, path }) => value && path);
  problems.push(...twice.map(({ spelt }) => `${spelt} and ${spelt}_FILE are both set: set one`));
  if (twice.length > 0) return undefined;
  for (const { spelt, value, path } of given) {
    // Empty counts as not set; an empty file, too.
    const text = value || (path && readText(`${spelt}_FILE`, path, problems));
    if (!text) continue;
    const fault = faultOf(text);
    if (fault !== undefined) problems.push(`${spelt}${path ? "_FILE" : ""} ${fault}`);
    return text;
  }
  return undefined;
}

/** As `$(< file)` of a shell, without the newlines at its end. */
function readText(name: string, path: string, problems: string[]): string | undefined {
  try {
    const bytes = readAtMost(path, longestFileBytes);
    if (bytes !== undefined) return bytes.toString("utf8").replace(/\n+$/, "");
    problems.push(`${name}: ${path} is longer than ${longestFileBytes} bytes`);
  } catch (error) {
    problems.push(`${name}: ${messageOf(error)}`);
  }
  return undefined;
}

function faultOf(text: string): string | undefined {
  if (text.includes("\0")) return "has a NUL byte in it";
  if (text.includes("\uFFFD")) return "is not UTF-8"; // what a decoder puts there
  if (Buffer.byteLength(text) <= longestBytes) return undefined;
  return `is longer than ${longestBytes} bytes`;
}

/** What the user's scripts get: each variable by all its names, empty where it is not set. */
export function exportedVariables(given: Variables): Record<string, string> {
  const exported: Record<string, string> = {};
  for (const name of names) {
    const { alias }: Spelling = spellings[name];
    for (const spelt of alias === undefined ? [name] : [name, alias]) {
      exported[spelt] = given[name] ?? "";
    }
  }
  return exported;
}
