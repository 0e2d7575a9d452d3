import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAddress } from "../../src/dns/address.js";
import { hostName } from "../../src/dns/name.js";
import { parseResolvConf } from "../../src/dns/resolv-conf.js";

const defaults = {
  nameservers: ["127.0.0.1"],
  search: [],
  ndots: 1,
  timeoutMs: undefined,
  attempts: 2,
  rotate: false,
  tcp: false,
};

test("as kubelet writes it", () => {
  const text = `search db.svc.cluster.local svc.cluster.local cluster.local example.com
nameserver 10.96.0.10
options ndots:5
`;
  expect(parseResolvConf(text)).toEqual({
    ...defaults,
    nameservers: ["10.96.0.10"],
    search: ["db.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"],
    ndots: 5,
  });
});

describe("lines", () => {
  test.each<[string, Partial<ReturnType<typeof parseResolvConf>>]>([
    ["", {}],
    ["nameserver 10.0.0.1\nnameserver 10.0.0.2", { nameservers: ["10.0.0.1", "10.0.0.2"] }],
    ["nameserver\t10.0.0.1  ", { nameservers: ["10.0.0.1"] }],
    ["nameserver fd00::10", { nameservers: ["fd00::10"] }],
    ["nameserver fe80::1%eth0", { nameservers: ["fe80::1%eth0"] }],
    ["nameserver 10.0.0.1\r\nsearch a.b\r\n", { nameservers: ["10.0.0.1"], search: ["a.b"] }],
    ["# nameserver 10.0.0.1\n; nameserver 10.0.0.2", {}],
    ["nameserver 10.0.0.1 # the first", { nameservers: ["10.0.0.1"] }],
    ["nameserver 10.0.0.1;the first", { nameservers: ["10.0.0.1"] }],
    ["search a.example B.Example.", { search: ["a.example", "b.example"] }],
    ["domain one.example", { search: ["one.example"] }],
    ["search a.example\ndomain b.example", { search: ["b.example"] }],
    ["search a.example\nsearch b.example", { search: ["b.example"] }],
    ["search .", {}],
    ["options rotate use-vc", { rotate: true, tcp: true }],
    ["options timeout:3 attempts:4", { timeoutMs: 3000, attempts: 4 }],
    ["options timeout:3\noptions attempts:4", { timeoutMs: 3000, attempts: 4 }],
    ["options timeout:1 timeout:2", { timeoutMs: 2000 }],
    ["options ndots:5:6", { ndots: 5 }],
    ["\ufeffnameserver 10.0.0.1", { nameservers: ["10.0.0.1"] }],
    ["options edns0 trust-ad no-such-thing", {}],
  ])("%j", (text, changed) => {
    expect(parseResolvConf(text)).toEqual({ ...defaults, ...changed });
  });
});

describe("numbers are held within glibc's bounds", () => {
  test.each<[string, Partial<ReturnType<typeof parseResolvConf>>]>([
    ["ndots:0", { ndots: 0 }],
    ["ndots:99", { ndots: 15 }],
    ["timeout:0", { timeoutMs: 1000 }],
    ["timeout:99", { timeoutMs: 30_000 }],
    ["attempts:0", { attempts: 1 }],
    ["attempts:99", { attempts: 5 }],
    [`attempts:${"9".repeat(400)}`, { attempts: 5 }],
  ])("%s", (option, changed) => {
    expect(parseResolvConf(`options ${option}`)).toEqual({ ...defaults, ...changed });
  });
});

describe("what cannot be understood is passed over", () => {
  test.each([
    "nameserver",
    "nameserver dns.example.com",
    "nameserver 10.0.0",
    "nameserver 10.0.0.1:53",
    "nameserver 999.0.0.1",
    "nameserverx 10.0.0.1",
    "search",
    "search a..b $(reboot) -x",
    `search ${"a".repeat(64)}`,
    "options",
    "options timeout:",
    "options timeout:abc",
    "options timeout:-1",
    "options timeout:1e9",
    "options ndots attempts ndots:x",
    "options :::",
    "sortlist 10.0.0.0",
    "lookup file bind",
    "\0\0\0\0",
    '{ "nameserver": "10.0.0.1" }',
  ])("%j", (line) => {
    expect(parseResolvConf(`${line}\noptions rotate\n`)).toEqual({ ...defaults, rotate: true });
  });

  test("whatever the text, the result can be used", () => {
    const word = fc.oneof(
      fc.constantFrom("nameserver", "search", "domain", "options", "#", ";", "\n", "\r\n", " "),
      fc.constantFrom("timeout:", "attempts:", "ndots:", "rotate", "10.0.0.1", "::1"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const conf = parseResolvConf(words.join(" "));
        expect(conf.nameservers.length).toBeGreaterThan(0);
        expect(conf.nameservers.every(isAddress)).toBe(true);
        expect(conf.search.every((entry) => hostName(entry) === entry)).toBe(true);
        expect(conf.attempts).toBeGreaterThanOrEqual(1);
        expect(conf.timeoutMs ?? 1000).toBeGreaterThanOrEqual(1000);
      }),
      { numRuns: 500 },
    );
  });
});
