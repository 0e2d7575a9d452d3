import {
  AUTHORITATIVE_ANSWER,
  DNSSEC_OK,
  encode,
  encodingLength,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import type { Reply, ZoneRecord } from "./answer.js";
import type { Asked } from "./query.js";

/** The largest answer that a sender can take: 512 over UDP unless EDNS says more, 65,535 over TCP. */
export function sizeLimit(asked: Asked, transport: "udp" | "tcp"): number {
  if (transport === "tcp") return 65_535;
  return Math.min(asked.edns?.udpPayloadSize ?? 512, largestDatagram);
}
const largestDatagram = 65_507;

const sections = ["answers", "authorities", "additionals"] as const;
const headerBytes = 12;
const optBytes = 11;

/**
 * A reply as bytes, at most `limit` of them: records that do not fit are left out from the end and
 * the TC bit says so. dns-packet encodes the parts; it does not compress, so owner names that were
 * already written are replaced by pointers here. SRV targets stay whole, as RFC 2782 wants.
 */
export function writeReply(
  asked: Asked,
  questionName: string,
  reply: Reply,
  limit: number,
): Buffer {
  const room = limit - (asked.edns ? optBytes : 0);
  const written = new Map([[questionName, headerBytes]]);
  const header = Buffer.alloc(headerBytes);
  const parts = [header, asked.questionBytes];
  const counts = { answers: 0, authorities: 0, additionals: 0 };
  let length = headerBytes + asked.questionBytes.length;
  let truncated = false;

  for (const section of sections) {
    for (const record of reply[section]) {
      const part = encodeRecord(record, length, written);
      truncated ||= length + part.length > room;
      if (truncated) break;
      parts.push(part);
      length += part.length;
      counts[section] += 1;
    }
  }
  if (asked.edns) {
    parts.push(encodeOpt(asked.edns.udpPayloadSize, asked.edns.dnssecOk, reply.rcode >> 4));
    counts.additionals += 1;
  }

  const flags =
    asked.flags |
    (reply.authoritative ? AUTHORITATIVE_ANSWER : 0) |
    (truncated ? TRUNCATED_RESPONSE : 0) |
    (reply.rcode & 0xf);
  encode({ type: "response", id: asked.id, flags }, header);
  const counted = [asked.questionBytes.length > 0 ? 1 : 0, ...sections.map((name) => counts[name])];
  for (const [index, count] of counted.entries()) header.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat(parts);
}

function encodeRecord(record: ZoneRecord, offset: number, written: Map<string, number>): Buffer {
  const whole = encode({ answers: [record] }).subarray(headerBytes);
  const body = whole.subarray(nameLength(record.name));
  const owner = pointerTo(written.get(record.name)) ?? whole.subarray(0, nameLength(record.name));

  if (!written.has(record.name)) written.set(record.name, offset);
  if (record.type === "SRV" && !written.has(record.data.target)) {
    written.set(record.data.target, offset + owner.length + srvTargetOffset);
  }
  return Buffer.concat([owner, body]);
}
/** Type, class, TTL and length; then priority, weight and port. */
const srvTargetOffset = 10 + 6;

/** A compression pointer has 14 bits; what lies further in is written out again. */
function pointerTo(offset: number | undefined): Buffer | undefined {
  if (offset === undefined || offset > 0x3fff) return undefined;
  return Buffer.from([0xc0 | (offset >> 8), offset & 0xff]);
}

function nameLength(name: string): number {
  return encodingLength({ questions: [{ name, type: "A" }] }) - headerBytes - 4;
}

function encodeOpt(udpPayloadSize: number, dnssecOk: boolean, extendedRcode: number): Buffer {
  return encode({
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize,
        extendedRcode,
        ednsVersion: 0,
        flags: dnssecOk ? DNSSEC_OK : 0,
        flag_do: dnssecOk,
        options: [],
      },
    ],
  }).subarray(headerBytes);
}
