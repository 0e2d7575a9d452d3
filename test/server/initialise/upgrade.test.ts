import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Evidence } from "../../../src/bootstrap/evidence.js";
import { beginsWithOwnData, upgradeIfOlder } from "../../../src/server/initialise/upgrade.js";
import type { Purpose } from "../../../src/server/repair.js";
import { systemClock } from "../../../src/system/clock.js";
import { uuid } from "../../bootstrap/cluster.js";
import { createStandIn } from "./stand-in.js";

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "upgrade-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

interface Situation {
  readonly env?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** The tool that fails. */
  readonly fails?: string;
  /** What becomes of mariadb-dump's file. */
  readonly dumps?: (path: string) => void;
}

const dumpsTables = (path: string) => writeFileSync(path, "-- tables\n");

/** Upgrades the datadir if it is to be: the programs that ran, and what was said. */
async function upgrade(situation: Situation = {}) {
  const { env = { MARIADB_AUTO_UPGRADE: "1" }, version, fails, dumps = dumpsTables } = situation;
  const { run } = createStandIn();
  const tools: string[] = [];
  let versions = 0;
  const said: string[] = [];
  const ended = await upgradeIfOlder(
    { datadir, server: "mariadbd", serverArgs: ["--x"], user: [], byRoot: false },
    {
      ...{ env, clock: systemClock, signal: new AbortController().signal },
      log: (level, message) => said.push(`${level}: ${message}`),
      runProcess: async (file, args, options) => {
        if (args.includes("--version")) {
          versions += 1;
          const output = version ?? "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu";
          return { exitCode: 0, output };
        }
        tools.push(file);
        if (file === "mariadbd") {
          expect(args).toContain("--skip-grant-tables");
          expect(args).not.toContain("--skip-log-bin"); // it may have to finish what a crash left
          return run(args, options);
        }
        expect(args).toContain(`--socket=${join(datadir, "galera-peers.sock")}`);
        const [dump] = args.flatMap((arg) => arg.match(/(?<=^--result-file=).*/) ?? []);
        if (dump !== undefined) dumps(dump);
        const output = "Phase 1\nFATAL ERROR\n";
        return file === fails ? { exitCode: 2, output } : { exitCode: 0, output: "" };
      },
    },
  ).catch((error: Error) => error);
  return { tools, versions, said, ended, files: readdirSync(datadir) };
}

const info = (version: string, name = "mysql_upgrade_info") =>
  writeFileSync(join(datadir, name), version);
const all = ["mariadbd", "mariadb-dump", "mariadb-upgrade"];
const backup = "system_mysql_backup_10.6.18-MariaDB.sql.zst";
const unfinished = `${backup}.unfinished`;
const unknown = "system_mysql_backup_unknown_version.sql.zst";
const tablesIn = (name: string) => zstdDecompressSync(readFileSync(join(datadir, name))).toString();

test("older system tables are kept and upgraded", async () => {
  info("10.6.18-MariaDB\n");
  const { tools, said, ended, files } = await upgrade();
  expect([ended, tools]).toEqual([undefined, all]);
  expect(files).toEqual(["mysql_upgrade_info", backup]);
  expect(tablesIn(backup)).toBe("-- tables\n");
  expect(said).toEqual([
    `info: the system tables in ${datadir} are of 10.6.18-MariaDB, the server is 10.11.19-MariaDB-0+deb12u1: upgrading them`,
    `info: the system tables as they were are in ${join(datadir, backup)}`,
    expect.stringMatching(/^info: upgraded in \d+ ms$/),
  ]);
});

test.each<[string, string, readonly string[]]>([
  ["10.6.18-MariaDB", "10.11.1-MariaDB", all],
  ["10.11.18-MariaDB", "11.4.2-MariaDB-ubu2404", all],
  ["10.11.2-MariaDB", "10.11.19-MariaDB", []],
  ["10.11.19-MariaDB", "10.11.19-MariaDB", []],
  ["11.4.2-MariaDB", "10.11.19-MariaDB", []],
  ["what is that?", "10.11.19-MariaDB", all],
])("tables of %s under a server %s: %j", async (tables, server, expected) => {
  info(tables);
  expect((await upgrade({ version: `mariadbd  Ver ${server} for Linux` })).tools).toEqual(expected);
});

test("the newer name of the file counts before the older", async () => {
  info("10.6.18-MariaDB");
  info("10.11.4-MariaDB", "mariadb_upgrade_info");
  expect((await upgrade()).tools).toEqual([]);
});

test("after an upgrade that has succeeded, tables of an unknown version are kept anew", async () => {
  writeFileSync(join(datadir, unknown), "of another time");
  expect((await upgrade()).tools).toEqual(all);
  expect(tablesIn(unknown)).toBe("-- tables\n");
  expect(readdirSync(datadir)).toEqual([unknown]);
});

