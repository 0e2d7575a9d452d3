import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  describeEvidence,
  type Evidence,
  initialisationNote,
  readEvidence,
} from "../../src/bootstrap/evidence.js";
import { zeroUuid } from "../../src/galera/grastate.js";

const root = mkdtempSync(join(tmpdir(), "evidence-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const uuid = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";

function grastate(of: string, seqno: number, safe: 0 | 1): string {
  return `# GALERA saved state\nversion: 2.1\nuuid:    ${of}\nseqno:   ${seqno}\nsafe_to_bootstrap: ${safe}\n`;
}

let count = 0;

/** A datadir with these files; a name that ends in a slash is a directory. */
function datadir(files: Readonly<Record<string, string>>): string {
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

const sst: Evidence = { kind: "interrupted", by: "sst" };
const initialisation: Evidence = { kind: "interrupted", by: "initialisation" };
const empty: Evidence = { kind: "empty" };

describe("what a datadir tells", () => {
  test.each<[string, Readonly<Record<string, string>>, Evidence]>([
    ["nothing in it", {}, empty],
    ["what a new volume has", { "lost+found/": "" }, empty],
    ["hidden files", { ".snapshot/": "", ".keep": "" }, empty],
    ["initialised, and no more", data, { kind: "unclustered" }],
    ["some file", { "backup.sql": "" }, { kind: "unclustered" }],
    [
      "a clean stop",
      { ...data, "grastate.dat": grastate(uuid, 42, 0) },
      { kind: "position", uuid, seqno: 42n, safeToBootstrap: false },
    ],
    [
      "a clean stop as the last",
      { ...data, "grastate.dat": grastate(uuid, 42, 1) },
      { kind: "position", uuid, seqno: 42n, safeToBootstrap: true },
    ],
    [
      "a crash among others",
      { ...data, "grastate.dat": grastate(uuid, -1, 0), "gvwstate.dat": "my_uuid: x" },
      { kind: "position", uuid, seqno: -1n, safeToBootstrap: false },
    ],
    [
      "DDL in progress, or an aborted member",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 0) },
      { kind: "position", uuid: zeroUuid, seqno: -1n, safeToBootstrap: false },
    ],
    [
      "initialised by us, not started yet",
      { ...data, "grastate.dat": grastate(zeroUuid, -1, 1) },
      { kind: "position", uuid: zeroUuid, seqno: -1n, safeToBootstrap: true },
    ],
    [
      "an SST under way",
      { ...data, "grastate.dat": grastate(uuid, 7, 1), sst_in_progress: "" },
      sst,
    ],
    [
      "an SST's other marker",
      { ...data, "grastate.dat": grastate(uuid, 7, 1), "wsrep_sst.pid": "9" },
      sst,
    ],
    ["an SST's marker alone", { sst_in_progress: "" }, sst],
    ["an SST's marker beside our note", { sst_in_progress: "", [initialisationNote]: "" }, sst],
    [
      "a grastate.dat of 0 bytes, which Galera takes for safe",
      { ...data, "grastate.dat": "" },
      sst,
    ],
    ["a joiner before its SST", { "grastate.dat": grastate(zeroUuid, -1, 0) }, { kind: "empty" }],
    [
      "a joiner that found no cluster",
      { "grastate.dat": "", "galera.cache": "" },
      { kind: "empty" },
    ],
    ["an initialisation under way", { ...data, [initialisationNote]: "" }, initialisation],
    ["an initialisation that has just begun", { [initialisationNote]: "" }, initialisation],
    [
      "our note beside a grastate.dat, where it means nothing",
      { ...data, [initialisationNote]: "", "grastate.dat": grastate(uuid, 42, 1) },
      { kind: "position", uuid, seqno: 42n, safeToBootstrap: true },
    ],
  ])("%s", (_, files, evidence) => {
    expect(readEvidence(datadir(files))).toEqual(evidence);
  });

  test("a directory that is not there is empty", () => {
    expect(readEvidence(join(root, "none"))).toEqual(empty);
  });
});

describe("what cannot be read", () => {
  test("a line of grastate.dat is named: 65", () => {
    const directory = datadir({ ...data, "grastate.dat": "# GALERA saved state\nuuid: x\n" });
    expect(() => readEvidence(directory)).toThrow(
      expect.objectContaining({
        exitCode: 65,
        message: `${directory}/grastate.dat:2: not a uuid: "uuid: x"`,
      }),
    );
  });

  test("a grastate.dat that is none is named: 65", () => {
    const directory = datadir({ ...data, "grastate.dat/": "" });
    expect(() => readEvidence(directory)).toThrow(
      expect.objectContaining({
        exitCode: 65,
        message: expect.stringMatching(/grastate\.dat cannot be read: EISDIR/),
      }),
    );
  });

  test("a datadir that is a file: 78", () => {
    const file = join(datadir({ file: "" }), "file");
    expect(() => readEvidence(file)).toThrow(
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
  expect(readEvidence(directory)).toMatchObject({ kind: "position" });
  chmodSync(directory, 0o755);
});

describe("in one phrase", () => {
  const position = { kind: "position", uuid, seqno: 42n, safeToBootstrap: true } as const;

  test.each<[Evidence, string]>([
    [empty, "the datadir is empty"],
    [sst, "the datadir's SST was cut off"],
    [initialisation, "the datadir's initialisation was cut off"],
    [{ kind: "unclustered" }, "the datadir holds data that never belonged to a cluster"],
    [position, `the datadir stands at ${uuid}:42, safe_to_bootstrap 1`],
    [
      { ...position, seqno: -1n, safeToBootstrap: false },
      `the datadir belongs to cluster ${uuid}, not stopped cleanly, safe_to_bootstrap 0`,
    ],
    [
      { ...position, uuid: zeroUuid, seqno: -1n },
      "the datadir has no position, safe_to_bootstrap 1",
    ],
  ])("%#", (evidence, phrase) => {
    expect(describeEvidence(evidence)).toBe(phrase);
  });
});
