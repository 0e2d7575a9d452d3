import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { notify } from "../../src/agent/notify.js";
import { loadTold, readFolded, saveLedger, type Told } from "../../src/bootstrap/store.js";
import { scratch, uuid } from "./members.js";

let datadir: string;
let stateDir: string;
beforeEach(() => {
  datadir = scratch();
  stateDir = scratch();
});

/** A server's call. */
function call(line: string): Told | undefined {
  const words = line.split(" ");
  expect(notify(["--datadir", datadir, "--state-dir", stateDir, ...words])).toBe(0);
  return loadTold(stateDir);
}

/** A primary component, as gcomm writes it before anybody is told. */
function gvwstate(number: number): void {
  const id = "6d0e0c2a-1111-11ef-8b1f-0a0b0c0d0e0f";
  const text = `my_uuid: ${id}\n#vwbeg\nview_id: 3 ${id} ${number}\nbootstrap: 0\nmember: ${id} 0\n#vwend\n`;
  writeFileSync(join(datadir, "gvwstate.dat"), text);
}

const one = "a/galera-0/10.0.0.1:0";
const two = `${one},b/galera-1/10.0.0.2:0`;
const names = ["galera-0", "galera-1"];
const inPrimary = (status: string, index: number, members: string) =>
  `--status ${status} --uuid ${uuid} --primary yes --index ${index} --members ${members}`;

test("a founder: joined, synced", () => {
  gvwstate(1);
  const view = { number: 1, members: ["galera-0"] };
  expect(call(inPrimary("joined", 0, one))).toEqual({
    status: "joined",
    current: { primary: true, view },
    primary: { uuid, view, synced: false },
    names: { a: "galera-0" },
  });
  expect(call(inPrimary("synced", 0, one))).toEqual({
    status: "synced",
    current: { primary: true, view },
    primary: { uuid, view, synced: true },
    names: { a: "galera-0" },
  });
});

test("a joiner by SST: nothing is told before it", () => {
  gvwstate(2);
  const view = { number: 2, members: names };
  expect(call(inPrimary("joined", 1, two))?.primary).toEqual({ uuid, view, synced: false });
  expect(call(inPrimary("synced", 1, two))?.primary).toEqual({ uuid, view, synced: true });
});

test("a donor: donor, joined, synced", () => {
  gvwstate(2);
  const told = ["donor", "joined", "synced"].map((status) => call(inPrimary(status, 0, two)));
  expect(told.map((what) => [what?.status, what?.primary?.synced])).toEqual([
    ["donor", false],
    ["joined", false],
    ["synced", true],
  ]);
});

test("a joiner by IST goes through components of the past, and none of them is written", () => {
  gvwstate(7);
  const old = `--status initialized --uuid ${uuid} --primary yes --index -1 --members ${one}`;
  expect(call(old)).toBeUndefined();
  expect(call(old)).toBeUndefined();
  expect(existsSync(join(stateDir, "galera-peers.view.log"))).toBe(false);
  expect(call(inPrimary("joined", 1, two))).toMatchObject({
    status: "joined",
    primary: { view: { number: 7, members: names }, synced: false },
  });
  const before = call(inPrimary("synced", 1, two));
  expect(call(old)).toEqual(before);
});

test("outside a primary component the last one is kept, with its number", () => {
  gvwstate(5);
  const primary = call(inPrimary("synced", 0, two))?.primary;
  // gvwstate.dat is still that of the last primary component
  expect(call(`--status connected --primary no --index 0 --members ${one}`)).toEqual({
    status: "connected",
    current: { primary: false, view: { number: 5, members: ["galera-0"] } },
    primary: { uuid, view: { number: 5, members: names }, synced: true },
    names: { a: "galera-0", b: "galera-1" },
  });
  gvwstate(9);
  expect(call(inPrimary("synced", 0, one))?.primary).toEqual({
    ...primary,
    view: { number: 9, members: ["galera-0"] },
  });
});

test("a clean stop: the last component before it is what is known", () => {
  gvwstate(5);
  const primary = call(inPrimary("synced", 0, two))?.primary;
  rmSync(join(datadir, "gvwstate.dat"));
  expect(call(`--status disconnecting --primary no --index 0 --members ${one}`)).toEqual({
    ...{ status: "disconnecting", primary },
    current: { primary: false, view: { number: 6, members: ["galera-0"] } },
    names: { a: "galera-0", b: "galera-1" },
  });
  const end = `--status disconnected --uuid ${uuid} --primary no --index -1`;
  expect(call(end)).toEqual({
    ...{ status: "disconnected", current: undefined, primary },
    names: { a: "galera-0", b: "galera-1" },
  });
});

