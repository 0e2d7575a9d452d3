import { describe, expect, test } from "vitest";
import {
  readAddresses,
  readDomain,
  readFraction,
  readListen,
  readMember,
  readPort,
} from "../../../src/lab/fake-dns/notation.js";
import { type FakeDnsOptions, readOptions } from "../../../src/lab/fake-dns/options.js";
import { Failure } from "../../../src/system/failure.js";

describe("notation", () => {
  test.each<[string, (text: string) => unknown, string, unknown]>([
    ["member", readMember, "galera-0=127.0.7.1", { name: "galera-0", addresses: ["127.0.7.1"] }],
    [
      "member",
      readMember,
      "g=127.0.7.1,fd00::1",
      { name: "g", addresses: ["127.0.7.1", "fd00::1"] },
    ],
    ["addresses", readAddresses, " 127.0.7.2 , ::1 ", ["127.0.7.2", "::1"]],
    ["fraction", readFraction, "0.3", 0.3],
    ["fraction", readFraction, "30%", 0.3],
    ["fraction", readFraction, "all", 1],
    ["listen", readListen, "127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["listen", readListen, "[::1]:5300", { host: "::1", port: 5300 }],
    ["port", readPort, "mysql=3306", { name: "mysql", port: 3306 }],
    ["domain", readDomain, "Corp.example.", "Corp.example"],
  ])("%s", (_, read, text, value) => {
    expect(read(text)).toEqual(value);
  });

  test.each<[string, (text: string) => unknown, string]>([
    ["member", readMember, "galera-0"],
    ["member", readMember, "galera-0="],
    ["member", readMember, "=127.0.7.1"],
    ["member", readMember, "galera 0=127.0.7.1"],
    ["member", readMember, "galera-0\n=127.0.7.1"],
    ["member", readMember, `${"g".repeat(64)}=127.0.7.1`],
    ["addresses", readAddresses, "127.0.7.1,"],
    ["addresses", readAddresses, "fe80::1%eth0"],
    ["fraction", readFraction, "1.1"],
    ["fraction", readFraction, "-1"],
    ["fraction", readFraction, ""],
    ["listen", readListen, "localhost:53"],
    ["listen", readListen, "::1:53"],
    ["listen", readListen, "[127.0.0.1]:53"],
    ["listen", readListen, "127.0.0.1:65536"],
    ["port", readPort, "mysql=0"],
    ["port", readPort, "mysql=3306=1"],
    ["domain", readDomain, "a..b"],
    ["domain", readDomain, "a".repeat(58)],
  ])("no %s: %s", (_, read, text) => {
    expect(() => read(text)).toThrow();
  });
});

function problemsOf(options: Partial<FakeDnsOptions>): string[] {
  try {
    readOptions({ members: [], ...options });
    return [];
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown).toMatchObject({ exitCode: 78 });
    return (thrown as Failure).message.split("\n");
  }
}

describe("options", () => {
  test("nothing at all is an empty service on the default address", () => {
    expect(readOptions({ members: [] })).toEqual({
      host: "127.0.0.1",
      port: 5300,
      service: {},
      faults: {},
      source: { kind: "flags", timeline: { present: [], events: [] } },
    });
  });

  test("everything", () => {
    const plan = readOptions({
      members: ["galera-0=127.0.7.1"],
      listen: "[::1]:0",
      service: "db",
      namespace: "prod",
      domain: "corp.example",
      portName: ["mysql=3307"],
      ttl: "0",
      at: ["+2s servfail"],
      lag: "200ms",
      delay: "1s",
      drop: "25%",
      servfail: true,
      nxdomain: true,
      truncate: true,
      stale: true,
    });
    expect(plan).toEqual({
      host: "::1",
      port: 0,
      service: {
        service: "db",
        namespace: "prod",
        domain: "corp.example",
        ttl: 0,
        ports: [{ name: "mysql", port: 3307 }],
      },
      faults: {
        lagMs: 200,
        delayMs: 1000,
        drop: 0.25,
        servfail: true,
        nxdomain: true,
        truncate: true,
        stale: true,
      },
      source: {
        kind: "flags",
        timeline: {
          present: [{ name: "galera-0", addresses: ["127.0.7.1"] }],
          events: [{ atMs: 2000, kind: "faults", faults: { servfail: true } }],
        },
      },
    });
  });

  test("all problems are reported together", () => {
    const problems = problemsOf({
      members: ["galera-0", "a=127.0.0.1", "a=127.0.0.2"],
      listen: "here",
      service: "no name",
      domain: "",
      portName: ["mysql"],
      ttl: "-1",
      at: ["later galera-0", "+2s galera-7"],
      lag: "soon",
      drop: "2",
      file: "zone.ini",
    });
    expect(problems).toHaveLength(12);
    for (const flag of [
      "member",
      "--listen",
      "--service",
      "--domain",
      "--port-name",
      "--ttl",
      "--lag",
      "--drop",
      '--at "later galera-0"',
      '--at "+2s galera-7"',
      "--file",
    ]) {
      expect(problems.filter((problem) => problem.startsWith(`${flag}:`))).not.toEqual([]);
    }
  });
});
