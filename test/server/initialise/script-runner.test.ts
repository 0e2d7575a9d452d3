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
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInitScripts, type ScriptPlace } from "../../../src/server/initialise/script-runner.js";
import { scriptArgs, sqlArgs } from "../../../src/server/initialise/script-shell.js";
import type { Script } from "../../../src/server/initialise/scripts.js";
import { systemClock } from "../../../src/system/clock.js";
import type { ProcessOptions } from "../../../src/system/processes.js";
import { createStandIn } from "./stand-in.js";

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "runner-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

const account = { uid: 4321, gid: 1234 };
const scripts: readonly Script[] = [
  { path: "/initdb/a.sql", kind: "sql" },
  { path: "/initdb/b.txt", kind: "ignored" },
  { path: "/initdb/c.sh", kind: "shell" },
  { path: "/initdb/d.sql.xz", kind: "xz" },
];

interface Ran {
  readonly words: readonly string[];
  readonly options: ProcessOptions;
}

/** Runs these files: what bash was called with, and what was said. */
async function runThem(given: readonly Script[], patch: Partial<ScriptPlace> = {}, fails?: string) {
  const { run } = createStandIn();
  const ran: Ran[] = [];
  const said: string[] = [];
  let server: Ran | undefined;
  let options = "";
  const place: ScriptPlace = {
    ...{ datadir, server: "mariadbd", serverArgs: [], user: [], account },
    ...{ rootPassword: "geheim", database: "shop", env: { MARIADB_PASSWORD: "p" } },
    ...{ finalStatements: ["FLUSH PRIVILEGES;", "SELECT 1;"], ...patch },
  };
  const ended = await runInitScripts(given, place, {
    ...{ clock: systemClock, signal: new AbortController().signal },
    log: (level, message) => said.push(`${level}: ${message}`),
    runProcess: async (file, args, processOptions) => {
      const one = { words: [file, ...args], options: processOptions };
      if (file === "mariadbd") {
        server = one;
        return run(args, processOptions);
      }
      ran.push(one);
      options = readFileSync(join(datadir, "my.cnf"), "utf8");
      expect(existsSync(join(datadir, "galera-peers.sock"))).toBe(true);
      return { exitCode: args.at(-1) === fails ? 3 : 0, output: "" };
    },
  }).catch((error: Error) => error);
  return { ran, said, ended, server, options };
}

test("files run in order as the server's user, then the last statements; then nothing is left", async () => {
  const { ran, said, ended, server, options } = await runThem(scripts);
  expect(ended).toBeUndefined();
  expect(ran.map(({ words }) => words)).toEqual([
    ["bash", ...scriptArgs("sql", "/initdb/a.sql")],
    ["bash", ...scriptArgs("shell", "/initdb/c.sh")],
    ["bash", ...scriptArgs("xz", "/initdb/d.sql.xz")],
    ["bash", ...sqlArgs],
  ]);
  expect(ran.map(({ options: { input } }) => input)).toEqual([
    ...["", "", ""],
    "FLUSH PRIVILEGES;\nSELECT 1;\n",
  ]);
  expect(ran.every(({ options: { output } }) => output === "pass")).toBe(true);
  expect(ran.every((one) => one.options.account === account)).toBe(true);
  const socket = join(datadir, "galera-peers.sock");
  expect(ran[0]?.options.env).toEqual({
    ...{ MARIADB_PASSWORD: "p", MARIADB_ROOT_PASSWORD: "geheim", MYSQL_ROOT_PASSWORD: "geheim" },
    ...{ MARIADB_DATABASE: "shop", MYSQL_DATABASE: "shop", SOCKET: socket, DATADIR: datadir },
    ...{ MARIADB_HOME: datadir, MYSQL_HOME: datadir },
  });
  expect(options).toBe(`[client]\nsocket="${socket}"\n`);
  expect(server?.words).toContain("--skip-log-bin");
  expect(server?.options.env).toBeUndefined();
  expect(server?.options.account).toBeUndefined();
  expect(said).toEqual([
    "warn: ignoring /initdb/b.txt: neither .sh nor .sql(.gz|.xz|.zst)",
    "info: running /initdb/a.sql",
    "info: running /initdb/c.sh",
    "info: running /initdb/d.sql.xz",
    "info: running the last statements",
  ]);
  expect(readdirSync(datadir)).toEqual([]);
});

test("nothing to run starts nothing", async () => {
  const { ran, said, server } = await runThem([{ path: "/initdb/b.txt", kind: "ignored" }]);
  expect([ran, server]).toEqual([[], undefined]);
  expect(said).toHaveLength(1);
});

test("without a password and a database both are empty, and there may be no last statement", async () => {
  const patch = { rootPassword: undefined, database: undefined, finalStatements: [] };
  const { ran } = await runThem(scripts.slice(0, 1), patch);
  expect(ran).toHaveLength(1);
  expect(ran[0]?.options.env).toMatchObject({ MARIADB_ROOT_PASSWORD: "", MYSQL_DATABASE: "" });
});

test("the first file that fails ends it", async () => {
  const { ran, ended, said } = await runThem(scripts, {}, "/initdb/c.sh");
  expect(ran).toHaveLength(2);
  expect(ended).toMatchObject({
    exitCode: 70,
    message:
      "initialisation: /initdb/c.sh failed (3): what it said is above; the next start begins anew, with an empty datadir",
  });
  expect(JSON.stringify([ended, said])).not.toContain("geheim");
  expect(readdirSync(datadir)).toEqual([]);
});

test("a link in the place of the client's options is not followed", async () => {
  const other = join(datadir, "other");
  writeFileSync(other, "root's");
  symlinkSync(other, join(datadir, "my.cnf"));
  const { ended, options } = await runThem(scripts);
  expect(ended).toBeUndefined();
  expect(options).toMatch(/^\[client\]/);
  expect(readFileSync(other, "utf8")).toBe("root's");
});
