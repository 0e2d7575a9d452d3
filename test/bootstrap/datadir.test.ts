import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { initialisationNote, readEvidence } from "../../src/bootstrap/datadir.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { saveLedger, saveTold } from "../../src/bootstrap/store.js";
import { formatGrastate, zeroUuid } from "../../src/galera/grastate.js";
import { empty, ledger, halfSst as sst, uuid } from "./cluster.js";
import { crashed, initialisation, lost, position, remembered, unclustered } from "./evidences.js";

const root = mkdtempSync(join(tmpdir(), "evidence-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function grastate(of: string, seqno: number, safe: 0 | 1): string {
  return formatGrastate({ uuid: of, seqno: BigInt(seqno), safeToBootstrap: safe === 1 });
}

let count = 0;

type Files = Readonly<Record<string, string>>;

/** A datadir with these files; a name that ends in a slash is a directory. */
function datadir(files: Files): string {
  const directory = join(root, String(count++));
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(path, text);
  }
  return directory;
}

/** What every initialised datadir has. */
const data = { ibdata1: "", "mysql/user.frm": "", aria_log_control: "" };

type Told = Evidence | Readonly<Record<keyof typeof remembered, Evidence>>;

describe("what a datadir tells", () => {
  /** States of grastate.dat that real servers leave; the same for every ledger, or one for each. */
  test.each<[string, Files, Told]>([
    ["nothing in it", {}, empty],
    ["what a new volume has", { "lost+found/": "" }, empty],
    ["hidden files", { ".snapshot/": "", ".keep": "" }, empty],
    ["initialised, and no more", data, unclustered],
    ["some file", { "backup.sql": "" }, unclustered],
    ["a clean stop", { ...data, "grastate.dat": grastate(uuid, 42, 0) }, position(42n, false)],
    [
      "a clean stop as the last",
      { ...data, "grastate.dat": grastate(uuid, 42, 1) },
      position(42n, true),
    ],
    [
      "a clean stop before the first write",
      { ...data, "grastate.dat": grastate(uuid, 0, 1) },
      position(0n, true),
    ],
    [
      "a crash among others",
      { ...data, "grastate.dat": grastate(uuid, -1, 0), "gvwstate.dat": "my_uuid: x" },
      crashed({}),
    ],
    [
      "a crash alone",
      { ...data, "grastate.dat": grastate(uuid, -1, 1), "gvwstate.dat": "my_uuid: x" },
      crashed({ safeToBootstrap: true }),
    ],
    [
      "a DDL statement that a crash cut off, or an aborted member; or an SST",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 0) },
      {
        ...{ none: lost(false), join: lost(false), rejoin: lost(false), first: lost(false) },
        cluster: lost(true),
      },
    ],
    [
      "initialised by us, not started yet",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 1) },
      {
        ...{ none: lost(false, true), join: lost(false, true), rejoin: lost(false, true) },
        ...{ first: lost(false, true), cluster: lost(true, true) },
      },
    ],
    ["an SST", { ...data, "grastate.dat": grastate(zeroUuid, -1, 0), sst_in_progress: "" }, sst],
    [
      "an SST that has a uuid",
      { ...data, "grastate.dat": grastate(uuid, 7, 1), sst_in_progress: "" },
      sst,
    ],
    [
      "an SST's other marker",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 0), "wsrep_sst.pid": "9" },
      sst,
    ],
    [
      "the other marker of a donor",
      { ...data, "grastate.dat": grastate(uuid, 42, 0), "wsrep_sst.pid": "9" },
      position(42n, false),
    ],
    [
      "that of a donor that has crashed",
      { ...data, "grastate.dat": grastate(uuid, -1, 0), "wsrep_sst.pid": "9" },
      crashed({}),
    ],
    [
      "what mariabackup has received, its markers gone with its script",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 0), ".sst": "" },
      sst,
    ],
    [
      "the same in a datadir that was emptied for it",
      { "grastate.dat": grastate(zeroUuid, -1, 0), ".sst": "" },
      sst,
    ],
    [
      "the same beside data that came by another SST later",
      { ...data, "grastate.dat": grastate(uuid, 42, 0), ".sst": "" },
      position(42n, false),
    ],
    ["the other marker, and no grastate.dat", { ...data, "wsrep_sst.pid": "9" }, sst],
    [
      "an SST beside a torn grastate.dat",
      { ...data, "grastate.dat": "uu", sst_in_progress: "" },
      sst,
    ],
    ["an SST's marker alone", { sst_in_progress: "" }, sst],
    ["an SST's marker beside our note", { sst_in_progress: "", [initialisationNote]: "" }, sst],
    [
      "an SST that has not come to mysql",
      { ibdata1: "", "grastate.dat": grastate(zeroUuid, -1, 0) },
      sst,
    ],
    [
      "a grastate.dat of 0 bytes, which Galera takes for safe",
      { ...data, "grastate.dat": "" },
      {
        ...{
          none: lost(false, false, true),
          join: lost(false, false, true),
          rejoin: lost(false, false, true),
          first: lost(false, false, true),
        },
        cluster: lost(true, false, true),
      },
    ],
    ["0 bytes of grastate.dat, and half of the files", { ibdata1: "", "grastate.dat": "" }, sst],
    ["a joiner before its SST", { "grastate.dat": grastate(zeroUuid, -1, 0) }, empty],
    ["a joiner that found no cluster", { "grastate.dat": "", "galera.cache": "" }, empty],
    [
      "a joiner that found none before it wrote",
      { "grastate.dat": "", "gvwstate.dat": "", "gvwstate.dat.tmp": "" },
      empty,
    ],
    [
      "an initialisation under way; our note beside a cluster's ledger means nothing",
      { ...data, [initialisationNote]: "" },
      {
        ...{ none: initialisation, join: initialisation, first: initialisation },
        ...{ cluster: unclustered, rejoin: unclustered },
      },
    ],
    [
      "an initialisation that has just begun",
      { [initialisationNote]: "" },
      {
        ...{ none: initialisation, join: initialisation, first: initialisation },
        ...{ cluster: empty, rejoin: empty },
      },
    ],
    [
      "our note beside a grastate.dat, where it means nothing",
      { ...data, [initialisationNote]: "", "grastate.dat": grastate(uuid, 42, 1) },
      position(42n, true),
    ],
  ])("%s", (_, files, told) => {
    for (const [name, ledger] of Object.entries(remembered)) {
      const expected = "kind" in told ? told : told[name as keyof typeof remembered];
      expect({ [name]: readEvidence(datadir(files), ledger) }).toEqual({ [name]: expected });
    }
  });

  test("a directory that is not there is empty", () => {
    expect(readEvidence(join(root, "none"), undefined)).toEqual(empty);
  });

  describe("what is ours says nothing about the data", () => {
    const keep = (directory: string) => {
      saveLedger(directory, ledger(1));
      saveTold(directory, { status: "synced", current: undefined, primary: undefined });
      return directory;
    };

    test("in an empty datadir", () => {
      expect(readEvidence(keep(datadir({})), undefined)).toEqual(empty);
    });

    test("in a datadir of another cluster, or of none", () => {
      expect(readEvidence(keep(datadir(data)), undefined)).toEqual(unclustered);
    });

    test("also where a crash has cut off the writing of it", () => {
      const halves = {
        "galera-peers.ledger.new.log": "",
        "galera-peers.view.new.log": '{"ver',
      };
      expect(readEvidence(datadir(halves), undefined)).toEqual(empty);
    });
  });
});

