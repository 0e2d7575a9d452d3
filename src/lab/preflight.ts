import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { galeraProvider } from "../server/image.js";
import { findProgram } from "../server/launch.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Lab } from "./options.js";
import { searchPath } from "./pod.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a member runs, and the Debian package that has it. */
const programs = {
  mariadbd: "mariadb-server",
  "mariadb-install-db": "mariadb-server",
  my_print_defaults: "mariadb-server",
  mariadb: "mariadb-client",
  rsync: "rsync",
} as const;

/**
 * Makes sure that real servers can be started here.
 *
 * @throws Failure 78 in one line that names the packages to install
 */
export function refuseMissingPrograms(env: Environment): void {
  const search = { PATH: searchPath(env.PATH) };
  const missing = new Map<string, string>();
  for (const [program, debianPackage] of Object.entries(programs)) {
    try {
      findProgram(program, search);
    } catch {
      missing.set(program, debianPackage);
    }
  }
  const provider = galeraProvider();
  if (!existsSync(provider)) missing.set(provider, "galera-4");
  if (missing.size === 0) return;
  const packages = [...new Set(missing.values())].join(" ");
  throw new Failure(
    exitCode.config,
    `the lab needs ${[...missing.keys()].join(", ")}: on Debian, apt-get install ${packages}`,
  );
}

/**
 * Where root starts the servers, they give root up: their account has to get to its files.
 *
 * @throws Failure 78 that names the directory in the way
 */
export function refuseUnreachable({ dir }: Lab, uid: number): void {
  if (uid !== 0) return;
  for (let parent = dirname(dir); parent !== "/"; parent = dirname(parent)) {
    const mode = statSync(parent, { throwIfNoEntry: false })?.mode;
    if (mode === undefined || (mode & 0o001) !== 0) continue;
    throw new Failure(
      exitCode.config,
      `the account mysql cannot get through ${parent}: choose a --dir below /tmp or /var/tmp`,
    );
  }
}
