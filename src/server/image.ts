import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BaseSources } from "../cnf/base.js";
import { defaultTemplate } from "../cnf/template.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";

/** Where images keep option files that the server reads, the last one read first. */
const includeDirectories = ["/etc/mysql/mariadb.conf.d", "/etc/mysql/conf.d", "/etc/my.cnf.d"];

/** Where distributions put Galera's library. */
const providers = [
  "/usr/lib/galera/libgalera_smm.so",
  "/usr/lib64/galera-4/libgalera_smm.so",
  "/usr/lib64/galera/libgalera_smm.so",
];

/**
 * Where galera.cnf is, and what it is made from.
 *
 * @throws Failure 78 where no path is set and the image has no include directory
 */
export function cnfSources(settings: Settings): BaseSources {
  return {
    cnf: settings.cnf ?? defaultCnf(),
    template: settings.template,
    builtIn: () => defaultTemplate({ provider: galeraProvider() }),
  };
}

/** Galera's library: where this image has it, or where Debian would. */
export function galeraProvider(): string {
  return providers.find((path) => existsSync(path)) ?? (providers[0] as string);
}

function defaultCnf(): string {
  const directory = includeDirectories.find((path) => existsSync(path));
  if (directory !== undefined) return join(directory, "galera.cnf");
  throw new Failure(
    exitCode.config,
    `none of ${includeDirectories.join(", ")} exists: set --cnf or GALERA_CNF to an option file that mariadbd reads`,
  );
}
