import { isIPv4 } from "node:net";
import type { Question, SoaAnswer, SrvAnswer, StringAnswer } from "dns-packet";
import { type Endpoint, findEndpoints } from "./endpoints.js";
import type { Zone } from "./zone.js";

export const rcode = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;
export type Rcode = (typeof rcode)[keyof typeof rcode];

export type ZoneRecord = StringAnswer | SrvAnswer | SoaAnswer;

/** An answer before it meets the wire: complete, whatever its size. */
export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly ZoneRecord[];
  readonly authorities: readonly ZoneRecord[];
  readonly additionals: readonly ZoneRecord[];
}

/**
 * What CoreDNS's kubernetes plugin says to a question about one headless service
 * (plugin/kubernetes/handler.go, plugin/backend_lookup.go). Records carry the question's name in
 * the case it was asked in; names are compared without it.
 */
export function answer(zone: Zone, question: Question): Reply {
  const name = question.name.toLowerCase();
  const domain = zone.domain.toLowerCase();
  if (question.class !== "IN" || !`.${name}`.endsWith(`.${domain}`)) return error(rcode.refused);

  const found = findEndpoints(zone, name);
  if (found.kind === "nxdomain") return denial(zone, rcode.nxDomain);
  if (question.type === "SOA" && name === domain) return positive([soa(zone)]);
  if (found.kind === "nodata") return denial(zone, rcode.noError);

  const { answers, additionals } = records(zone, question, found.endpoints);
  return answers.length > 0 ? positive(answers, additionals) : denial(zone, rcode.noError);
}

/** A reply that carries nothing but its code. */
export function error(code: Rcode): Reply {
  return { rcode: code, authoritative: false, answers: [], authorities: [], additionals: [] };
}

/** "There is no such name" or "it has no such record", with the SOA that says how long that holds. */
export function denial(zone: Zone, code: Rcode): Reply {
  return { ...error(code), authoritative: true, authorities: [soa(zone)] };
}

function positive(answers: readonly ZoneRecord[], additionals: readonly ZoneRecord[] = []): Reply {
  return { ...error(rcode.noError), authoritative: true, answers, additionals };
}

function records(zone: Zone, { type, name }: Question, endpoints: readonly Endpoint[]) {
  switch (type) {
    case "A":
    case "AAAA":
      return { answers: addressRecords(zone, name, endpoints, type), additionals: [] };
    case "SRV":
      return { answers: srvRecords(zone, name, endpoints), additionals: glue(zone, endpoints) };
    default:
      return { answers: [], additionals: [] };
  }
}

/** One record a target and port; the weight counts a member's addresses too, as CoreDNS does. */
function srvRecords(zone: Zone, name: string, endpoints: readonly Endpoint[]): SrvAnswer[] {
  const weight = Math.max(1, Math.floor(100 / endpoints.length));
  return distinct(endpoints, ({ host, port }) => `${host} ${port}`).flatMap(({ host, port }) =>
    port === undefined
      ? []
      : [{ type: "SRV", name, ttl: zone.ttl, data: { priority: 0, weight, port, target: host } }],
  );
}

function glue(zone: Zone, endpoints: readonly Endpoint[]): StringAnswer[] {
  return distinct(
    endpoints.filter(({ port }) => port !== undefined),
    ({ host, address }) => `${host} ${address}`,
  ).map(({ host, address }) => addressRecord(zone, host, address));
}

function addressRecords(
  zone: Zone,
  name: string,
  endpoints: readonly Endpoint[],
  type: "A" | "AAAA",
): StringAnswer[] {
  return distinct(endpoints, ({ address }) => address)
    .map(({ address }) => addressRecord(zone, name, address))
    .filter((record) => record.type === type);
}

function addressRecord(zone: Zone, name: string, address: string): StringAnswer {
  return { type: isIPv4(address) ? "A" : "AAAA", name, ttl: zone.ttl, data: address };
}

function soa({ domain, ttl, serial }: Zone): SoaAnswer {
  return {
    type: "SOA",
    name: domain,
    ttl,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: ttl,
    },
  };
}

/** The first of each key, in order. */
function distinct<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}
