import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialisationNote } from "../../../src/bootstrap/datadir.js";
import type { Ledger } from "../../../src/bootstrap/ledger.js";
import {
  type InitialiseOptions,
  type InitialisePorts,
  initialise,
} from "../../../src/server/initialise/initialise.js";
import type { ScriptPlace } from "../../../src/server/initialise/script-runner.js";
import type { Script } from "../../../src/server/initialise/scripts.js";
import type { TimeZones } from "../../../src/server/initialise/time-zones.js";
import { key } from "../../agent/members.js";
import { ledger, pods } from "../../bootstrap/cluster.js";

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "initialise-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

function disk(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(datadir, name), text);
}

/** The first founding of a cluster, which has not come to a primary component yet. */
const isNew: Ledger = { ...ledger(1, { view: { number: 0, members: pods(1) } }), uuid: undefined };
const hash = `*${"A1".repeat(20)}`;
const scripts: readonly Script[] = [{ path: "/initdb.d/a.sql", kind: "sql" }];

const options: InitialiseOptions = {
  ...{ datadir: "", server: "mariadbd", serverArgs: ["--defaults-file=/my.cnf", "--x"] },
  inFiles: () => undefined,
  ...{ user: ["--user=mysql"], byRoot: false, member: true, ledger: isNew },
  ...{ serverUser: "mysql", key: undefined, scripts: [] },
  accounts: { root: { kind: "password", password: "geheim" }, rootHost: "%" },
};

/** Runs one: the tools with their arguments and input, what was said, and how it ended. */
async function make(
  patch: Partial<InitialiseOptions> = {},
  fails?: string,
  zones: TimeZones = { kind: "sql", sql: "USE mysql;\nINSERT INTO zones;" },
) {
  const ran: { words: readonly string[]; input: string }[] = [];
  const said: string[] = [];
  const placed: ScriptPlace[] = [];
  const underWay = () =>
    expect(readFileSync(join(datadir, initialisationNote), "utf8")).toMatch(/bootstrap: 1$/m);
  const ports: InitialisePorts = {
    signal: new AbortController().signal,
    log: (_, message) => {
      if (message.startsWith("GENERATED")) underWay();
      said.push(message);
    },
    runProcess: async (file, args, { input, inputIsFile }) => {
      expect(inputIsFile).toBe(true); // mariadb-install-db opens it by its path
      ran.push({ words: [file, ...args], input });
      underWay();
      if (file === "mariadb-install-db") disk({ ibdata1: "" });
      const output = "[Note] a\n[ERROR] no space\n[Note] b\nAborting\n";
      return file === fails ? { exitCode: 1, output } : { exitCode: 0, output: "" };
    },
    readTimeZones: async () => zones,
    runScripts: async (_, place) => {
      expect(ran).toHaveLength(1);
      underWay();
      placed.push(place);
    },
  };
  const ended = await initialise({ ...options, datadir, ...patch }, ports).catch(
    (error: Error) => error,
  );
  const files = readdirSync(datadir).toSorted();
  return { ran, said, ended, files, placed, input: ran[0]?.input ?? "" };
}

test("makes databases and accounts in one pass, alone and by the server's own options", async () => {
  const { ran, ended, input } = await make();
  expect(ended).toBeUndefined();
  const own = `--datadir=${datadir} --wsrep-on=OFF --skip-networking --disable-log-error --skip-log-bin`;
  expect(ran.map(({ words }) => words.join(" "))).toEqual([
    `mariadb-install-db --defaults-file=/my.cnf --rpm --cross-bootstrap --skip-test-db --auth-root-authentication-method=normal --extra-file=/dev/stdin --user=mysql --x ${own} --debug-no-sync`,
  ]);
  expect(input).toContain("ALTER USER root@localhost IDENTIFIED BY 'geheim';\n");
  expect(input).toContain("CREATE USER 'mysql'@localhost IDENTIFIED VIA unix_socket;\n");
  expect(ran.flatMap(({ words }) => words).join()).not.toContain("geheim");
});

