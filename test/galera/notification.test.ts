import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { componentNumber, parseNotification } from "../../src/galera/notification.js";
import { scratch } from "../agent/members.js";

const uuid = "8b1f9d4e-0000-4000-8000-000000000001";

const zero = "00000000-0000-0000-0000-000000000000";
const none = { uuid: undefined, primary: false, index: -1, members: [] };
const one = `${uuid}/galera-0/10.1.2.3:0`;
const two = `${one},7c2a5d6f-0b5a-11f0-8e3d-4b9a2f3e5d6c/galera-1/10.1.2.4:0`;

/** As the server calls it over the life of a member. */
test.each<[string, string, object]>([
  [
    "a founder",
    `--status joined --uuid ${uuid} --primary yes --index 0 --members ${one}`,
    { status: "joined", uuid, primary: true, index: 0, members: ["galera-0"] },
  ],
  [
    "a donor",
    `--status donor --uuid ${uuid} --primary yes --index 0 --members ${two}`,
    { status: "donor", uuid, primary: true, index: 0, members: ["galera-0", "galera-1"] },
  ],
  [
    "one of three, of which one has IPv6 and one no address",
    `--status Synced --uuid ${uuid} --primary yes --index 2 --members a/galera-0/10.0.0.1:0,b/galera-1/[fd00::1]:3306,c/galera-10/:0`,
    {
      ...{ status: "synced", uuid, primary: true, index: 2 },
      members: ["galera-0", "galera-1", "galera-10"],
    },
  ],
  [
    "members in the order of their UUIDs",
    `--status synced --uuid ${uuid} --primary yes --index 1 --members a/galera-2/,b/galera-0/,c/galera-1/`,
    {
      ...{ status: "synced", uuid, primary: true, index: 1 },
      members: ["galera-0", "galera-1", "galera-2"],
    },
  ],
  [
    "a view that an IST replays",
    `--status initialized --uuid ${uuid} --primary yes --index -1 --members ${one}`,
    { status: "initialized", uuid, primary: true, index: -1, members: ["galera-0"] },
  ],
  [
    "without a primary component",
    `--status connected --primary no --index 0 --members ${one}`,
    { ...none, status: "connected", index: 0, members: ["galera-0"] },
  ],
  [
    "without a primary component, before the states are exchanged",
    `--status connected --uuid ${uuid} --primary no --index 0 --members ${one},${uuid}/unspecified/unspecified`,
    { ...none, status: "connected", uuid, index: 0, members: ["galera-0"] },
  ],
  [
    "a clean stop: no members, nor an argument for them",
    `--status disconnected --uuid ${uuid} --primary no --index -1`,
    { ...none, status: "disconnected", uuid },
  ],
  [
    "no members behind their argument",
    "--status disconnected --primary no --index -1 --members ",
    { ...none, status: "disconnected" },
  ],
  [
    "more data than the primary component: all that is ever called",
    `--status disconnected --uuid ${zero} --primary no --index -1`,
    { ...none, status: "disconnected", uuid: zero },
  ],
  ["a status alone", "--status donor", { ...none, status: "donor" }],
  ["nothing", "", { ...none, status: "" }],
])("%s", (_, words, notification) => {
  const { names: _names, ...told } = parseNotification(words.split(" "));
  expect(told).toEqual(notification);
});

test("a name that was told before is known again by its UUID", () => {
  const other = "7c2a5d6f-0b5a-11f0-8e3d-4b9a2f3e5d6c";
  const { names } = parseNotification(`--primary yes --uuid ${uuid} --members ${two}`.split(" "));
  expect(names).toEqual({ [uuid]: "galera-0", [other]: "galera-1" });
  const words = `--primary no --index 0 --members ${one},${other}/unspecified/unspecified`.split(
    " ",
  );
  expect(parseNotification(words, names).members).toEqual(["galera-0", "galera-1"]);
  expect(parseNotification(words, { [uuid]: "galera-0" })).toMatchObject({
    members: ["galera-0"],
    names: { [uuid]: "galera-0" },
  });
});

test("only yes is yes", () => {
  for (const word of ["no", "YES", "", "1"]) {
    expect(parseNotification(["--primary", word]).primary).toBe(false);
  }
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
