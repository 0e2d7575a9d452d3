import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readEvidence } from "../../src/bootstrap/datadir.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { zeroUuid } from "../../src/galera/grastate.js";
import { hasPosition, type Purpose, prepareState } from "../../src/server/repair.js";
import { at, empty, halfSst, ledger, uuid } from "../bootstrap/cluster.js";

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "repair-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

function disk(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(datadir, name), text);
}

function text(of: string, seqno: number, safe: 0 | 1): string {
  return `# GALERA saved state
version: 2.1
uuid:    ${of}
seqno:   ${seqno}
safe_to_bootstrap: ${safe}
`;
}

const nowhere = text(zeroUuid, -1, 0);
const purposes = ["found", "join", "discard"] as const;

/** grastate.dat before a founder's, a joiner's, and a start that gives its data up. */
describe("grastate.dat says what was decided", () => {
  const untouched = "as it was";
  test.each<[string, Evidence, Readonly<Record<Purpose, string>>]>([
    ["a position", at(9), { found: text(uuid, 9, 1), join: text(uuid, 9, 0), discard: nowhere }],
    [
      "a position of the last to leave",
      at(9, { safeToBootstrap: true }),
      { found: text(uuid, 9, 1), join: text(uuid, 9, 0), discard: nowhere },
    ],
    [
      "a position before the first write",
      at(-1),
      { found: text(uuid, -1, 1), join: text(uuid, -1, 0), discard: nowhere },
    ],
    [
      "what may be half of an SST",
      at(9, { certain: false }),
      { found: text(uuid, 9, 1), join: nowhere, discard: nowhere },
    ],
    [
      "what is half of an SST",
      halfSst,
      { found: text(zeroUuid, -1, 1), join: nowhere, discard: nowhere },
    ],
    [
      "a new datadir",
      { kind: "initialised" },
      { found: text(zeroUuid, -1, 1), join: nowhere, discard: nowhere },
    ],
    ...(
      [
        ["nothing", empty],
        ["databases of no cluster", { kind: "unclustered" }],
        ["half of an initialisation", { kind: "interrupted", by: "initialisation" }],
      ] as const
    ).map(([name, evidence]): [string, Evidence, Record<Purpose, string>] => [
      name,
      evidence,
      { found: untouched, join: untouched, discard: untouched },
    ]),
  ])("%s", (_, evidence, expected) => {
    for (const purpose of purposes) {
      disk({ "grastate.dat": untouched });
      prepareState(datadir, evidence, purpose);
      expect(`${purpose}: ${readFileSync(join(datadir, "grastate.dat"), "utf8")}`).toBe(
        `${purpose}: ${expected[purpose]}`,
      );
    }
    expect(readdirSync(datadir)).toEqual(["grastate.dat"]);
  });

  test("one that is not there is made, for who has something to say", () => {
    prepareState(datadir, empty, "join");
    expect(readdirSync(datadir)).toEqual([]);
    prepareState(datadir, at(9), "join");
    expect(readFileSync(join(datadir, "grastate.dat"), "utf8")).toBe(text(uuid, 9, 0));
  });

  test("one that says it already is left alone", () => {
    disk({ "grastate.dat": text(uuid, 9, 0).replace("2.1", "2.2") });
    const { ino } = statSync(join(datadir, "grastate.dat"));
    prepareState(datadir, at(9), "join");
    expect(statSync(join(datadir, "grastate.dat")).ino).toBe(ino);
    prepareState(datadir, at(9), "found");
    expect(readFileSync(join(datadir, "grastate.dat"), "utf8")).toBe(text(uuid, 9, 1));
  });

  test("it has the owner of its directory, who alone may write it", () => {
    if (process.getuid?.() === 0) chownSync(datadir, 4567, 4568);
    const { uid, gid } = statSync(datadir);
    prepareState(datadir, at(9), "join");
    const { mode, ...owner } = statSync(join(datadir, "grastate.dat"));
    expect({ mode: mode & 0o7777, uid: owner.uid, gid: owner.gid }).toEqual({
      mode: 0o660,
      uid,
      gid,
    });
  });
});

test.each<[string, Purpose, Evidence, boolean, string, boolean]>([
  ["goes", "join", at(9), false, "view", false],
  ["stays with sole-peer, for who joins", "join", at(9), true, "view", true],
  ["goes, where it is empty", "join", at(9), true, "", false],
  ["goes, for who founds", "found", at(9), true, "view", false],
  ["goes with half of an SST", "join", halfSst, true, "view", false],
  ["goes with data that are given up", "discard", at(9), true, "view", false],
])("gvwstate.dat %s", (_, purpose, evidence, keepsView, view, isThere) => {
  disk({ "gvwstate.dat": view });
  prepareState(datadir, evidence, purpose, keepsView);
  expect(existsSync(join(datadir, "gvwstate.dat"))).toBe(isThere);
});