test("arguments that mariadb-install-db would take apart are left to the server", async () => {
  const { ran } = await make({ serverArgs: ["--init-connect=SET NAMES utf8", "--x"] });
  expect(ran[0]?.words).toContain("--x");
  expect(ran[0]?.words.join(" ")).not.toContain("--init-connect");
});

test.each<[string, Partial<InitialiseOptions>]>([
  ["on the command line", { serverArgs: ["--innodb-log-group-home-dir=/log"] }],
  ["in an option file", { inFiles: (name) => (name === "aria_log_dir_path" ? "/log" : undefined) }],
])(
  "what is made elsewhere than in the datadir is flushed by who makes it: %s",
  async (_, patch) => {
    const { ran } = await make(patch);
    expect(ran[0]?.words).not.toContain("--debug-no-sync");
  },
);

test("the pass begins with what literals mean, then come time zones, then accounts", async () => {
  const { input } = await make();
  expect(input.split("\n").slice(0, 5)).toEqual([
    ...["SET NAMES utf8mb4;", "SET SESSION sql_mode='';"],
    ...["USE mysql;", "INSERT INTO zones;", "FLUSH PRIVILEGES;"],
  ]);
});

test("does without time zones where there are none, and says so", async () => {
  const { input, said, ended } = await make({}, undefined, { kind: "none", why: "no such file" });
  expect(ended).toBeUndefined();
  expect(said).toContain("no named time zones: no such file");
  expect(input).not.toContain("zones");
});

test("does without time zones where the environment leaves them out", async () => {
  const accounts = { ...options.accounts, skipsTimeZones: true };
  const { input, said } = await make({ accounts });
  expect(said).toEqual([`initialising ${datadir}`]);
  expect(input).not.toContain("zones");
});

test("leaves a member's datadir that may found, and a single node's without grastate.dat", async () => {
  expect((await make()).files).toEqual(["grastate.dat", "ibdata1"]);
  expect(readFileSync(join(datadir, "grastate.dat"), "utf8")).toMatch(/^safe_to_bootstrap: 1$/m);
  rmSync(join(datadir, "grastate.dat"));
  rmSync(join(datadir, "ibdata1"));
  const single = await make({ member: false, ledger: undefined });
  expect(single.files).toEqual(["ibdata1"]);
  expect(single.input).not.toContain("unix_socket"); // no agent asks it anything
});

