import {
  lstatSync,
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
import { initialisationNote } from "../../../src/bootstrap/datadir.js";
import type { Ledger } from "../../../src/bootstrap/ledger.js";
import { saveLedger } from "../../../src/bootstrap/store.js";
import { beginInitialisation, clearInterrupted } from "../../../src/server/initialise/under-way.js";
import { founding, ledger, pods } from "../../bootstrap/cluster.js";
import { listenAt } from "./stand-in.js";

const uuid = "6a6ea9ba-0000-11f0-8000-000000000001";
const position = `uuid: ${uuid}\nseqno: 7\nsafe_to_bootstrap: 0\n`;

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "under-way-"));
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
])("a datadir with %s is never cleared", async (_, files, remembered) => {
  const before = disk(files);
  await expect(clearInterrupted({ datadir, ledger: remembered }, silent)).rejects.toThrow(
    /^held: .* is not cleared, since /,
  );
  expect(readdirSync(datadir)).toEqual(before);
});

test("half an initialisation is cleared, but for what belongs to the volume, and the ledger", async () => {
  disk({ ibdata1: "half", ".snapshot": "", [initialisationNote]: "" });
  saveLedger(datadir, isNew);
  await clearInterrupted({ datadir, ledger: isNew }, silent);
  expect(readdirSync(datadir)).toEqual([".snapshot", "galera-peers.ledger.log"]);
});

test("data without our note are not cleared, whatever the ledger says of a founding", async () => {
  disk({ ibdata1: "a backup that somebody has put back by hand" });
  await expect(clearInterrupted({ datadir, ledger: isNew }, silent)).rejects.toThrow(
    /never belonged to a cluster/,
  );
  expect(readdirSync(datadir)).toEqual(["ibdata1"]);
});

test("the note is a file of its own where a link leads elsewhere", async () => {
  const other = join(datadir, ".other");
  writeFileSync(other, "root's");
  symlinkSync(other, join(datadir, initialisationNote));
  await beginInitialisation({ datadir, ledger: isNew }, silent);
  expect(lstatSync(join(datadir, initialisationNote)).isFile()).toBe(true);
  expect(readFileSync(other, "utf8")).toBe("root's");
  expect(readdirSync(datadir).toSorted()).toEqual([".other", initialisationNote]);
});

test.each([beginInitialisation, clearInterrupted])(
  "%o clears nothing under a server that is still there",
  async (clear) => {
    disk({ ibdata1: "half", [initialisationNote]: "" });
    await using _ = await listenAt(join(datadir, "galera-peers.sock"));
    await expect(clear({ datadir, ledger: isNew }, silent)).rejects.toMatchObject({ exitCode: 70 });
    expect(readFileSync(join(datadir, "ibdata1"), "utf8")).toBe("half");
  },
);
