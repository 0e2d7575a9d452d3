import { isIP, SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalAddress, isAddress, isReachableV6, isV6 } from "../../src/dns/address.js";

describe("isAddress", () => {
  test.each([
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fd00:0:0:1::5",
    "FD00::A",
    "::ffff:10.0.0.1",
    "fe80::1%eth0",
    "fe80::1%br-7.100",
  ])("%s", (text) => {
    expect(isAddress(text)).toBe(true);
  });

  test.each([
    "",
    "10.0.0",
    "10.0.0.1.",
    "10.0.0.1.2",
    "10.0.0.256",
    "10.0.0.01",
    "10.0.0.1\n",
    " 10.0.0.1",
    "10.0.0.1:53",
    "galera-0",
    "1",
    ":",
    ":::",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::1]:80/[",
    "x:y@[::1",
    "[::1]",
    "::1%eth 0",
    "::g",
  ])("not %j", (text) => {
    expect(isAddress(text)).toBe(false);
  });

  test("says what Node says", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/));
    fc.assert(
      fc.property(address, (text) => {
        expect(isAddress(text)).toBe(isIP(text) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("canonicalAddress", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["FD00:0:0:1:0:0:0:5", "fd00:0:0:1::5"],
    ["fd00:0000:0000:0000:0000:0000:0000:000a", "fd00::a"],
    ["fd00::1:0:0:0:5", "fd00:0:0:1::5"],
    ["fe80::1%eth0", "fe80::1"],
  ])("%s", (address, canonical) => {
    expect(canonicalAddress(address)).toBe(canonical);
  });

  test("is how the kernel writes an address", () => {
    // Within fd00::/8, as pods have it; of IPv4 in IPv6 there are two spellings.
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const groups = fc.tuple(fc.constant(0xfd00), ...Array.from({ length: 7 }, () => group));
    fc.assert(
      fc.property(groups, (numbers) => {
        const address = numbers.map((number) => number.toString(16)).join(":");
        const kernel = new SocketAddress({ address, family: "ipv6" }).address;
        expect(canonicalAddress(address)).toBe(kernel);
        expect(canonicalAddress(kernel)).toBe(kernel);
      }),
      { numRuns: 2000 },
    );
  });
});

test("isV6 tells the families apart", () => {
  expect(["::1", "fe80::1%eth0"].every(isV6)).toBe(true);
  expect(["127.0.0.1", "galera-0"].some(isV6)).toBe(false);
});

test("isReachableV6 passes over what is IPv4, loopback, or of one link", () => {
  expect(["fd00::1", "2001:db8::1", "::2"].every(isReachableV6)).toBe(true);
  expect(
    ["10.0.0.1", "::1", "0:0:0:0:0:0:0:1", "fe80::1", "FEBF::1%eth0"].some(isReachableV6),
  ).toBe(false);
});
