import { describe, expect, test } from "vitest";
import { type PeerSet, peerSet } from "../../../src/peers/peer-set.js";
import { addressOptions } from "../../../src/server/options/addresses.js";
import { fqdn, member, targets } from "../../peers/members.js";

const galera = { clusterName: "galera", nodeName: "galera-0", peers: ["a", "b"] };

/** The options by name; DNS names me with `own`. */
function chosen(nodeAddress: string, own: string, interfaces: readonly string[] = []) {
  const peers: PeerSet = peerSet(targets(`galera-0=${own}`, `galera-1=${own}`), member());
  const options = addressOptions({ galera: { ...galera, nodeAddress }, peers, interfaces });
  expect(options.every(({ why }) => /^[A-Z].*\.$/.test(why))).toBe(true);
  return Object.fromEntries(options.map(({ of, name, value }) => [`${of} ${name}`, value]));
}

const listens = { "provider gmcast.listen_addr": "tcp://[::]:4567" };
const receives = (address: string) => ({
  "provider ist.recv_addr": address,
  "server wsrep_sst_receive_address": address,
});
const link = ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%eth0"];
const name = fqdn("galera-0");

describe("what a member is told of its addresses", () => {
  test.each<[string, [string, string, (readonly string[])?], object]>([
    ["IPv4, named by its address", ["10.0.0.1", "10.0.0.1", link], {}],
    ["IPv4, named by DNS", [name, "10.0.0.1", link], {}],
    ["IPv6, named by its address", ["fd00::1", "fd00::1", [...link, "fd00::1"]], listens],
    ["IPv6, named by DNS", [name, "fd00::1"], { ...listens, ...receives("[fd00::1]") }],
    ["both, named by IPv4", ["10.0.0.1", "10.0.0.1,fd00::1"], listens],
    ["both, named by IPv6", ["fd00::1", "10.0.0.1,fd00::1"], listens],
    ["both, named by DNS", [name, "fd00::1,10.0.0.1"], { ...listens, ...receives("10.0.0.1") }],
    [
      "a pod of both behind a service of IPv4, named by DNS",
      [name, "10.0.0.1", [...link, "fd00::1"]],
      receives("10.0.0.1"),
    ],
    [
      "a pod of both behind a service of IPv4, named by its address",
      ["10.0.0.1", "10.0.0.1", [...link, "fd00::1"]],
      {},
    ],
    ["no address known yet", [name, "", [...link, "fd00::1"]], {}],
  ])("%s", (_, [nodeAddress, own, interfaces], options) => {
    expect(chosen(nodeAddress, own, interfaces)).toEqual(options);
  });
});
