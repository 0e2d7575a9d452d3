import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { componentNumber, parseNotification } from "../../src/galera/notification.js";
import { scratch } from "./members.js";

const uuid = "8b1f9d4e-0000-4000-8000-000000000001";

function parse(line: string) {
  return parseNotification(line.split(" "));
}

describe("what a server appends", () => {
  test("a founder", () => {
    const members = "6d0e0c2a-1111-11ef-8b1f-0a0b0c0d0e0f/galera-0/10.0.0.1:0";
    const line = `--status joined --uuid ${uuid} --primary yes --index 0 --members ${members}`;
    expect(parse(line)).toEqual({
      ...{ status: "joined", uuid, primary: true, index: 0, members: ["galera-0"] },
    });
  });

  test("one of three, of which one has IPv6 and one no address", () => {
    const members = "a/galera-0/10.0.0.1:0,b/galera-1/[fd00::1]:3306,c/galera-10/:0";
    const line = `--status Synced --uuid ${uuid} --primary yes --index 2 --members ${members}`;
    expect(parse(line)).toMatchObject({
      ...{ status: "synced", index: 2, members: ["galera-0", "galera-1", "galera-10"] },
    });
  });

  test("not primary", () => {
    const line = "--status connected --primary no --index 0 --members a/galera-0/10.0.0.1:0";
    expect(parse(line)).toEqual({
      ...{ status: "connected", uuid: undefined, primary: false, index: 0, members: ["galera-0"] },
    });
  });

  test("disconnected: there are no members, nor an argument for them", () => {
    expect(parse(`--status disconnected --uuid ${uuid} --primary no --index -1`)).toEqual({
      ...{ status: "disconnected", uuid, primary: false, index: -1, members: [] },
    });
    expect(parse("--status disconnected --primary no --index -1 --members ").members).toEqual([]);
  });

  test("a status alone", () => {
    const nothing = { uuid: undefined, primary: false, index: -1, members: [] };
    expect(parse("--status donor")).toEqual({ status: "donor", ...nothing });
    expect(parseNotification([])).toEqual({ status: "", ...nothing });
  });

  test("only yes is yes", () => {
    for (const word of ["no", "YES", "", "1"]) {
      expect(parseNotification(["--primary", word]).primary).toBe(false);
    }
  });
});

describe("gvwstate.dat", () => {
  const member = "6d0e0c2a-1111-11ef-8b1f-0a0b0c0d0e0f";
  const whole = `my_uuid: ${member}\n#vwbeg\nview_id: 3 ${member} 12\nbootstrap: 0\nmember: ${member} 0\n#vwend\n`;

  test("has the number of the last primary component", () => {
    const datadir = scratch();
    writeFileSync(join(datadir, "gvwstate.dat"), whole);
    expect(componentNumber(datadir)).toBe(12);
  });

  test.each([
    ["empty", ""],
    ["torn", whole.slice(0, whole.indexOf(" 12"))],
    ["garbage", "\0\xff view_id: 3 x 12\n"],
    ["another number", whole.replace(" 12", " -12")],
  ])("%s: none", (_, text) => {
    const datadir = scratch();
    writeFileSync(join(datadir, "gvwstate.dat"), text);
    expect(componentNumber(datadir)).toBeUndefined();
  });

  test("not there, or no file: none", () => {
    const datadir = scratch();
    expect(componentNumber(datadir)).toBeUndefined();
    mkdirSync(join(datadir, "gvwstate.dat"));
    expect(componentNumber(datadir)).toBeUndefined();
  });
});
