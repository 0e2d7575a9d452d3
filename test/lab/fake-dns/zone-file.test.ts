import { expect, test } from "vitest";
import { readZoneFile } from "../../../src/lab/fake-dns/zone-file.js";

const example = `; who answers
service = galera
namespace = prod
ttl = 30

[ports]
mysql = 3306 # the clients'
[members]
galera-0 = 127.0.7.1
galera-1 = 127.0.7.2, fd00::2
[faults]
lag = 200ms
drop = 30%
stale
servfail = false
`;

test.each([
  ["as it is", example],
  ["with CRLF", example.replaceAll("\n", "\r\n")],
  ["with a BOM", `\uFEFF${example}`],
])("reads the example %s", (_, text) => {
  expect(readZoneFile(text, "zone.ini")).toEqual({
    kind: "zone",
    zone: {
      service: {
        service: "galera",
        namespace: "prod",
        ttl: 30,
        ports: [{ name: "mysql", port: 3306 }],
      },
      members: [
        { name: "galera-0", addresses: ["127.0.7.1"] },
        { name: "galera-1", addresses: ["127.0.7.2", "fd00::2"] },
      ],
      faults: { lagMs: 200, drop: 0.3, stale: true, servfail: false },
    },
  });
});

test("an empty file is a service without endpoints", () => {
  expect(readZoneFile("", "zone.ini")).toEqual({
    kind: "zone",
    zone: { service: {}, members: [], faults: {} },
  });
});

test("an empty [ports] is a service without ports", () => {
  expect(readZoneFile("[ports]\n[members]\n", "zone.ini")).toMatchObject({
    zone: { service: { ports: [] } },
  });
});

test.each([
  ["servise = galera", ":1: servise"],
  ["service = no name", ":1: service"],
  ["ttl = soon", ":1: ttl"],
  ["\n\nsome words", ":3: some words"],
  ["members = galera-0", ":1: members"],
  ["[members]\ngalera-0 = 127.0.7.1\n[member]\nx = y", ":3: member"],
  ["[members]\ngalera-0 = nowhere", ":2: galera-0"],
  ["[members]\ngalera-0", ":2: galera-0"],
  ["[members]\ngalera_0 = 127.0.7.1", ":2: galera_0"],
  ["[ports]\nmysql = 70000", ":2: mysql"],

  ["[faults]\nlag = long", ":2: lag"],
  ["[faults]\nslow", ":2: slow"],
])("names the line: %j", (text, where) => {
  const read = readZoneFile(text, "zone.ini");
  expect(read).toMatchObject({
    problems: [expect.stringContaining(`zone.ini${where}: `)],
    kind: "problems",
  });
});

test("garbage is problems, one line each", () => {
  const garbage = Buffer.from(Array.from({ length: 20_000 }, (_, n) => (n * 7919 + n / 3) % 256));
  const read = readZoneFile(garbage.toString("utf8"), "zone.ini");
  if (read.kind !== "problems") throw new Error("accepted");
  expect(read.problems.join("")).not.toMatch(/\p{Cc}/u);
});
