import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportedVariables, readVariables } from "../../src/server/initialise/variables.js";

const text = readFileSync("docs/official-image.md", "utf8");
const rows = text
  .split("\n")
  .map((line) => line.split("|")[1] ?? "")
  .filter((cell) => /`(MARIADB|MYSQL)_\w+`/.test(cell));

/** Every name of a cell, and whether it has the star of those that may be in a file. */
const documented = new Map(
  rows.flatMap((cell) =>
    [...cell.matchAll(/`((?:MARIADB|MYSQL)_\w+)`(\*?)/g)].map(([, name = "", star]) => [
      name,
      star === "*",
    ]),
  ),
);

/** Whether it is read from a file: one that is not there is then told. */
function mayBeFile(name: string): boolean {
  const problems: string[] = [];
  readVariables({ [`${name}_FILE`]: "/nowhere" }, problems);
  return problems.length > 0;
}

test.each(Object.keys(exportedVariables({})))("%s is in the table, with its file", (name) => {
  expect(documented.get(name)).toBe(mayBeFile(name));
});

test("the table has nothing else but what is said not to be ours", () => {
  const others = [...documented.keys()].filter((name) => !(name in exportedVariables({})));
  expect(others).toEqual([
    ...["MARIADB_MASTER_PORT", "MARIADB_AUTO_UPGRADE", "MARIADB_DISABLE_UPGRADE_BACKUP"],
  ]);
});
