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
import { joining, type Ledger } from "../../src/bootstrap/ledger.js";
import {
  foldTold,
  isOwnFile,
  loadLedger,
  loadTold,
  readFolded,
  saveLedger,
  saveTold,
  type Told,
} from "../../src/bootstrap/store.js";
import { founding, ledger, otherUuid, pods, uuid } from "./cluster.js";

let directory: string;
let ledgerPath: string;
let viewPath: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "store-"));
  ledgerPath = join(directory, "galera-peers.ledger.log");
  viewPath = join(directory, "galera-peers.view.log");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The server has told of a primary component. */
const told = (number: number, members = 3, synced = true, of = uuid): Told => {
  const view = { number, members: pods(members) };
  return {
    status: "synced",
    current: { primary: true, view },
    primary: { uuid: of, view, synced },
  };
};

const full: Ledger = ledger(2, {
  foundings: [founding(1), founding(2, 2n ** 62n)],
  joining: [founding(1)],
  discarded: [1, 2],
});

test("a ledger is read as it was written, and is a line of JSON", () => {
  saveLedger(directory, full);
  expect(loadLedger(directory)).toEqual(full);
  expect(readFileSync(ledgerPath, "utf8")).toMatch(/^\{"version":1,.*\}\n$/);
  expect(readdirSync(directory)).toEqual(["galera-peers.ledger.log"]);
});

test.each<[string, Told]>([
  ["a primary component", told(4)],
  ["nothing yet", { status: "connected", current: undefined, primary: undefined }],
  [
    "names of a component",
    { ...told(4), names: { "d06b99b9-e75c-11f1-bd8b-1e8ce577f9ae": "galera-0" } },
  ],
  [
    "a component that is not primary, behind one that was",
    { ...told(4), current: { primary: false, view: { number: 5, members: pods(1) } } },
  ],
])("what the server told is read as it was written: %s", (_, one) => {
  saveTold(directory, one);
  expect(loadTold(directory)).toEqual(one);
});

test("where nothing was written there is nothing", () => {
  expect(loadLedger(directory)).toBeUndefined();
  expect(loadTold(directory)).toBeUndefined();
  expect(readFolded(directory)).toBeUndefined();
  expect(foldTold(directory)).toBeUndefined();
  expect(loadLedger(join(directory, "none"))).toBeUndefined();
});

describe("a file that cannot be used ends the start: 65, with its path and what to do", () => {
  const way =
    "it says who has to be asked before the cluster is founded anew: restore it, or move it away to start without it";
  const whole = () => JSON.parse(readFileSync(ledgerPath, "utf8"));
  beforeEach(() => {
    saveLedger(directory, full);
    saveTold(directory, told(4));
  });

  test.each<[string, () => string, string]>([
    ["0 bytes", () => "", "it is damaged (empty)"],
    ["zeros", () => "\0\0\0\0", "it is damaged (no JSON)"],
    ["torn", () => readFileSync(ledgerPath, "utf8").slice(0, 40), "it is damaged (no JSON)"],
    ["null", () => "null\n", "it is damaged (ledger: no object)"],
    ["a number", () => "7", "it is damaged (ledger: no object)"],
    ["no version", () => "{}", "version undefined of it is not known (this is 1)"],
    [
      "a later version's",
      () => JSON.stringify({ ...whole(), version: 2 }),
      "version 2 of it is not known (this is 1)",
    ],
    [
      "a field that is none",
      () => JSON.stringify({ ...whole(), view: { number: -1, members: [] } }),
      "it is damaged (ledger.view.number: not a number from 0)",
    ],
  ])("%s", (_, content, why) => {
    writeFileSync(ledgerPath, content());
    const failure = expect.objectContaining({
      exitCode: 65,
      message: `${ledgerPath}: ${why}; ${way}`,
    });
    expect(() => loadLedger(directory)).toThrow(failure);
    expect(() => readFolded(directory)).toThrow(failure);
    expect(() => foldTold(directory)).toThrow(failure);
    expect(existsSync(viewPath)).toBe(true); // nothing is lost by it
  });

  test("what the server told, too", () => {
    writeFileSync(viewPath, "{");
    expect(() => foldTold(directory)).toThrow(
      expect.objectContaining({ exitCode: 65, message: expect.stringContaining(`${viewPath}: `) }),
    );
    expect(loadLedger(directory)).toEqual(full);
  });

  test("a directory in its place", () => {
    rmSync(ledgerPath);
    mkdirSync(ledgerPath);
    expect(() => loadLedger(directory)).toThrow(
      expect.objectContaining({
        exitCode: 65,
        message: expect.stringMatching(/ledger\.log cannot be read: EISDIR/),
      }),
    );
  });
});