test.each([
  ["a name needs no secret", "mysql", key, /'mysql'@localhost IDENTIFIED VIA unix_socket;/],
  ["a UID without one has the key", undefined, key, /'galera-peers'@localhost IDENTIFIED BY '/],
  ["root's account is root's", "root", key, /'galera-peers'@localhost IDENTIFIED BY '/],
])("makes the agent's account: %s", async (_, serverUser, given, account) => {
  const { ran, said, input } = await make({ serverUser, key: given });
  const made = input.match(/^(CREATE USER|GRANT SUPER).*localhost.*$/gm);
  expect(made).toEqual([expect.stringMatching(account), expect.stringMatching(/^GRANT SUPER, /)]);
  expect(ran.flatMap(({ words }) => words).join() + said.join()).not.toMatch(/-Aa1|members share/);
});

test.each<[Partial<InitialiseOptions>, string]>([
  [{ serverUser: undefined, key: undefined }, "there is neither a name nor a key"],
  [{ serverUser: undefined, key, member: false, ledger: undefined }, "a single node has no agent"],
])("makes no account for an agent with %j: %s", async (patch) => {
  const { input } = await make(patch);
  expect(input).not.toMatch(/GRANT SUPER/);
});

test("begins anew where one was cut off", async () => {
  disk({ half: "", [initialisationNote]: "" });
  const { said, files } = await make();
  expect(files).toEqual(["grastate.dat", "ibdata1"]);
  expect(said).toEqual([
    `clearing ${datadir} of what a start that was cut off left: half`,
    `initialising ${datadir}`,
  ]);
});

test("one that fails is known as one", async () => {
  const fails = "mariadb-install-db";
  const { ended, files, placed } = await make({ scripts }, fails);
  expect(ended).toMatchObject({
    ...{ exitCode: 70, message: `initialisation: ${fails} failed (1): [ERROR] no space` },
  });
  expect(files).toContain(initialisationNote);
  expect(files).not.toContain("grastate.dat");
  expect(placed).toEqual([]);
});

test("nothing is touched without a root option", async () => {
  disk({ kept: "", [initialisationNote]: "" });
  const { ended, ran, files } = await make({ accounts: { root: undefined, rootHost: "%" } });
  expect(ended).toMatchObject({ exitCode: 78 });
  expect(ran).toEqual([]);
  expect(files).toContain("kept");
});

test("tells a random password once, while a kill would begin anew, and another one each time", async () => {
  const random = { accounts: { root: { kind: "random" }, rootHost: undefined }, scripts } as const;
  const passwords: string[] = [];
  for (const _ of [1, 2]) {
    const { said, input, placed } = await make(random);
    const told = said.flatMap((line) => line.match(/(?<=^GENERATED ROOT PASSWORD: ).*/) ?? []);
    expect(told).toHaveLength(1);
    expect(input).toContain(`IDENTIFIED BY '${told[0]}';`);
    expect(placed[0]?.rootPassword).toBe(told[0]);
    passwords.push(...told);
    for (const file of readdirSync(datadir)) rmSync(join(datadir, file));
  }
  expect(new Set(passwords).size).toBe(2);
  expect(passwords[0]).toMatch(/^[\w-]{28}-Aa1$/); // of each class that a password check may want
});

test("what is set in vain is told", async () => {
  const { said } = await make({ accounts: { ...options.accounts, notes: ["in vain"] } });
  expect(said).toContain("in vain");
});

test("the user's scripts get where to run, and the variables", async () => {
  const variables = { MARIADB_DATABASE: "shop", MARIADB_USER: "u" };
  const accounts = { ...options.accounts, database: "shop", variables };
  const { placed, ended } = await make({ scripts, accounts, byRoot: true });
  expect(ended).toBeUndefined();
  const { uid, gid } = statSync(datadir);
  expect(placed).toEqual([
    {
      ...{ datadir, server: "mariadbd", serverArgs: options.serverArgs, user: ["--user=mysql"] },
      ...{ account: { uid, gid }, rootPassword: "geheim", database: "shop" },
      env: expect.objectContaining({ ...variables, MYSQL_USER: "u", MARIADB_PASSWORD: "" }),
      finalStatements: [],
    },
  ]);
});

test("who is not root runs scripts as itself; an empty password is none", async () => {
  const accounts = { root: { kind: "empty" }, rootHost: undefined } as const;
  const { placed } = await make({ scripts, accounts });
  expect(placed).toMatchObject([{ account: undefined, rootPassword: undefined }]);
});

test("root@localhost has a password of its own while scripts run, and the hash after them", async () => {
  const accounts = { root: { kind: "hash", hash }, rootHost: "%" } as const;
  const set = `ALTER USER root@localhost IDENTIFIED BY PASSWORD '${hash}';`;
  const { placed, input, said } = await make({ accounts, scripts });
  const [{ rootPassword = "", finalStatements = [] } = {}] = placed;
  expect(rootPassword).toMatch(/^[\w-]{32}$/);
  expect(input.trimEnd().split("\n").at(-1)).toBe(
    `ALTER USER root@localhost IDENTIFIED BY '${rootPassword}';`,
  );
  expect(input).toContain(`CREATE USER root@'%' IDENTIFIED BY PASSWORD '${hash}';`);
  expect(finalStatements).toEqual([set]);
  expect(said.join()).not.toContain(rootPassword);
});

test.each<[string, readonly Script[]]>([
  ["no files", []],
  ["files that are not run", [{ path: "/initdb.d/README", kind: "ignored" }]],
])("with %s root@localhost has the hash at once", async (_, files) => {
  const accounts = { root: { kind: "hash", hash }, rootHost: undefined } as const;
  const { placed, input } = await make({ accounts, scripts: files });
  expect(input.match(/ALTER USER .*/g)).toEqual([
    `ALTER USER root@localhost IDENTIFIED BY PASSWORD '${hash}';`,
  ]);
  expect(placed.flatMap(({ finalStatements }) => finalStatements)).toEqual([]);
  expect(placed).toHaveLength(files.length);
});
