import type { Question, RecordType } from "dns-packet";
import { describe, expect, test } from "vitest";
import { answer, type Rcode, rcode, type ZoneRecord } from "../../../src/lab/fake-dns/answer.js";
import { defaultIdentity, type Zone } from "../../../src/lab/fake-dns/zone.js";

const service = "galera.galera.svc.cluster.local";
const zone: Zone = {
  ...defaultIdentity,
  serial: 7,
  members: [
    { name: "galera-0", addresses: ["127.0.7.1"] },
    { name: "galera-1", addresses: ["127.0.7.2", "fd00::2"] },
  ],
};
const empty: Zone = { ...zone, members: [] };
const portless: Zone = { ...zone, ports: [] };

const soa = "cluster.local 5 SOA ns.dns.cluster.local hostmaster.cluster.local 7 7200 1800 86400 5";

function ask(of: Zone, type: string, name: string, over: Partial<Question> = {}) {
  return answer(of, { type: type as RecordType, name, class: "IN", ...over });
}

/** A record as a zone file has it, without the class. */
function text(record: ZoneRecord): string {
  const { data, name, ttl, type } = record;
  const values =
    typeof data === "string"
      ? data
      : "target" in data
        ? `${data.priority} ${data.weight} ${data.port} ${data.target}`
        : Object.values(data).join(" ");
  return `${name} ${ttl} ${type} ${values}`;
}

describe("positive answers", () => {
  test("SRV of the service: each member and port, the weight by addresses, glue for each address", () => {
    const reply = ask(zone, "SRV", service);
    const srv = (member: string, port: number) =>
      `${service} 5 SRV 0 8 ${port} ${member}.${service}`;
    expect(reply.answers.map(text)).toEqual(
      ["galera-0", "galera-1"].flatMap((member) =>
        [3306, 4444, 4567, 4568].map((port) => srv(member, port)),
      ),
    );
    expect(reply.additionals.map(text)).toEqual([
      `galera-0.${service} 5 A 127.0.7.1`,
      `galera-1.${service} 5 A 127.0.7.2`,
      `galera-1.${service} 5 AAAA fd00::2`,
    ]);
    expect(reply).toMatchObject({ rcode: rcode.noError, authoritative: true, authorities: [] });
  });

  test.each<[string, string, string[]]>([
    ["A", service, [`${service} 5 A 127.0.7.1`, `${service} 5 A 127.0.7.2`]],
    ["AAAA", service, [`${service} 5 AAAA fd00::2`]],
    ["A", `galera-1.${service}`, [`galera-1.${service} 5 A 127.0.7.2`]],
    ["AAAA", `galera-1.${service}`, [`galera-1.${service} 5 AAAA fd00::2`]],
    [
      "A",
      "GALERA-0.Galera.galera.SVC.cluster.local",
      ["GALERA-0.Galera.galera.SVC.cluster.local 5 A 127.0.7.1"],
    ],
    [
      "A",
      `_mysql._tcp.${service}`,
      [`_mysql._tcp.${service} 5 A 127.0.7.1`, `_mysql._tcp.${service} 5 A 127.0.7.2`],
    ],
    ["SOA", "cluster.local", [soa]],
  ])("%s %s", (type, name, records) => {
    const reply = ask(zone, type, name);
    expect(reply.answers.map(text)).toEqual(records);
    expect(reply).toMatchObject({ rcode: rcode.noError, authoritative: true, additionals: [] });
  });

  test.each<[string, string, string[]]>([
    ["a named port", `_replication._tcp.${service}`, ["33 4567 galera-0", "33 4567 galera-1"]],
    [
      "a member",
      `galera-0.${service}`,
      ["25 3306 galera-0", "25 4444 galera-0", "25 4567 galera-0", "25 4568 galera-0"],
    ],
  ])("SRV of %s", (_, name, records) => {
    const short = records.map((record) => `${name} 5 SRV 0 ${record}.${service}`);
    expect(ask(zone, "SRV", name).answers.map(text)).toEqual(short);
  });

  test("the weight is never below 1", () => {
    const many = Array.from({ length: 30 }, (_, n) => ({
      name: `galera-${n}`,
      addresses: [`127.0.8.${n}`],
    }));
    const [first] = ask({ ...zone, members: many }, "SRV", service).answers;
    expect(first?.data).toMatchObject({ weight: 1 });
  });
});

test.each<[string, Zone, string, string, Rcode]>([
  ["no IPv6 address", zone, "AAAA", `galera-0.${service}`, rcode.noError],
  ["a type that nobody has", zone, "MX", service, rcode.noError],
  ["a type that dns-packet does not know", zone, "UNKNOWN_65", service, rcode.noError],
  ["ANY", zone, "ANY", service, rcode.noError],
  ["SOA below the apex", zone, "SOA", service, rcode.noError],
  ["the apex", zone, "A", "cluster.local", rcode.noError],
  ["svc", zone, "A", "svc.cluster.local", rcode.noError],
  ["pod", zone, "A", "pod.cluster.local", rcode.noError],
  ["the namespace", zone, "A", "galera.svc.cluster.local", rcode.noError],
  ["SRV without ports", portless, "SRV", service, rcode.noError],
  ["an unknown member", zone, "A", `galera-2.${service}`, rcode.nxDomain],
  ["a member whose name is longer", zone, "A", `galera-10.${service}`, rcode.nxDomain],
  ["an unknown service", zone, "SRV", "other.galera.svc.cluster.local", rcode.nxDomain],
  ["an unknown namespace", zone, "SRV", "galera.other.svc.cluster.local", rcode.nxDomain],
  ["an unknown port", zone, "SRV", `_http._tcp.${service}`, rcode.nxDomain],
  ["another protocol", zone, "SRV", `_mysql._udp.${service}`, rcode.nxDomain],
  ["a name too deep", zone, "A", `a.b.c.${service}`, rcode.nxDomain],
  ["neither svc nor pod", zone, "A", "galera.cluster.local", rcode.nxDomain],
  ["a service without endpoints", empty, "SRV", service, rcode.nxDomain],
  ["addresses of a service without endpoints", empty, "A", service, rcode.nxDomain],
])("denied with the SOA: %s", (_, of, type, name, code) => {
  const reply = ask(of, type, name);
  expect(reply).toMatchObject({ rcode: code, authoritative: true, answers: [], additionals: [] });
  expect(reply.authorities.map(text)).toEqual([soa]);
});

test.each<[string, string, Partial<Question>]>([
  ["another zone", "example.com", {}],
  ["the root", ".", {}],
  ["a zone that only ends alike", "notcluster.local", {}],
  ["another class", service, { class: "CH" }],
])("refused: %s", (_, name, over) => {
  expect(ask(zone, "A", name, over)).toEqual({
    rcode: rcode.refused,
    authoritative: false,
    answers: [],
    authorities: [],
    additionals: [],
  });
});

test("without ports there are addresses all the same", () => {
  expect(ask(portless, "A", service).answers.map(text)).toEqual([
    `${service} 5 A 127.0.7.1`,
    `${service} 5 A 127.0.7.2`,
  ]);
});

test("another cluster domain and TTL", () => {
  const other = { ...zone, domain: "corp.example", ttl: 30 };
  expect(ask(other, "A", "galera-0.galera.galera.svc.corp.example").answers.map(text)).toEqual([
    "galera-0.galera.galera.svc.corp.example 30 A 127.0.7.1",
  ]);
  expect(ask(other, "A", `galera-0.${service}`).rcode).toBe(rcode.refused);
});
