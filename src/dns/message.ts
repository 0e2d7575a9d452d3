import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";
import { canonicalAddress } from "./address.js";
import { hostName } from "./name.js";

/** The record types that this program asks for. */
export type QueryType = "SRV" | "A" | "AAAA";

export interface Question {
  readonly id: number;
  /** As kept by `hostName`. */
  readonly name: string;
  readonly type: QueryType;
}

export interface Srv {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A reply that belongs to the question, reduced to what it says about it. */
export interface Reply {
  readonly rcode: string;
  readonly truncated: boolean;
  /** The answer section's records of the name asked for, aliases followed. */
  readonly srv: readonly Srv[];
  /** How many SRV records named a target that no host can have; they are left out of `srv`. */
  readonly invalid: number;
  /** A and AAAA records of the answer and additional sections, by owner. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** The least TTL of the answer, or the SOA's negative TTL (RFC 2308), in seconds. */
  readonly ttlS: number;
}

/** A size that passes every path without IP fragments (DNS flag day 2020). */
const udpPayloadSize = 1232;

/** The query on the wire: recursion desired, one question, EDNS (RFC 6891). */
export function encodeQuery({ id, name, type }: Question): Uint8Array {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ type, name }],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
}

/**
 * Reads a reply to `question`.
 *
 * @returns a text that says what is wrong with it where it is no reply to this question: a stray or
 *   forged packet, or garbage
 */
export function decodeReply(bytes: Uint8Array, question: Question): Reply | string {
  let packet: Packet & { rcode?: string; flag_tc?: boolean };
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    refuseCounts(buffer);
    packet = decode(buffer);
    // dns-packet reads a last address that is cut off as if it went on.
    if (decode.bytes > bytes.length) throw new Error("its last record is cut off");
  } catch (error) {
    if (isTruncated(bytes, question.id)) return truncatedReply;
    return `a reply that is no DNS message (${error instanceof Error ? error.message : error})`;
  }
  if (packet.type !== "response") return "a query instead of a reply";
  if (packet.id !== question.id) return "a reply with a foreign id";
  const rcode = responseCode(packet);
  const asked = packet.questions ?? [];
  const echoed = asked.length === 1 && asked[0]?.type === question.type && asked[0].class === "IN";
  const sameName = echoed && hostName(asked[0]?.name ?? "") === question.name;
  // A server that could not read the query may leave its question out.
  if (!sameName && !(asked.length === 0 && rcode !== "NOERROR" && rcode !== "NXDOMAIN")) {
    return "a reply to another question";
  }
  return { rcode, truncated: packet.flag_tc === true, ...records(packet, question) };
}

/** Throws where the header counts more than could follow: dns-packet makes room for all at once. */
function refuseCounts(message: Buffer): void {
  const counts = [4, 6, 8, 10].map((offset) => message.readUInt16BE(offset));
  const least = 5; // bytes of a question without a name; records are longer
  const most = message.length / least;
  if (counts.reduce((sum, count) => sum + count) > most) throw new Error("it counts too much");
}

const truncatedReply: Reply = {
  rcode: "NOERROR",
  truncated: true,
  srv: [],
  invalid: 0,
  addresses: new Map(),
  ttlS: 0,
};

/** Whether the header alone says: a reply to this id, cut short (its last record may be torn). */
function isTruncated(bytes: Uint8Array, id: number): boolean {
  if (bytes.length < 12) return false;
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return header.getUint16(0) === id && (header.getUint16(2) & 0x8200) === 0x8200;
}

/** The header's code; one that EDNS extends (RFC 6891) has only its last four bits there. */
function responseCode({ rcode = "NOERROR", additionals = [] }: Packet & { rcode?: string }) {
  const extended = additionals.some((record) => record.type === "OPT" && record.extendedRcode > 0);
  return extended ? "an error of EDNS" : rcode;
}

function records({ answers = [], authorities = [], additionals = [] }: Packet, question: Question) {
  const owners = aliases(answers, question.name);
  const addresses = new Map<string, string[]>();
  for (const record of [...answers, ...additionals]) {
    if ((record.type !== "A" && record.type !== "AAAA") || record.class !== "IN") continue;
    const owner = hostName(record.name);
    if (owner === undefined) continue;
    const address = canonicalAddress(record.data);
    const known = addresses.get(owner);
    if (known === undefined) addresses.set(owner, [address]);
    else if (!known.includes(address)) known.push(address);
  }
  const srv: Srv[] = [];
  let invalid = 0;
  for (const record of answers) {
    if (record.type !== "SRV" || record.class !== "IN") continue;
    if (!owners.has(hostName(record.name) ?? "")) continue;
    const { target, port, priority = 0, weight = 0 } = record.data;
    const name = hostName(target);
    if (name !== undefined) srv.push({ target: name, port, priority, weight });
    else if (target !== ".") invalid += 1; // "." says: not offered here (RFC 2782)
  }
  if (question.type !== "SRV") {
    const own = [...owners].flatMap((owner) => addresses.get(owner) ?? []);
    addresses.set(question.name, own);
  }
  return { srv, invalid, addresses, ttlS: timeToLive(answers, authorities) };
}

/** The name asked for and the canonical names that CNAME records lead on to. */
function aliases(answers: readonly Answer[], name: string): Set<string> {
  const owners = new Set([name]);
  const targets = new Map<string, string>();
  for (const record of answers) {
    if (record.type !== "CNAME") continue;
    const owner = hostName(record.name);
    const target = hostName(record.data);
    if (owner !== undefined && target !== undefined) targets.set(owner, target);
  }
  for (let next = targets.get(name); next && !owners.has(next); next = targets.get(next)) {
    owners.add(next);
  }
  return owners;
}

function timeToLive(answers: readonly Answer[], authorities: readonly Answer[]): number {
  const ttls = answers.map((record) => ("ttl" in record ? (record.ttl ?? 0) : 0));
  for (const record of answers.length === 0 ? authorities : []) {
    if (record.type === "SOA") ttls.push(Math.min(record.ttl ?? 0, record.data.minimum ?? 0));
  }
  return ttls.length === 0 ? 0 : ttls.reduce((least, ttl) => Math.min(least, ttl));
}
