import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { requirePrograms } from "../../../src/server/initialise/script-programs.js";
import type { Script } from "../../../src/server/initialise/scripts.js";

const directory = mkdtempSync(join(tmpdir(), "programs-"));
afterAll(() => rmSync(directory, { recursive: true }));

const scripts: readonly Script[] = [
  { path: "/initdb/a.sql", kind: "sql" },
  { path: "/initdb/b.txt", kind: "ignored" },
  { path: "/initdb/c.sh", kind: "shell" },
  { path: "/initdb/d.sql.xz", kind: "xz" },
  { path: "/initdb/e.sql.xz", kind: "xz" },
];

test("programs that are missing are told, with the first file that needs them", () => {
  const env = { PATH: directory };
  symlinkSync("/bin/sh", join(directory, "bash"));
  let failure: unknown;
  try {
    requirePrograms(scripts, env);
  } catch (error) {
    failure = error;
  }
  expect(failure).toMatchObject({ exitCode: 78 });
  expect((failure as Error).message.split("\n").toSorted()).toEqual([
    "/initdb/a.sql needs the program mariadb, which is not there: install the package mariadb-client",
    "/initdb/d.sql.xz needs the program xz, which is not there: install the package xz-utils",
  ]);
  for (const name of ["mariadb", "xz"]) symlinkSync("/bin/sh", join(directory, name));
  expect(() => requirePrograms(scripts, env)).not.toThrow();
});

test("files that are not run need none", () => {
  const ignored = scripts.filter(({ kind }) => kind === "ignored");
  expect(() => requirePrograms(ignored, { PATH: "/nowhere" })).not.toThrow();
});
