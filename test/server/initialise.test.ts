import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initialisationNote } from "../../src/bootstrap/evidence.js";
import { clearInterrupted } from "../../src/server/initialise.js";

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

test.each([
  ["a position", { ibdata1: "data", "grastate.dat": position, [initialisationNote]: "" }],
  ["an SST that was cut off", { ibdata1: "data", sst_in_progress: "", [initialisationNote]: "" }],
  ["data without our note", { ibdata1: "data" }],
])("a datadir with %s is never cleared", (_, files) => {
  const before = disk(files);
  expect(() => clearInterrupted(datadir, () => {})).toThrow(/^held: .* is not cleared, since /);
  expect(readdirSync(datadir)).toEqual(before);
});

test("half an initialisation is cleared, but for what belongs to the volume", () => {
  disk({ ibdata1: "half", ".snapshot": "", [initialisationNote]: "" });
  clearInterrupted(datadir, () => {});
  expect(readdirSync(datadir)).toEqual([".snapshot"]);
});