test("a datadir that is not there stays so", () => {
  rmSync(datadir, { recursive: true });
  prepareState(datadir, empty, "join");
  expect(existsSync(datadir)).toBe(false);
  writeFileSync(datadir, ""); // afterEach removes it
});

test.each<[string, Evidence]>([
  ["data", at(9)],
  ["nothing", empty],
  ["half of an SST", halfSst],
])("gvwstate.dat, which names a component to wait for, goes: %s", (_, evidence) => {
  for (const purpose of purposes) {
    disk({ "gvwstate.dat": "" });
    prepareState(datadir, evidence, purpose);
    expect(existsSync(join(datadir, "gvwstate.dat"))).toBe(false);
  }
});

describe("an SST that was cut off is known as one until the next has ended", () => {
  const files = (purpose: Purpose, before: Readonly<Record<string, string>>) => {
    disk(before);
    prepareState(datadir, halfSst, purpose);
    return readdirSync(datadir).toSorted();
  };

  test.each<[Purpose, Readonly<Record<string, string>>]>([
    ["join", { "wsrep_sst.pid": "17" }],
    ["join", { "wsrep_sst.pid": "17", sst_in_progress: "" }],
    ["join", { sst_in_progress: "" }],
    ["discard", { "wsrep_sst.pid": "17" }],
  ])("%s: %j", (purpose, before) => {
    expect(files(purpose, before)).toEqual(["grastate.dat", "sst_in_progress"]);
    expect(readEvidence(datadir, ledger(3))).toEqual(halfSst);
  });

  test.each<[Readonly<Record<string, string>>]>([
    [{ "wsrep_sst.pid": "17" }],
    [{ sst_in_progress: "" }],
    [{ "wsrep_sst.pid": "17", sst_in_progress: "" }],
  ])("unless a human lets it found: %j", (before) => {
    expect(files("found", before)).toEqual(["grastate.dat"]);
  });

  test.each(purposes)("a donor's PID file goes, and says nothing of its data: %s", (purpose) => {
    disk({ "wsrep_sst.pid": "17" });
    prepareState(datadir, at(9), purpose);
    expect(readdirSync(datadir)).toEqual(["grastate.dat"]);
  });

  const collected = join(".sst", "ibdata1");

  test.each<[string, Evidence, readonly string[]]>([
    ["half of an SST", halfSst, ["grastate.dat", "sst_in_progress"]],
    ["data that came by another one later", at(9), ["grastate.dat"]],
  ])("what mariabackup had received goes, beside %s", (_, evidence, left) => {
    mkdirSync(join(datadir, ".sst"));
    disk({ [collected]: "pages" });
    prepareState(datadir, evidence, "join");
    expect(readdirSync(datadir).toSorted()).toEqual(left);
    expect(readEvidence(datadir, ledger(3)).kind).toBe(evidence.kind);
  });

  test("but not where a human takes what is there for whole", () => {
    mkdirSync(join(datadir, ".sst"));
    disk({ [collected]: "pages" });
    prepareState(datadir, halfSst, "found");
    expect(readdirSync(datadir).toSorted()).toEqual([".sst", "grastate.dat"]);
  });

  test.each(purposes)("the scripts' other PID files go: %s", (purpose) => {
    disk({ "rsync_sst.pid": "9", "rsync_sst.conf": "", "stunnel.pid": "9", "stunnel.conf": "" });
    prepareState(datadir, at(9), purpose);
    expect(readdirSync(datadir)).toEqual(["grastate.dat"]);
  });

  test("where none was, none is said", () => {
    prepareState(datadir, at(9), "join");
    expect(readdirSync(datadir)).toEqual(["grastate.dat"]);
  });

  test("a crash at any step leaves what says so", () => {
    // grastate.dat is written, the PID file is still there: the next start repeats the rest.
    disk({ "wsrep_sst.pid": "17", "grastate.dat": nowhere });
    expect(readEvidence(datadir, ledger(3))).toEqual(halfSst);
    disk({ sst_in_progress: "" });
    expect(readEvidence(datadir, ledger(3))).toEqual(halfSst);
    rmSync(join(datadir, "wsrep_sst.pid"));
    expect(readEvidence(datadir, ledger(3))).toEqual(halfSst);
  });
});

test.each<[string, Evidence, readonly Purpose[]]>([
  ["data", at(9), ["found", "join"]],
  ["what may be half of an SST", at(9, { certain: false }), ["found"]],
  ["what is half of one", halfSst, []],
  ["a new datadir", { kind: "initialised" }, []],
  ["nothing", empty, []],
])("the server starts from a position with %s, or not", (_, evidence, expected) => {
  expect(purposes.filter((purpose) => hasPosition(evidence, purpose))).toEqual(expected);
});
