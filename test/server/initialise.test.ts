import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initialisationNote } from "../../src/bootstrap/datadir.js";
import type { Ledger } from "../../src/bootstrap/ledger.js";
import { saveLedger } from "../../src/bootstrap/store.js";
import {
  clearInterrupted,
  type InitialiseOptions,
  type InitialisePorts,
  initialise,
} from "../../src/server/initialise.js";
import { key } from "../agent/members.js";
import { founding, ledger, pods } from "../bootstrap/cluster.js";

const uuid = "6a6ea9ba-0000-11f0-8000-000000000001";
const position = `uuid: ${uuid}\nseqno: 7\nsafe_to_bootstrap: 0\n`;

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "initialise-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

function disk(files: Readonly<Record<string, string>>): string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(datadir, name), text);
  return readdirSync(datadir);
}

const silent = () => {};
/** The first founding of a cluster, which has not come to a primary component yet. */
const isNew: Ledger = { ...ledger(1, { view: { number: 0, members: pods(1) } }), uuid: undefined };

test.each<[string, Readonly<Record<string, string>>, Ledger | undefined]>([
  ["a position", { ibdata1: "data", "grastate.dat": position, [initialisationNote]: "" }, isNew],
  [
    "an SST that was cut off",
    { ibdata1: "", sst_in_progress: "", [initialisationNote]: "" },
    isNew,
  ],
  ["data without our note", { ibdata1: "data" }, undefined],
  ["data without our note, of a member", { ibdata1: "data" }, ledger(1)],
  [
    "databases of no cluster, from which one was to be founded",
    { ibdata1: "data" },
    { ...isNew, foundings: [founding(1)] },
  ],
])("a datadir with %s is never cleared", (_, files, remembered) => {
  const before = disk(files);
  expect(() => clearInterrupted(datadir, remembered, silent)).toThrow(
    /^held: .* is not cleared, since /,
  );
  expect(readdirSync(datadir)).toEqual(before);
});

test("half an initialisation is cleared, but for what belongs to the volume, and the ledger", () => {
  disk({ ibdata1: "half", ".snapshot": "", [initialisationNote]: "" });
  saveLedger(datadir, isNew);
  clearInterrupted(datadir, isNew, silent);
  expect(readdirSync(datadir)).toEqual([".snapshot", "galera-peers.ledger.log"]);
});

test("data without our note are not cleared, whatever the ledger says of a founding", () => {
  disk({ ibdata1: "a backup that somebody has put back by hand" });
  expect(() => clearInterrupted(datadir, isNew, silent)).toThrow(/never belonged to a cluster/);
  expect(readdirSync(datadir)).toEqual(["ibdata1"]);
});

