import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findScripts } from "../../../src/server/initialise/scripts.js";
import { exitCode } from "../../../src/system/failure.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "scripts-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("files are taken in the POSIX locale's order, each by its whole ending", () => {
  const names = ["b.sql", "10.sh", "2.sh", "B.sql", "a b.sql.gz", "é.sql.xz", "z.sql.zst", "x.tar"];
  for (const name of [...names, ".hidden.sql", "read.me", "x.gz", "sql"]) {
    writeFileSync(join(directory, name), "");
  }
  mkdirSync(join(directory, "folder"));
  mkdirSync(join(directory, "..data"));
  symlinkSync(join(directory, "b.sql"), join(directory, "c.sql")); // as a ConfigMap's
  expect(
    findScripts(directory).map(({ path, kind }) => [path.slice(directory.length + 1), kind]),
  ).toEqual([
    ["10.sh", "shell"],
    ["2.sh", "shell"],
    ["B.sql", "sql"],
    ["a b.sql.gz", "gzip"],
    ["b.sql", "sql"],
    ["c.sql", "sql"],
    ["folder", "ignored"],
    ["read.me", "ignored"],
    ["sql", "ignored"],
    ["x.gz", "ignored"],
    ["x.tar", "ignored"],
    ["z.sql.zst", "zstd"],
    ["é.sql.xz", "xz"],
  ]);
});

test("no directory is no scripts", () => {
  expect(findScripts(join(directory, "none"))).toEqual([]);
});

test("what is no directory is told", () => {
  const file = join(directory, "file");
  writeFileSync(file, "");
  expect(() => findScripts(file)).toThrow(
    expect.objectContaining({
      exitCode: exitCode.config,
      message: expect.stringMatching(/^the scripts in .*\/file cannot be read: ENOTDIR/),
    }),
  );
});

test.each(["x.tar.gz", "x.tar.xz", "x.tar.zst"])("%s is a backup, and refused", (name) => {
  writeFileSync(join(directory, name), "");
  expect(() => findScripts(directory)).toThrow(
    expect.objectContaining({
      exitCode: exitCode.config,
      message: expect.stringContaining(
        `${join(directory, name)}: to restore a backup is not offered`,
      ),
    }),
  );
});
