import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTimeZones, timeZoneStatements } from "../../../src/server/initialise/time-zones.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "time-zones-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A program of that name, and nothing else. */
function program(script: string): { PATH: string } {
  const path = join(directory, "mariadb-tzinfo-to-sql");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { PATH: directory };
}

const never = new AbortController().signal;

test("what the program prints is loaded into the server's tables, but for its last sorting", () => {
  const sql = [
    "LOCK TABLES time_zone WRITE,",
    "  time_zone_name WRITE;",
    "INSERT INTO time_zone (Use_leap_seconds) VALUES ('N');",
    "UNLOCK TABLES;",
  ];
  const sorting = [
    "ALTER TABLE time_zone_transition ORDER BY Time_zone_id, Transition_time;",
    "execute immediate if(@no, 'do 0','ALTER TABLE time_zone_transition_type ORDER BY Time_zone_id');",
  ];
  expect(timeZoneStatements([...sql, ...sorting, "SET @a=1;"].join("\n"))).toBe(
    ["USE mysql;", ...sql, "SET @a=1;"].join("\n"),
  );
});

test("zones under posix/ and right/ are left out", () => {
  const zone = (name: string) =>
    [
      "INSERT INTO time_zone (Use_leap_seconds) VALUES ('N');",
      "SET @time_zone_id= LAST_INSERT_ID();",
      `INSERT INTO time_zone_name (Name, Time_zone_id) VALUES ('${name}', @time_zone_id);`,
      "INSERT INTO time_zone_transition_type (Time_zone_id, Abbreviation) VALUES",
      " (@time_zone_id, 'right/UTC')",
      ";",
    ].join("\n");
  const all = (...names: string[]) => [...names.map(zone), "UNLOCK TABLES;", "COMMIT;"].join("\n");
  expect(timeZoneStatements(all("UTC", "posix/UTC", "Asia/Tokyo", "right/UTC"))).toBe(
    `USE mysql;\n${all("UTC", "Asia/Tokyo")}`,
  );
  expect(timeZoneStatements(all("right/UTC"))).toBe("USE mysql;\nUNLOCK TABLES;\nCOMMIT;");
});

test("the program reads the directory, in the environment that is given", async () => {
  const env = { ...program("echo \"INSERT INTO t VALUES ('$*', '$A$B');\""), A: "a" };
  expect(await readTimeZones(env, never, directory)).toEqual({
    kind: "sql",
    sql: `USE mysql;\nINSERT INTO t VALUES ('--skip-write-binlog ${directory}', 'a');`,
  });
});

test.each<[string, string | undefined, RegExp]>([
  ["exit 3", undefined, /exit code 3: mariadb-tzinfo-to-sql/],
  ["echo 'INSERT INTO half'; exit 1", undefined, /exit code 1/],
  ["echo nothing", undefined, /^mariadb-tzinfo-to-sql finds none in \//],
  ["echo 'INSERT INTO t'", "missing", /^there is no .*missing$/],
])("there are none where the program says %j", async (script, where, why) => {
  const env = program(script);
  const zones = await readTimeZones(env, never, where ? join(directory, where) : directory);
  expect(zones).toEqual({ kind: "none", why: expect.stringMatching(why) });
});

test("there are none where the program is not installed", async () => {
  const zones = await readTimeZones({ PATH: directory }, never, directory);
  expect(zones).toEqual({ kind: "none", why: "mariadb-tzinfo-to-sql is not installed" });
});

test("a start that ends does not wait for them", async () => {
  const abort = new AbortController();
  const zones = readTimeZones(program("exec sleep 60"), abort.signal, directory);
  setTimeout(() => abort.abort(), 50);
  expect(await zones).toMatchObject({ kind: "none" });
});
