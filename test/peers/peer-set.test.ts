import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AddressType,
  addressesNeeded,
  addressOf,
  listed,
  namePeers,
  type PeerSet,
  peerSet,
} from "../../src/peers/peer-set.js";
import { fqdn, manyTargets, member, targets } from "./members.js";

describe("I am the peer whose whole name is mine", () => {
  test.each<[string, string, readonly string[], string | undefined]>([
    ["galera-1 among three", "galera-1", ["galera-0", "galera-1", "galera-2"], "galera-1"],
    ["galera-1 is not galera-10", "galera-1", ["galera-10", "galera-11"], undefined],
    ["galera-10 is not galera-1", "galera-10", ["galera-1"], undefined],
    ["galera-1, beside galera-10", "galera-1", ["galera-0", "galera-1", "galera-10"], "galera-1"],
    ["a-galera-1 is not galera-1", "galera-1", ["a-galera-1"], undefined],
    ["nobody there", "galera-1", [], undefined],
  ])("%s", (_, me, pods, self) => {
    const set = peerSet(targets(...pods), member(me));
    expect(set.self?.name).toBe(self && fqdn(self));
    expect(set.others.map(({ name }) => name)).toEqual(
      pods.filter((pod) => pod !== self).map(fqdn),
    );
  });

  test("and not my namesake of another namespace", () => {
    const namesake = { name: "galera-0.galera.other.svc.cluster.local", addresses: ["10.0.0.1"] };
    expect(peerSet([namesake], member())).toMatchObject({ self: undefined, fresh: false });
  });

  test("every peer has its ordinal", () => {
    const { peers } = peerSet(targets("galera-0", "galera-12", "other"), member());
    expect(peers.map(({ ordinal }) => ordinal)).toEqual([0, 12, undefined]);
  });
});

describe("an answer is fresh where my record has an address of mine", () => {
  test.each<[string, readonly string[], readonly string[], boolean]>([
    ["mine", ["10.0.0.1"], ["galera-0=10.0.0.1"], true],
    ["one of several", ["10.0.0.1", "fd00::1"], ["galera-0=10.0.0.9,fd00::1"], true],
    ["mine, of IPv6", ["fd00::1"], ["galera-0=fd00::1"], true],
    ["a longer one of IPv6", ["fd00::1"], ["galera-0=fd00::11"], false],
    ["that of my predecessor", ["10.0.0.1"], ["galera-0=10.0.0.9"], false],
    [
      "mine, in the record of another",
      ["10.0.0.1"],
      ["galera-0=10.0.0.9", "galera-1=10.0.0.1"],
      false,
    ],
    ["a longer one", ["10.0.0.1"], ["galera-0=10.0.0.11"], false],
    ["none in the record", ["10.0.0.1"], ["galera-0"], false],
    ["none of mine known", [], ["galera-0=10.0.0.1"], false],
    ["no record of mine", ["10.0.0.1"], ["galera-1=10.0.0.1"], false],
  ])("%s", (_, mine, pods, fresh) => {
    expect(peerSet(targets(...pods), member("galera-0", mine)).fresh).toBe(fresh);
  });
});

describe("what names a peer", () => {
  const both = { name: fqdn("galera-0"), ordinal: 0, addresses: ["10.0.0.1", "fd00::1"] };
  const v4 = { ...both, addresses: ["10.0.0.1"] };
  const v6 = { ...both, addresses: ["fd00::1"] };
  const neither = { ...both, addresses: [] };

  test.each<[AddressType, readonly (string | undefined)[]]>([
    ["dns", Array(4).fill(fqdn("galera-0"))],
    ["ip", ["10.0.0.1", "10.0.0.1", "fd00::1", undefined]],
    ["ipv4", ["10.0.0.1", "10.0.0.1", undefined, undefined]],
    ["ipv6", ["fd00::1", undefined, "fd00::1", undefined]],
  ])("%s", (type, names) => {
    expect([both, v4, v6, neither].map((peer) => addressOf(peer, type))).toEqual(names);
  });

  test("all of them and me, no name twice", () => {
    const set = peerSet(
      targets("galera-0=10.0.0.1", "galera-1=10.0.0.2", "galera-2=10.0.0.2"),
      member(),
    );
    expect(namePeers(set, "ip")).toEqual({ all: ["10.0.0.1", "10.0.0.2"], self: "10.0.0.1" });
    expect(namePeers(set, "dns")).toEqual({
      all: ["galera-0", "galera-1", "galera-2"].map(fqdn),
      self: fqdn("galera-0"),
    });
  });

  test.each<[string, AddressType, readonly string[], string]>([
    [
      "an address that is not known yet",
      "ipv4",
      ["galera-0=10.0.0.1", "galera-1=fd00::1"],
      `an ipv4 address of ${fqdn("galera-1")}`,
    ],
    [
      "any address",
      "ip",
      ["galera-0=10.0.0.1", "galera-1"],
      `an ip address of ${fqdn("galera-1")}`,
    ],
    ["my own record", "dns", ["galera-1"], "my own SRV record"],
  ])("%s is awaited", (_, type, pods, awaited) => {
    expect(namePeers(peerSet(targets(...pods), member()), type)).toBe(awaited);
  });
});