describe("what a server that has ended told last is folded into the ledger", () => {
  const known = ledger(2, { view: { number: 3, members: pods(2) } });

  test.each<[string, Ledger | undefined, Told | undefined, Ledger | undefined]>([
    ["nothing was told", known, undefined, known],
    [
      "no primary component was told",
      known,
      { status: "connected", current: undefined, primary: undefined },
      known,
    ],
    ["a later one", known, told(4), ledger(3, { view: { number: 4, members: pods(3) } })],
    ["an older one is no news", known, told(2), known],
    [
      "the first one",
      undefined,
      told(4),
      ledger(3, { foundings: [], view: { number: 4, members: pods(3) } }),
    ],
    [
      "that of a join which ended",
      joining(known, [founding(5)]),
      told(4),
      ledger(3, { foundings: [founding(5)], view: { number: 4, members: pods(3) } }),
    ],
    [
      "that of a join which did not",
      joining(known, [founding(5)]),
      told(4, 3, false),
      ledger(3, {
        foundings: [founding(5)],
        joining: [founding(5)],
        view: { number: 4, members: pods(3) },
      }),
    ],
    [
      "that of another cluster",
      joining(known, []),
      told(1, 3, true, otherUuid),
      ledger(3, { uuid: otherUuid, foundings: [], view: { number: 1, members: pods(3) } }),
    ],
  ])("%s", (_, before, view, after) => {
    if (before !== undefined) saveLedger(directory, before);
    if (view !== undefined) saveTold(directory, view);
    const files = readdirSync(directory);
    expect(readFolded(directory)).toEqual(after);
    expect(readdirSync(directory)).toEqual(files); // to read it changes nothing
    expect(foldTold(directory)).toEqual(after);
    expect(loadLedger(directory)).toEqual(after);
    expect(existsSync(viewPath)).toBe(false);
    expect(foldTold(directory)).toEqual(after);
  });

  test("once more, where a crash came between the two writes", () => {
    saveLedger(directory, known);
    saveTold(directory, told(4));
    const view = readFileSync(viewPath);
    const after = foldTold(directory);
    writeFileSync(viewPath, view); // it had not been removed yet
    expect(readFolded(directory)).toEqual(after);
    expect(foldTold(directory)).toEqual(after);
  });

  test("not into what was decided since, where the removal was lost", () => {
    saveTold(directory, told(4, 3));
    const view = readFileSync(viewPath);
    foldTold(directory);
    saveLedger(directory, ledger(1, { view: { number: 6, members: pods(1) } }));
    writeFileSync(viewPath, view);
    expect(foldTold(directory)?.view).toEqual({ number: 6, members: pods(1) });
  });
});

test("the files have the owner of their directory and may be read by all", () => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(directory, 4567, 4568);
  const { uid, gid } = statSync(directory);
  saveLedger(directory, full);
  saveLedger(directory, full); // over the one that is there
  saveTold(directory, told(4));
  for (const path of [ledgerPath, viewPath]) {
    const { mode, ...owner } = statSync(path);
    expect({ mode: mode & 0o7777, uid: owner.uid, gid: owner.gid }).toEqual({
      mode: 0o644,
      uid,
      gid,
    });
  }
});

test("a write that was cut off leaves the file as it was", () => {
  saveLedger(directory, full);
  writeFileSync(`${ledgerPath}.x1`, '{"version":1,"uu');
  expect(loadLedger(directory)).toEqual(full);
});

test.each([
  ["galera-peers.ledger.log", true],
  ["galera-peers.view.log", true],
  ["galera-peers.ledger.new.log", true],
  ["galera-peers.ledger.logs", false],
  ["galera-peers.initialisation", false],
  ["ibdata1", false],
])("%s is a file of the ledger's: %s", (name, own) => {
  expect(isOwnFile(name)).toBe(own);
});
