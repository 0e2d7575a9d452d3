import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../../system/failure.js";

/** A file of the user's that a new server is filled from. */
export interface Script {
  readonly path: string;
  readonly kind: ScriptKind;
}

/**
 * `shell` is executed if the server's user may, else sourced; `sql` and what it may be packed in go to
 * the client.
 */
export type ScriptKind = "shell" | "sql" | "gzip" | "xz" | "zstd" | "ignored";

/** A file that is run. */
export interface RunnableScript extends Script {
  readonly kind: Exclude<ScriptKind, "ignored">;
}

const endings: readonly (readonly [string, ScriptKind])[] = [
  [".sh", "shell"],
  [".sql", "sql"],
  [".sql.gz", "gzip"],
  [".sql.xz", "xz"],
  [".sql.zst", "zstd"],
];

/**
 * The official image's `/docker-entrypoint-initdb.d/*`: its order is the POSIX locale's, and names that
 * begin with a dot (a ConfigMap's `..data` too) are none of it.
 *
 * @returns nothing where there is no such directory
 * @throws Failure 78 for one that cannot be read, or that has a backup in it: whoever put it there counts
 *   on its data
 */
export function findScripts(directory = "/docker-entrypoint-initdb.d"): readonly Script[] {
  const names = list(directory).filter((name) => !name.startsWith("."));
  const backup = names.find((name) => /\.tar\.(gz|xz|zst)$/.test(name));
  if (backup !== undefined) {
    throw new Failure(
      exitCode.config,
      `${join(directory, backup)}: to restore a backup is not offered: restore it into the founder's datadir, and remove this file`,
    );
  }
  return names
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => ({ path: join(directory, name), kind: kindOf(name) }));
}

/** Those of them that are run. */
export function runnable(scripts: readonly Script[]): readonly RunnableScript[] {
  return scripts.filter((script): script is RunnableScript => script.kind !== "ignored");
}

function kindOf(name: string): ScriptKind {
  return endings.find(([ending]) => name.endsWith(ending))?.[1] ?? "ignored";
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw new Failure(
      exitCode.config,
      `the scripts in ${directory} cannot be read: ${messageOf(error)}`,
    );
  }
}