describe("a grastate.dat that a power loss has damaged is recovered from InnoDB", () => {
  test.each([
    ["uuid: x", '2: not a uuid: "uuid: x"'],
    [`uuid: ${uuid}\nseqno: 4`, undefined],
    [`uuid: ${uuid}`, "1: no seqno in it"],
    [`uuid: ${uuid}\nseqno: 4x`, '3: not a seqno: "seqno: 4x"'],
    ["\0\0\0\0", '2: not a line of grastate.dat: "\\u0000\\u0000\\u0000\\u0000"'],
  ])("%j", (text, damage) => {
    const directory = datadir({ ...data, "grastate.dat": `# GALERA saved state\n${text}` });
    const evidence = readEvidence(directory, ledger(1));
    if (damage === undefined) expect(evidence).toMatchObject({ kind: "position", seqno: 4n });
    else {
      const named = `${directory}/grastate.dat:${damage}`;
      expect(evidence).toEqual(crashed({ uuid: undefined, isBlank: true, damage: named }));
    }
  });

  test("in a datadir without data it is nothing", () => {
    expect(readEvidence(datadir({ "grastate.dat": "\0\0" }), undefined)).toEqual(empty);
  });
});

describe("what cannot be read", () => {
  test("a grastate.dat that is none is named: 65", () => {
    const directory = datadir({ ...data, "grastate.dat/": "" });
    expect(() => readEvidence(directory, undefined)).toThrow(
      expect.objectContaining({
        exitCode: 65,
        message: expect.stringMatching(/grastate\.dat cannot be read: EISDIR/),
      }),
    );
  });

  test("a datadir that is a file: 78", () => {
    const file = join(datadir({ file: "" }), "file");
    expect(() => readEvidence(file, undefined)).toThrow(
      expect.objectContaining({
        exitCode: 78,
        message: expect.stringMatching(/^the datadir .*file cannot be read: ENOTDIR/),
      }),
    );
  });
});

test("nothing is changed by looking", () => {
  const directory = datadir({ ...data, "grastate.dat": grastate(uuid, 42, 1) });
  chmodSync(directory, 0o555);
  expect(readEvidence(directory, undefined)).toMatchObject({ kind: "position" });
  chmodSync(directory, 0o755);
});