test.each([{}, { MARIADB_AUTO_UPGRADE: "" }, { MARIADB_AUTO_UPGRADE: "0" }])(
  "with %j nothing is done, and no program started",
  async (env) => {
    info("10.6.18-MariaDB");
    expect(await upgrade({ env })).toMatchObject({ tools: [], versions: 0, said: [] });
  },
);

test("MARIADB_DISABLE_UPGRADE_BACKUP leaves the copy out", async () => {
  info("10.6.18-MariaDB");
  const env = { MARIADB_AUTO_UPGRADE: "yes", MARIADB_DISABLE_UPGRADE_BACKUP: "1" };
  expect((await upgrade({ env })).tools).toEqual(["mariadbd", "mariadb-upgrade"]);
});

test.each([
  ["10.6.18-MariaDB", backup],
  ["an unknown version", unknown],
])("the backup of %s stays until an upgrade has succeeded", async (version, name) => {
  info(version);
  writeFileSync(join(datadir, name), "of another time");
  await upgrade({ fails: "mariadb-upgrade" });
  expect(readFileSync(join(datadir, name), "utf8")).toBe("of another time");
  const { tools, said } = await upgrade({ dumps: (path) => writeFileSync(path, "-- half\n") });
  expect(said[1]).toBe(
    `info: an upgrade that was cut off has kept them in ${join(datadir, `${name}.unfinished`)}`,
  );
  expect(tools).toEqual(["mariadbd", "mariadb-upgrade"]);
  expect(tablesIn(name)).toBe("-- tables\n");
  expect(readdirSync(datadir)).toEqual(["mysql_upgrade_info", name]);
});

test("a link in the place of the dump is not followed", async () => {
  info("10.6.18-MariaDB");
  const other = join(datadir, "other");
  writeFileSync(other, "root's");
  symlinkSync(other, join(datadir, "galera-peers.backup.sql"));
  expect((await upgrade()).ended).toBeUndefined();
  expect(readFileSync(other, "utf8")).toBe("root's");
  expect(tablesIn(backup)).toBe("-- tables\n");
});

test("nor one that is put there meanwhile", async () => {
  info("10.6.18-MariaDB");
  const other = join(datadir, "other");
  writeFileSync(other, "root's");
  const { ended, files } = await upgrade({
    dumps: (path) => {
      rmSync(path);
      symlinkSync(other, path);
    },
  });
  expect(ended).toMatchObject({
    exitCode: 70,
    message: expect.stringMatching(/mariadb-dump has left nothing in .*galera-peers\.backup\.sql$/),
  });
  expect(files).toEqual(["mysql_upgrade_info", "other"]);
});

test.each(["mariadb-dump", "mariadb-upgrade"])("%s that fails ends the start", async (fails) => {
  info("10.6.18-MariaDB");
  const { ended, files } = await upgrade({ fails });
  expect(ended).toMatchObject({
    exitCode: 70,
    message: `the upgrade of the system tables: ${fails} failed (2): FATAL ERROR; to start without it, unset MARIADB_AUTO_UPGRADE`,
  });
  expect(existsSync(join(datadir, unfinished))).toBe(fails === "mariadb-upgrade");
  expect(files).not.toContain("galera-peers.backup.sql");
});

test("a server that does not say its version is a fault", async () => {
  info("10.6.18-MariaDB");
  expect((await upgrade({ version: "Segmentation fault\n" })).ended).toMatchObject({
    exitCode: 70,
    message: "mariadbd --version names no version (0): Segmentation fault",
  });
});

describe("a server begins with data of its own", () => {
  const position = (seqno: bigint, certain = true): Evidence => ({
    ...{ kind: "position", uuid, seqno, certain, safeToBootstrap: false },
  });
  const damage = undefined;
  const crashed: Evidence = {
    ...{ kind: "unrecovered", uuid, safeToBootstrap: false, certain: true },
    ...{ isBlank: false, damage },
  };
  test.each<[Evidence, readonly Purpose[]]>([
    [position(7n), ["found", "join"]],
    [position(-1n), ["found"]],
    [position(7n, false), ["found"]],
    [{ kind: "unclustered" }, ["found"]],
    [crashed, ["found"]],
    [{ kind: "empty" }, []],
    [{ kind: "initialised" }, []],
    [{ kind: "interrupted", by: "sst" }, []],
  ])("%o: %j", (evidence, expected) => {
    const purposes: readonly Purpose[] = ["found", "join", "discard"];
    expect(purposes.filter((one) => beginsWithOwnData(evidence, one))).toEqual(expected);
  });
});
