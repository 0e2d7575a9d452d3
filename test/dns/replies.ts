import { type Answer, encode, type RecordType } from "dns-packet";
import { encodeQuery, type Question } from "../../src/dns/message.js";
import { noFaults } from "../../src/lab/fake-dns/faults.js";
import { respond } from "../../src/lab/fake-dns/respond.js";
import { initialState } from "../../src/lab/fake-dns/state.js";
import { defaultIdentity, type Member } from "../../src/lab/fake-dns/zone.js";

export const service = "galera.galera.svc.cluster.local";
export const question: Question = { id: 4711, name: service, type: "SRV" };

/** The flags of a header (RFC 1035, section 4.1.1). */
export const flags = { truncated: 0x0200, servfail: 2, nxdomain: 3, formerr: 1, refused: 5 };

/** What differs from an answer to `question` without a record. */
export interface Parts {
  readonly id?: number;
  readonly kind?: "query" | "response";
  readonly flags?: number;
  readonly name?: string;
  readonly type?: RecordType;
  readonly class?: "IN" | "CH";
  /** How often the question is echoed: once. */
  readonly questions?: number;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
  readonly additionals?: Answer[];
}

/** A message by hand: every part can be wrong. */
export function message(parts: Parts = {}): Buffer {
  const { id = question.id, name = question.name, type = question.type, questions = 1 } = parts;
  const asked = { name, type, class: parts.class ?? "IN" };
  return encode({
    id,
    type: parts.kind ?? "response",
    flags: parts.flags ?? 0,
    questions: Array.from({ length: questions }, () => asked),
    answers: parts.answers ?? [],
    authorities: parts.authorities ?? [],
    additionals: parts.additionals ?? [],
  });
}

export function srv(target: string, { port = 4567, ttl = 5, name = service } = {}): Answer {
  return { type: "SRV", name, ttl, data: { priority: 0, weight: 33, port, target } };
}

export function address(name: string, data: string, ttl = 5): Answer {
  return { type: data.includes(":") ? "AAAA" : "A", name, ttl, data };
}

export function alias(name: string, data: string): Answer {
  return { type: "CNAME", name, ttl: 5, data };
}

export function soa(ttl: number, minimum: number): Answer {
  const data = { mname: "ns.dns.cluster.local", rname: "hostmaster.cluster.local", minimum };
  return { type: "SOA", name: "cluster.local", ttl, data };
}

export function opt(extendedRcode = 0): Answer {
  return {
    ...{ type: "OPT", name: ".", udpPayloadSize: 1232, extendedRcode, ednsVersion: 0 },
    ...{ flags: 0, flag_do: false, options: [] },
  };
}

/** `galera-0` at 127.0.0.0, `galera-1` at 127.0.0.1, … */
export function members(count: number): Member[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `galera-${n}`,
    addresses: [`127.0.${n >> 8}.${n & 255}`],
  }));
}

/** What CoreDNS answers to a question about these members. */
export function coreDnsAnswer(
  asked: Question,
  present: readonly Member[],
  transport: "udp" | "tcp" = "udp",
): Buffer {
  const state = initialState(defaultIdentity, present, noFaults);
  const response = respond(state, 0, 1, Buffer.from(encodeQuery(asked)), transport);
  if (response.kind !== "send") throw new Error(`no answer: ${response.kind}`);
  return response.bytes;
}

/**
 * As many SRV records as 64 KiB hold: their names are compressed, as some servers do, and there is
 * no room for addresses.
 */
export function largestAnswer(id: number): { bytes: Buffer; targets: readonly string[] } {
  const head = message({ id });
  const targets: string[] = [];
  const parts = [head];
  for (let length = head.length; ; ) {
    const label = Buffer.from(`galera-${targets.length}`);
    const record = Buffer.alloc(18 + 1 + label.length + 2);
    record.writeUInt16BE(pointerToService, 0);
    record.set([0, 33, 0, 1, 0, 0, 0, 5], 2); // SRV, IN, TTL 5
    record.writeUInt16BE(record.length - 12, 10);
    record.set([0, 0, 0, 1, 0x11, 0xd7, label.length], 12); // priority 0, weight 1, port 4567
    label.copy(record, 19);
    record.writeUInt16BE(pointerToService, record.length - 2);
    length += record.length;
    if (length > 0xffff) break;
    parts.push(record);
    targets.push(`${label}.${service}`);
  }
  head.writeUInt16BE(targets.length, 6);
  return { bytes: Buffer.concat(parts), targets };
}

/** Behind the header stands the question's name. */
const pointerToService = 0xc00c;
