import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { editOptions } from "../../src/cnf/edit.js";
import { refuseOverrides } from "../../src/cnf/includes.js";
import { mariadbReads } from "./oracle.js";

const root = mkdtempSync(join(tmpdir(), "cnf-includes-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const changes = { wsrep_node_name: "n0", wsrep_node_address: "10.0.0.1" };
let count = 0;

/** Edits `main` in a new directory with the other files; `@` stands for that directory. */
function edited(main: string, others: Record<string, string>) {
  const directory = join(root, String(count++));
  for (const [name, text] of Object.entries({ "main.cnf": main, ...others })) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    const placed = text.replaceAll("@", directory);
    writeFileSync(path, name === "main.cnf" ? editOptions(placed, changes) : placed);
  }
  const path = join(directory, "main.cnf");
  return { directory, path, refuse: (text: string) => refuseOverrides(path, text, changes) };
}

/** The value that mariadbd would take. */
function nodeNameIn(path: string): string | undefined {
  return mariadbReads(path)
    .options.match(/^--wsrep[-_]node[-_]name=.*$/gm)
    ?.at(-1)
    ?.slice(18);
}

const own = "[galera]\nwsrep_node_name=n0\n";
const other = "\n[mysqld]\nwsrep-node-name=other\n";

test.each<[string, string, Record<string, string>, RegExp]>([
  [
    "a file",
    `${own}!include @/o.cnf\n`,
    { "o.cnf": other },
    /\/o\.cnf:3: wsrep_node_name .*main\.cnf:4 includes/,
  ],
  [
    "a directory",
    `${own}!includedir @/d\n`,
    { "d/a.cnf": "", "d/.z.cnf": other },
    /d\/\.z\.cnf:3: /,
  ],
  [
    "a file through another",
    `${own}!include @/a.cnf\n`,
    { "a.cnf": "!includedir @/d/\n", "d/b.cnf": other },
    /\/d\/b\.cnf:3: /,
  ],
  [
    "after the option was added",
    "[galera]\na\n\n!include @/o.cnf\n",
    { "o.cnf": other },
    /o\.cnf:3/,
  ],
  [
    "a file that includes itself",
    `${own}!include @/o.cnf\n`,
    { "o.cnf": `!include @/o.cnf\n${other}` },
    /o\.cnf:4/,
  ],
])("refuses what would win: %s", (_, main, others, message) => {
  const { path, refuse } = edited(main, others);
  expect(nodeNameIn(path)).toBe("other");
  expect(() => refuse(readFileSync(path, "latin1"))).toThrow(
    expect.objectContaining({ exitCode: 78, message: expect.stringMatching(message) }),
  );
});

test.each<[string, string, Record<string, string>]>([
  ["before the own option", `!include @/o.cnf\n${own}`, { "o.cnf": other }],
  ["the same value", `${own}!include @/o.cnf\n`, { "o.cnf": "[server]\nwsrep_node_name='n0'\n" }],
  ["another option", `${own}!include @/o.cnf\n`, { "o.cnf": "[server]\nwsrep_on=ON\n" }],
  [
    "another program's group",
    `${own}!include @/o.cnf\n`,
    { "o.cnf": "[client]\nwsrep_node_name=x\n" },
  ],
  ["no such file", `${own}!include @/nowhere.cnf\n`, {}],
  ["not named .cnf", `${own}!includedir @/d\n`, { "d/a.cnf.bak": other, "d/b.cnf/x": other }],
])("accepts an include that changes nothing: %s", (_, main, others) => {
  const { path, refuse } = edited(main, others);
  expect(nodeNameIn(path)).toBe("n0");
  refuse(readFileSync(path, "latin1"));
});

test("an included file that anybody may write does not count", () => {
  const { directory, path, refuse } = edited(`${own}!include @/o.cnf\n`, { "o.cnf": other });
  chmodSync(join(directory, "o.cnf"), 0o666);
  expect(nodeNameIn(path)).toBe("n0");
  refuse(readFileSync(path, "latin1"));
});

test("a directory that is not there stops MariaDB, and us", () => {
  const { path, refuse } = edited(`${own}!includedir @/nowhere\n`, {});
  expect(mariadbReads(path).isRefused).toBe(true);
  expect(() => refuse(readFileSync(path, "latin1"))).toThrow(
    expect.objectContaining({ exitCode: 78, message: expect.stringContaining("/nowhere") }),
  );
});