describe("an initialisation", () => {
  const options: InitialiseOptions = {
    ...{ datadir: "", server: "mariadbd", serverArgs: ["--defaults-file=/my.cnf", "--x"] },
    ...{ user: ["--user=mysql"], byRoot: false, member: true, ledger: isNew },
    ...{
      ...{ serverUser: "mysql", key: undefined },
      accounts: { root: { kind: "password", password: "geheim" }, rootHost: "%" },
    },
  };

  /** Runs one: the tools with their arguments and input, what was said, and how it ended. */
  async function make(patch: Partial<InitialiseOptions> = {}, fails?: string) {
    const ran: { words: readonly string[]; input: string | undefined }[] = [];
    const said: string[] = [];
    const ports: InitialisePorts = {
      signal: new AbortController().signal,
      log: (_, message) => said.push(message),
      runProcess: async (file, args, { input }) => {
        ran.push({ words: [file, ...args], input });
        expect(readFileSync(join(datadir, initialisationNote), "utf8")).toMatch(/bootstrap: 1$/m);
        if (file === "mariadb-install-db") disk({ ibdata1: "" });
        const output = "[Note] a\n[ERROR] no space\n[Note] b\nAborting\n";
        return file === fails ? { exitCode: 1, output } : { exitCode: 0, output: "" };
      },
    };
    const ended = await initialise({ ...options, datadir, ...patch }, ports).catch(
      (error: Error) => error,
    );
    return { ran, said, ended, files: readdirSync(datadir).toSorted() };
  }

  test("makes databases, then accounts, alone and by the server's own options", async () => {
    const { ran, ended } = await make();
    expect(ended).toBeUndefined();
    const alone = "--wsrep-on=OFF --skip-log-bin --skip-networking --disable-log-error";
    const common = `--user=mysql --x --datadir=${datadir} ${alone}`;
    expect(ran.map(({ words }) => words.join(" "))).toEqual([
      `mariadb-install-db --defaults-file=/my.cnf --skip-test-db --auth-root-authentication-method=normal ${common}`,
      `mariadbd --defaults-file=/my.cnf ${common} --bootstrap`,
    ]);
    const [tables, accounts] = ran.map(({ input }) => input ?? "");
    expect(tables).toBe("");
    expect(accounts).toContain("ALTER USER root@localhost IDENTIFIED BY 'geheim';\n");
    expect(accounts).toContain("CREATE USER 'mysql'@localhost IDENTIFIED VIA unix_socket;\n");
    expect(ran.flatMap(({ words }) => words).join()).not.toContain("geheim");
  });

  test("leaves a member's datadir that may found, and a single node's without grastate.dat", async () => {
    expect((await make()).files).toEqual(["grastate.dat", "ibdata1"]);
    expect(readFileSync(join(datadir, "grastate.dat"), "utf8")).toMatch(/^safe_to_bootstrap: 1$/m);
    rmSync(join(datadir, "grastate.dat"));
    rmSync(join(datadir, "ibdata1"));
    const single = await make({ member: false, ledger: undefined });
    expect(single.files).toEqual(["ibdata1"]);
    expect(single.ran[1]?.input).not.toContain("unix_socket"); // no agent asks it anything
  });

  test.each([
    ["a name needs no secret", "mysql", key, /'mysql'@localhost IDENTIFIED VIA unix_socket;/],
    ["a UID without one has the key", undefined, key, /'galera-peers'@localhost IDENTIFIED BY '/],
    ["root's account is root's", "root", key, /'galera-peers'@localhost IDENTIFIED BY '/],
  ])("makes the agent's account: %s", async (_, serverUser, given, account) => {
    const { ran, said } = await make({ serverUser, key: given });
    const made = ran[1]?.input?.match(/^(CREATE USER|GRANT SUPER).*localhost.*$/gm);
    expect(made).toEqual([expect.stringMatching(account), expect.stringMatching(/^GRANT SUPER, /)]);
    expect(ran.flatMap(({ words }) => words).join() + said.join()).not.toMatch(
      /-Aa1|members share/,
    );
  });

  test.each<[Partial<InitialiseOptions>, string]>([
    [{ serverUser: undefined, key: undefined }, "there is neither a name nor a key"],
    [
      { serverUser: undefined, key, member: false, ledger: undefined },
      "a single node has no agent",
    ],
  ])("makes no account for an agent with %j: %s", async (patch) => {
    const { ran } = await make(patch);
    expect(ran[1]?.input).not.toMatch(/GRANT SUPER/);
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

  test.each(["mariadb-install-db", "mariadbd"])(
    "that fails in %s is known as one",
    async (fails) => {
      const { ended, files } = await make({}, fails);
      expect(ended).toMatchObject({
        ...{ exitCode: 70, message: `initialisation: ${fails} failed (1): [ERROR] no space` },
      });
      expect(files).toContain(initialisationNote);
      expect(files).not.toContain("grastate.dat");
    },
  );

  test("tells a random password once, and uses another one each time", async () => {
    const random = { accounts: { root: { kind: "random" }, rootHost: undefined } } as const;
    const passwords: string[] = [];
    for (const _ of [1, 2]) {
      const { said, ran } = await make(random);
      const [password = ""] = said.flatMap(
        (line) => line.match(/(?<=^GENERATED ROOT PASSWORD: ).*/) ?? [],
      );
      expect(ran[1]?.input).toContain(`IDENTIFIED BY '${password}';`);
      passwords.push(password);
      for (const file of readdirSync(datadir)) rmSync(join(datadir, file));
    }
    expect(new Set(passwords).size).toBe(2);
    expect(passwords[0]).toHaveLength(32);
  });
});