describe("of two families, the members reach each other by one", () => {
  const reached = ({ peers }: PeerSet) => peers.map((peer) => addressOf(peer, "ip"));
  const dual = ["galera-0=2001:db8::1,203.0.113.1", "galera-1=203.0.113.2,2001:db8::2"];
  const v4 = ["203.0.113.1", "203.0.113.2"];
  const v6 = ["2001:db8::1", "2001:db8::2"];

  test.each<[string, string | undefined, readonly string[], readonly (string | undefined)[]]>([
    ["IPv4 of both", undefined, dual, v4],
    ["that of POD_IP, IPv4", "203.0.113.1", dual, v4],
    ["that of POD_IP, IPv6", "2001:db8::1", dual, v6],
    [
      "IPv4 while one still has no other",
      "2001:db8::1",
      ["galera-0=2001:db8::1,203.0.113.1", "galera-1=203.0.113.2"],
      v4,
    ],
    [
      "IPv6 while one still has no other",
      undefined,
      ["galera-0=2001:db8::1,203.0.113.1", "galera-1=2001:db8::2"],
      v6,
    ],
    [
      "what each has, where there is no such family",
      undefined,
      ["galera-0=203.0.113.1", "galera-1=2001:db8::2", "galera-2=2001:db8::3,203.0.113.3"],
      ["203.0.113.1", "2001:db8::2", "203.0.113.3"],
    ],
    ["those that are not known do not count", undefined, [...dual, "galera-2"], [...v4, undefined]],
  ])("%s", (_, podIp, pods, addresses) => {
    expect(reached(peerSet(targets(...pods), { ...member(), podIp }))).toEqual(addresses);
  });

  test("all members choose the same, whoever they are and in whatever order DNS answers", () => {
    const family = fc.constantFrom<readonly number[]>([4], [6], [4, 6], [6, 4]);
    fc.assert(
      fc.property(fc.array(family, { minLength: 1, maxLength: 5 }), (pods) => {
        const address = (n: number, v: number) => (v === 4 ? `10.0.0.${n + 1}` : `fd00::${n + 1}`);
        const named = pods.map(
          (families, n) => `galera-${n}=${families.map((v) => address(n, v)).join(",")}`,
        );
        const seen = pods.map((_, n) => reached(peerSet(targets(...named), member(`galera-${n}`))));
        for (const one of seen) expect(one).toEqual(seen[0]);
        for (const v of [4, 6]) {
          if (!pods.every((families) => families.includes(v))) continue;
          if (v === 6 && pods.every((families) => families.includes(4))) continue;
          expect(seen[0]).toEqual(pods.map((_, n) => address(n, v)));
        }
      }),
    );
  });
});

describe("addresses are looked up", () => {
  const [mine, other] = [fqdn("galera-0"), fqdn("galera-1")];

  test.each<[AddressType, boolean, readonly (string | undefined)[]]>([
    ["dns", false, ["any", undefined]],
    ["dns", true, ["any", "any"]],
    ["ip", false, ["any", "any"]],
    ["ipv4", false, ["ipv4", "ipv4"]],
    ["ipv6", true, ["ipv6", "ipv6"]],
  ])("%s, all of them: %s", (type, all, needs) => {
    expect([mine, other].map(addressesNeeded(member(), type, all))).toEqual(needs);
  });
});

test("lists for messages stay short", () => {
  expect(listed(["a", "b"])).toBe("a, b");
  expect(listed(Array.from({ length: 9 }, (_, n) => `${n}`))).toBe("0, 1, 2, 3, 4, 5, 6, 7, 8");
  expect(listed(Array.from({ length: 5000 }, (_, n) => `${n}`))).toBe(
    "0, 1, 2, 3, 4, 5, 6, 7, 8 and 4991 more",
  );
});

test("5,000 peers are no work", () => {
  const started = performance.now();
  const set = peerSet(manyTargets(5000), member("galera-4999", ["10.1.19.135"]));
  const named = namePeers(set, "ip");
  expect(performance.now() - started).toBeLessThan(500);
  expect(set).toMatchObject({ fresh: true, self: { ordinal: 4999 } });
  expect(named).toMatchObject({ self: "10.1.19.135", all: { length: 5000 } });
});
