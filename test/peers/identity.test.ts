import { describe, expect, test } from "vitest";
import { identify, namespaceOf, ordinalOf, ownNames } from "../../src/peers/identity.js";
import type { Settings } from "../../src/settings.js";
import type { Failure } from "../../src/system/failure.js";
import type { Host } from "../../src/system/host.js";

/** A pod as kubelet makes it. */
const pod: Host = {
  hostname: "galera-0",
  hosts: `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
10.244.1.5\tgalera-0.galera.db.svc.cluster.local\tgalera-0
`,
  resolvConf: `search db.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
`,
  namespace: "db",
  addresses: ["127.0.0.1", "10.244.1.5"],
  limits: { memoryBytes: undefined, cpus: undefined },
};

const nowhere: Host = {
  hostname: "box",
  hosts: "",
  resolvConf: "",
  namespace: undefined,
  addresses: [],
  limits: { memoryBytes: undefined, cpus: undefined },
};

function problems(settings: Settings, host: Partial<Host>): readonly string[] {
  try {
    identify(settings, { ...pod, ...host });
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 78 });
    return (error as Failure).message.split("\n");
  }
  throw new Error("no problem");
}

test("a StatefulSet's pod", () => {
  expect(identify({}, pod)).toEqual({
    name: "galera-0",
    ordinal: 0,
    service: "galera",
    namespace: "db",
    domain: "cluster.local",
    fqdn: "galera-0.galera.db.svc.cluster.local",
    serviceFqdn: "galera.db.svc.cluster.local",
    podIp: undefined,
    addresses: ["10.244.1.5", "127.0.0.1"],
  });
});

describe("my full name", () => {
  const search = (...entries: string[]) => ({ resolvConf: `search ${entries.join(" ")}` });
  const hosts = (line: string) => ({ hosts: `127.0.0.1 localhost\n${line}\n` });

  test.each<[string, Settings, Partial<Host>, string]>([
    ["of kubelet's files", {}, {}, "galera-0.galera.db.svc.cluster.local"],
    [
      "with every flag",
      { hostname: "pxc-2", service: "pxc", namespace: "test", domain: "k8s.example" },
      {},
      "pxc-2.pxc.test.svc.k8s.example",
    ],
    ["with another service", { service: "nodes" }, {}, "galera-0.nodes.db.svc.cluster.local"],
    ["with another namespace", { namespace: "x" }, {}, "galera-0.galera.x.svc.cluster.local"],
    [
      "of the host's full name",
      {},
      { hostname: "a-1.svc1.db.svc.cluster.local", hosts: "" },
      "a-1.svc1.db.svc.cluster.local",
    ],
    [
      "of a host's name in upper case",
      {},
      { hostname: "GALERA-0" },
      "galera-0.galera.db.svc.cluster.local",
    ],
    [
      "set with --hostname, in full",
      { hostname: "a-1.nodes" },
      { hosts: "" },
      "a-1.nodes.db.svc.cluster.local",
    ],
    [
      "of the line that names me, not galera-10 or xgalera-0",
      {},
      {
        hosts: `10.0.0.1 galera-00.a.db.svc.cluster.local galera-00
10.0.0.2 xgalera-0.b.db.svc.cluster.local xgalera-0
10.0.0.3 galera-0.c.db.svc.cluster.local galera-0`,
      },
      "galera-0.c.db.svc.cluster.local",
    ],
    [
      "of a line with the short name first",
      {},
      hosts("10.0.0.1 galera-0 galera-0.a.db.svc.x"),
      "galera-0.a.db.svc.cluster.local",
    ],
    [
      "of a line in upper case",
      {},
      hosts("10.0.0.1 GALERA-0.A.DB.SVC.X Galera-0"),
      "galera-0.a.db.svc.cluster.local",
    ],
    [
      "of a line with a comment",
      {},
      hosts(" 10.0.0.1\tgalera-0.a.db\t# galera-0.b.db"),
      "galera-0.a.db.svc.cluster.local",
    ],
    [
      "of the second line, where the first has no full name",
      {},
      hosts("10.0.0.1 galera-0\nfd00::1 galera-0.a.db"),
      "galera-0.a.db.svc.cluster.local",
    ],
    [
      "past garbage lines",
      {},
      hosts("\0\0\n;;;\n10.0.0.1\n10.0.0.1 galera-0.$(id) galera-0.a.db"),
      "galera-0.a.db.svc.cluster.local",
    ],
    [
      "with a custom cluster domain",
      {},
      search("db.svc.k8s.example.com", "svc.k8s.example.com", "k8s.example.com"),
      "galera-0.galera.db.svc.k8s.example.com",
    ],
    [
      "with a cluster domain of one label, in upper case",
      {},
      search("DB.SVC.Local.", "SVC.Local.", "Local."),
      "galera-0.galera.db.svc.local",
    ],
    [
      "with the cluster domain of my namespace's entry, whichever comes first",
      {},
      search("other.svc.a.example", "db.svc.b.example"),
      "galera-0.galera.db.svc.b.example",
    ],
    [
      "with the domain of a search list that only has svc.…",
      {},
      search("corp.example", "svc.k8s.example"),
      "galera-0.galera.db.svc.k8s.example",
    ],
    [
      "with the domain of /etc/hosts where there is no search list",
      {},
      { ...hosts("10.0.0.1 galera-0.galera.db.svc.k8s.example"), resolvConf: "" },
      "galera-0.galera.db.svc.k8s.example",
    ],
    [
      "with cluster.local where nobody says",
      { service: "galera" },
      { hosts: "", resolvConf: "" },
      "galera-0.galera.db.svc.cluster.local",
    ],
    [
      "with the service account's namespace",
      {},
      { ...search("x.svc.cluster.local"), namespace: "db" },
      "galera-0.galera.db.svc.cluster.local",
    ],
    [
      "with the search list's namespace",
      {},
      { ...search("x.svc.cluster.local"), namespace: undefined },
      "galera-0.galera.x.svc.cluster.local",
    ],
    [
      "with the search list's, where the service account's is garbage",
      {},
      { ...search("x.svc.cluster.local"), namespace: "$(id)\n" },
      "galera-0.galera.x.svc.cluster.local",
    ],
    [
      "with the namespace of /etc/hosts, where no other file tells",
      {},
      { resolvConf: "", namespace: undefined },
      "galera-0.galera.db.svc.cluster.local",
    ],
  ])("%s", (_, settings, host, fqdn) => {
    expect(identify(settings, { ...pod, ...host })?.fqdn).toBe(fqdn);
  });
});

