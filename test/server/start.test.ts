import { expect, test } from "vitest";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { Identity } from "../../src/peers/identity.js";
import { galeraSettings } from "../../src/server/galera-cnf.js";
import {
  type Member,
  needsInitialisation,
  type Start,
  serverArgv,
} from "../../src/server/start.js";

const suffix = "galera.db.svc.cluster.local";
const me: Identity = {
  name: "galera-0",
  ordinal: 0,
  service: "galera",
  namespace: "db",
  domain: "cluster.local",
  fqdn: `galera-0.${suffix}`,
  serviceFqdn: suffix,
  podIp: undefined,
  addresses: ["10.0.0.1"],
};

function member(addressType: Member["addressType"]): Member {
  return {
    me,
    addressType,
    look: () => Promise.reject(new Error("not looked up here")),
    cnf: { cnf: "/galera.cnf", builtIn: () => "" },
    tls: undefined,
  };
}

function start(evidence: Evidence, script?: string): Start {
  return {
    argv: ["mariadbd", "--x"],
    script,
    datadir: "/d",
    stateDir: "/d",
    places: [],
    ledger: undefined,
    account: undefined,
    notifyCommand: undefined,
    evidence,
    member: undefined,
  };
}

const self = { name: me.fqdn, ordinal: 0, addresses: ["10.0.0.1", "fd00::1"] };
const other = { name: `galera-1.${suffix}`, ordinal: 1, addresses: ["10.0.0.2"] };
const set = (...others: (typeof self)[]) => ({
  peers: [self, ...others],
  self,
  others,
  fresh: true,
});

test("all members are named in galera.cnf, the founder's too", () => {
  expect(galeraSettings(set(), member("dns"), {})).toEqual({
    ...{ clusterName: "galera", nodeName: "galera-0", nodeAddress: me.fqdn, peers: [me.fqdn] },
    ...{ providerOptions: undefined, sstMethod: undefined },
  });
  expect(galeraSettings(set(other), member("ip"), {})).toMatchObject({
    ...{ nodeAddress: "10.0.0.1", peers: ["10.0.0.1", "10.0.0.2"] },
  });
});

test("my own address is POD_IP's, whatever DNS has of the pod before me", () => {
  const mine = (...addresses: string[]) => {
    const { me: whoever, ...rest } = member("ip");
    const own = { ...rest, me: { ...whoever, podIp: addresses[0], addresses } };
    const galera = galeraSettings(set(other), own, {});
    return typeof galera === "string" ? galera : galera.nodeAddress;
  };
  expect(mine("10.0.0.9")).toBe("10.0.0.9");
  expect(mine("fd00::9", "10.0.0.9")).toBe("10.0.0.9");
  expect(mine("10.0.0.9", "10.0.0.1")).toBe("10.0.0.1");
  expect(mine("fd00::9")).toBe("10.0.0.1");
});

test("what is set is in galera.cnf", () => {
  const settings = { clusterName: "c", providerOptions: "gcache.size=1G", sstMethod: "rsync" };
  expect(galeraSettings(set(), member("dns"), settings)).toMatchObject(settings);
});

test("an address that is not known yet is awaited", () => {
  const awaited = `an ipv6 address of ${other.name}`;
  expect(galeraSettings(set(other), member("ipv6"), {})).toBe(awaited);
});

test.each<[Evidence, boolean]>([
  [{ kind: "empty" }, true],
  [{ kind: "interrupted", by: "initialisation" }, true],
  [{ kind: "interrupted", by: "sst" }, false],
  [{ kind: "initialised" }, false],
  [{ kind: "unclustered" }, false],
])("who founds from %j initialises: %s, unless a script does", (evidence, needed) => {
  expect(needsInitialisation(start(evidence))).toBe(needed);
  expect(needsInitialisation(start(evidence, "docker-entrypoint.sh"))).toBe(false);
});

test.each([
  ["a founder", false, true, undefined, ["mariadbd", "--x", "--user=mysql", "--wsrep-new-cluster"]],
  [
    "a joiner",
    false,
    false,
    "u:5",
    ["mariadbd", "--x", "--user=mysql", "--wsrep_start_position=u:5"],
  ],
  [
    "a founder by the official script",
    true,
    true,
    undefined,
    ["docker-entrypoint.sh", "mariadbd", "--x", "--user=mysql", "--wsrep-new-cluster"],
  ],
  [
    "a joiner, which the official script must not initialise",
    true,
    false,
    undefined,
    ["mariadbd", "--x", "--user=mysql"],
  ],
])("the command line of %s", (_, official, founding, position, argv) => {
  const script = official ? "docker-entrypoint.sh" : undefined;
  const joining = { ...start({ kind: "empty" }, script), member: member("dns") };
  expect(serverArgv(joining, founding, position, ["--user=mysql"])).toEqual(argv);
});

test("a single node is left to the official script", () => {
  const single = start({ kind: "empty" }, "docker-entrypoint.sh");
  expect(serverArgv(single, false, undefined, [])).toEqual([
    "docker-entrypoint.sh",
    "mariadbd",
    "--x",
  ]);
});

test("a member's options that would break SST on the command line are taken off it", () => {
  const words = ["--innodb-buffer-pool-size=1G", "--x", "--loose_innodb_buffer_pool_filename", "d"];
  const single = { ...start({ kind: "empty" }), argv: ["mariadbd", ...words] };
  const joining = { ...single, member: member("dns") };
  expect(serverArgv(joining, false, undefined, [])).toEqual(["mariadbd", "--x"]);
  expect(serverArgv(single, false, undefined, [])).toEqual(["mariadbd", ...words]);
});
