import { describe, expect, test } from "vitest";
import { firstLabel, hostName, isLabel } from "../../src/dns/name.js";

const label63 = "a".repeat(63);
const name253 = `${`${label63}.`.repeat(3)}${"a".repeat(61)}`;

describe("hostName keeps a name in lower case and without its final dot", () => {
  test.each([
    ["galera-0.galera.db.svc.cluster.local", "galera-0.galera.db.svc.cluster.local"],
    ["Galera-0.GALERA.db.SVC.Cluster.Local.", "galera-0.galera.db.svc.cluster.local"],
    ["_mysql._tcp.galera", "_mysql._tcp.galera"],
    ["10-244-1-5.galera", "10-244-1-5.galera"],
    ["a", "a"],
    ["0", "0"],
    [label63, label63],
    [name253, name253],
    [`${name253}.`, name253],
  ])("%s", (text, name) => {
    expect(hostName(text)).toBe(name);
  });
});

describe("no host has such a name", () => {
  test.each([
    ["nothing", ""],
    ["the root", "."],
    ["two final dots", "a.."],
    ["an empty label", "a..b"],
    ["a first dot", ".a"],
    ["a label of 64", `${label63}a.b`],
    ["254 characters", `a${name253}`],
    ["a first dash", "-a.b"],
    ["a last dash", "a-.b"],
    ["a space", "galera 0"],
    ["a newline", "galera-0\n"],
    ["a newline within", "galera-0\ngalera-1"],
    ["a NUL", "galera-0\0"],
    ["a shell's command", "$(reboot)"],
    ["a backquote", "`id`.galera"],
    ["a quote", "galera'0"],
    ["a semicolon", "a;b"],
    ["a backslash", "a\\b"],
    ["an umlaut", "gälera"],
    ["a letter that lower case makes ASCII of", "\u212Aube"],
    ["bytes that are no UTF-8", "galera\ufffd"],
  ])("%s", (_, text) => {
    expect(hostName(text)).toBeUndefined();
  });

  test("however long", () => {
    expect(hostName("a.".repeat(10_000_000))).toBeUndefined();
  });
});

test("a label is one part of a name, in lower case", () => {
  expect(["galera-0", "a", "_x", label63].map(isLabel)).toEqual([true, true, true, true]);
  expect(["", "a.b", "A", "-a", "a-", `${label63}a`, "a\n"].filter(isLabel)).toEqual([]);
});

test("the first label is the pod's name", () => {
  expect(firstLabel("galera-0.galera.db")).toBe("galera-0");
  expect(firstLabel("galera-0")).toBe("galera-0");
});
