import { existsSync } from "node:fs";

/** The named time zones of the system, as SQL for a new server. */
export type TimeZones =
  | { readonly kind: "sql"; readonly sql: string }
  /** Why there are none: a server does without. */
  | { readonly kind: "none"; readonly why: string };

/** Ends early, with whatever, when the signal aborts. */
export type ReadTimeZones = (signal: AbortSignal) => Promise<TimeZones>;

const program = "mariadb-tzinfo-to-sql";

/** The SQL of 1,800 names has 5 MB. */
const longestBytes = 64_000_000;

/**
 * Reads the system's time zones. `--skip-write-binlog` makes the SQL lock the tables, without which to
 * load it takes five times as long (MDEV-23326).
 *
 * @param env of the program that reads them
 */
export async function readTimeZones(
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  directory = "/usr/share/zoneinfo",
): Promise<TimeZones> {
  const none = (why: string) => ({ kind: "none", why }) as const;
  if (!existsSync(directory)) return none(`there is no ${directory}`);
  const { execa } = await import("execa");
  const { failed, code, shortMessage, stdout } = await execa(
    program,
    ["--skip-write-binlog", directory],
    {
      ...{ env, extendEnv: false, cancelSignal: signal, reject: false },
      ...{ stdin: "ignore", stderr: "ignore", maxBuffer: longestBytes },
    },
  );
  if (code === "ENOENT") return none(`${program} is not installed`);
  if (failed) return none(shortMessage ?? `${program} fails`);
  if (!stdout.includes("INSERT INTO")) return none(`${program} finds none in ${directory}`);
  return { kind: "sql", sql: timeZoneStatements(stdout) };
}

/**
 * The program's SQL for `mariadb-install-db`, without what takes most of its time and nobody needs: two
 * last steps that put rows in an order that they are in already, in new tables, and each zone's two other
 * names, `posix/…` and `right/…` (tzdata): the first is the same, the second one counts leap seconds.
 */
export function timeZoneStatements(sql: string): string {
  const zones = sql
    .split(/^(?=INSERT INTO time_zone \(|UNLOCK TABLES)/m)
    .filter((part) => !/^INSERT INTO time_zone_name .*VALUES \('(?:posix|right)\//m.test(part));
  const lines = zones.join("").split("\n");
  const needed = lines.filter((line) => !/ALTER TABLE \w+ ORDER BY/.test(line));
  return `USE mysql;\n${needed.join("\n")}`;
}