describe("without Kubernetes", () => {
  test.each<[string, Partial<Host>]>([
    [
      "a container of Docker",
      { hosts: "172.17.0.2\tbox\n", resolvConf: "search corp.example\nnameserver 8.8.8.8" },
    ],
    [
      "a machine with a full name",
      { hostname: "box.corp.example", hosts: "127.0.1.1 box.corp.example box" },
    ],
    ["nothing at all", {}],
  ])("%s is a single node", (_, host) => {
    expect(identify({}, { ...nowhere, ...host })).toBeUndefined();
    expect(namespaceOf({}, { ...nowhere, ...host })).toBeUndefined();
  });

  test("service and namespace make a member of it", () => {
    const me = identify({ service: "galera", namespace: "db", hostname: "galera-1" }, nowhere);
    expect(me?.fqdn).toBe("galera-1.galera.db.svc.cluster.local");
  });
});

describe("what is missing is one clear line each", () => {
  const noService =
    "the headless service is not known: /etc/hosts has no FQDN of galera-0 (does the pod's spec name its serviceName or subdomain?); set --service or GALERA_SERVICE";

  test.each<[string, Settings, Partial<Host>, readonly string[]]>([
    ["a pod without a subdomain", {}, { hosts: "10.244.1.5\tgalera-0\n" }, [noService]],
    ["an empty /etc/hosts", {}, { hosts: "" }, [noService]],
    [
      "a service without a namespace",
      { service: "galera" },
      { ...nowhere, hostname: "galera-0" },
      ["the namespace is not known: set --namespace or POD_NAMESPACE"],
    ],
    [
      "a host's name that is none",
      {},
      { hostname: "gal era\n0" },
      ['the host\'s name "gal era\\n0" is no DNS name: set --hostname'],
    ],
  ])("%s", (_, settings, host, lines) => {
    expect(problems(settings, host)).toEqual(lines);
  });

  test("a name that is too long for DNS", () => {
    const domain = `${"a".repeat(60)}.`.repeat(4).slice(0, -1);
    expect(problems({ domain }, {})).toEqual([
      `my own name galera-0.galera.db.svc.${domain} is too long for DNS: set --domain`,
    ]);
  });
});

describe("my addresses", () => {
  test.each<[string, Settings, Partial<Host>, readonly string[]]>([
    ["of /etc/hosts, then of the interfaces", {}, {}, ["10.244.1.5", "127.0.0.1"]],
    ["POD_IP alone", { podIp: ["10.0.0.9", "fd00::9"] }, {}, ["10.0.0.9", "fd00::9"]],
    ["in one spelling", { podIp: ["FD00:0:0:1:0:0:0:5", "fd00:0:0:1::5"] }, {}, ["fd00:0:0:1::5"]],
    [
      "of all lines that name me, none of others",
      {},
      {
        hosts: `10.0.0.1 galera-0.galera.db galera-0
FD00:0:0:1:0:0:0:5 galera-0.galera.db galera-0
10.0.0.10 galera-00.galera.db
10.0.0.11 galera-1 `,
        addresses: ["10.0.0.1"],
      },
      ["10.0.0.1", "fd00:0:0:1::5"],
    ],
  ])("%s", (_, settings, host, addresses) => {
    expect(ownNames(settings, { ...pod, ...host }).addresses).toEqual(addresses);
  });

  test("the first of POD_IP is the one that hooks are told", () => {
    expect(identify({ podIp: ["10.0.0.9", "fd00::9"] }, pod)?.podIp).toBe("10.0.0.9");
  });
});

describe("ordinals", () => {
  test.each<[string, number | undefined]>([
    ["galera-0", 0],
    ["galera-1", 1],
    ["galera-10", 10],
    ["my-galera-42.galera.db.svc.cluster.local", 42],
    ["galera-123456789", 123_456_789],
    ["galera", undefined],
    ["galera-", undefined],
    ["galera-01", undefined],
    ["galera-1a", undefined],
    ["galera-7d4b9c", undefined],
    ["galera.db-1", undefined],
    ["galera-12345678901234567890", undefined],
  ])("%s", (name, ordinal) => {
    expect(ordinalOf(name)).toBe(ordinal);
  });
});