test("two that meet again outside a primary component know each other, a third that is new they do not", () => {
  gvwstate(5);
  call(inPrimary("synced", 0, two));
  const lost = (members: string) =>
    call(`--status connected --primary no --index 0 --members ${members}`);
  expect(lost(one)?.current?.view.members).toEqual(["galera-0"]);
  const unnamed = ["b", "c"].map((id) => `${id}/unspecified/unspecified`);
  expect(lost([one, ...unnamed].join(","))?.current?.view.members).toEqual(names);
  // One that stands still while the others go on without it has the same UUID when it comes back.
  expect(call(inPrimary("synced", 0, one))?.names).toEqual({ a: "galera-0", b: "galera-1" });
  expect(lost([one, ...unnamed].join(","))?.current?.view.members).toEqual(names);
  // Its next server has another one, and the old one is nobody's any more.
  const restarted = `${one},d/galera-1/${two.split("/").at(-1)}`;
  expect(call(inPrimary("synced", 0, restarted))?.names).toEqual({ a: "galera-0", d: "galera-1" });
  expect(lost([one, ...unnamed].join(","))?.current?.view.members).toEqual(["galera-0"]);
});

test("without gvwstate.dat the number grows by one", () => {
  expect(call(inPrimary("synced", 0, one))?.primary?.view.number).toBe(1);
  expect(call(inPrimary("synced", 0, two))?.primary?.view.number).toBe(2);
});

test("a primary component without a uuid, or without members, is none to remember", () => {
  const line = `--status joined --primary yes --index 0 --members ${one}`;
  expect(call(line)).toMatchObject({ current: { primary: false }, primary: undefined });
  expect(call(`--status joined --uuid ${uuid} --primary yes --index 0`)).toEqual({
    ...{ status: "joined", current: undefined, primary: undefined },
    names: { a: "galera-0" },
  });
});

test("what was told last is folded into the ledger of the next start", () => {
  const founding = { epoch: 1, id: "a", seqno: -1n };
  const view = { number: 0, members: ["galera-0"] };
  const none = { joining: undefined, discarded: [] };
  saveLedger(stateDir, { uuid: undefined, foundings: [founding], view, ...none });
  gvwstate(3);
  call(inPrimary("synced", 0, two));
  call(`--status disconnected --uuid ${uuid} --primary no --index -1`);
  expect(readFolded(stateDir)).toEqual({
    ...{ uuid, foundings: [founding], view: { number: 3, members: names }, ...none },
  });
});

describe("is refused in one line", () => {
  const words = inPrimary("synced", 0, one).split(" ");

  test.each<[string[]]>([
    [[]],
    [["--status", "synced"]],
    [["--datadir", datadir, "--state-dir", stateDir]],
  ])("where it is not the server that calls: %j", (given) => {
    expect(() => notify(given)).toThrow(
      expect.objectContaining({
        exitCode: 64,
        message: expect.stringContaining("wsrep_notify_cmd"),
      }),
    );
  });

  test("where it cannot be written", () => {
    const missing = join(stateDir, "missing");
    expect(() => notify(["--datadir", datadir, "--state-dir", missing, ...words])).toThrow(
      expect.objectContaining({
        exitCode: 78,
        message: expect.stringMatching(
          /^what the server tells is not written down: ENOENT.*missing/,
        ),
      }),
    );
  });

  test("where a member's name could not be read again; what is known stays", () => {
    call(inPrimary("synced", 0, one));
    const before = loadTold(stateDir);
    for (const name of ["a\nb", "a\x00", "x".repeat(254)]) {
      const given = [...words.slice(0, -1), `${one},b/${name}/10.0.0.2:0`];
      expect(() => notify(["--datadir", datadir, "--state-dir", stateDir, ...given])).toThrow(
        expect.objectContaining({
          exitCode: 65,
          message: `what the server tells is not written down: view.members.${name < "galera-0" ? 0 : 1}: not a member's name`,
        }),
      );
    }
    expect(loadTold(stateDir)).toEqual(before);
  });

  test("where what is there is damaged: it says who has to be asked", () => {
    writeFileSync(join(stateDir, "galera-peers.view.log"), "{");
    expect(() => notify(["--datadir", datadir, "--state-dir", stateDir, ...words])).toThrow(
      expect.objectContaining({ exitCode: 65, message: expect.stringContaining("it is damaged") }),
    );
  });
});
