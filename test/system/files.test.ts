import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flushTree } from "../../src/system/files.js";

test("a tree is flushed with whatever it holds; one that is not there is told", () => {
  const directory = mkdtempSync(join(tmpdir(), "flush-"));
  try {
    mkdirSync(join(directory, "mysql/empty"), { recursive: true });
    writeFileSync(join(directory, "mysql/db.frm"), "");
    symlinkSync("/nowhere", join(directory, "link"));
    expect(() => flushTree(directory)).not.toThrow();
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(() => flushTree(directory)).toThrow(/ENOENT/);
});
