import { decode, type OptAnswer, type Question } from "dns-packet";
import { type Rcode, rcode } from "./answer.js";

/** What every reply repeats from its query. */
export interface Asked {
  readonly id: number;
  /** Opcode, RD and CD, where they stand in the header. */
  readonly flags: number;
  /** The question section as it came, case and all; empty if there was none to read. */
  readonly questionBytes: Buffer;
  readonly edns: Edns | undefined;
}

export interface Edns {
  /** Bytes; never below 512 (RFC 6891). */
  readonly udpPayloadSize: number;
  readonly dnssecOk: boolean;
}

export type Query =
  | { readonly kind: "question"; readonly asked: Asked; readonly question: Question }
  /** Not answerable, but its sender can be told. */
  | { readonly kind: "rejected"; readonly asked: Asked; readonly rcode: Rcode }
  /** Too short to have an id, or itself a response: an answer could only do harm. */
  | { readonly kind: "ignored" };

const headerBytes = 12;

/** Reads one message; the header's checks are those of miekg/dns, which CoreDNS stands on. */
export function readQuery(bytes: Buffer): Query {
  if (bytes.length < headerBytes) return { kind: "ignored" };
  const flags = bytes.readUInt16BE(2);
  if (flags & 0x8000) return { kind: "ignored" };

  const asked = {
    id: bytes.readUInt16BE(0),
    flags: flags & 0x7910,
    questionBytes: Buffer.alloc(0),
    edns: undefined,
  };
  if (flags & 0x7800) return { kind: "rejected", asked, rcode: rcode.notImp };
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = [4, 6, 8, 10].map(
    (offset) => bytes.readUInt16BE(offset),
  );
  // Decides before anything is decoded, so that no count can make dns-packet allocate or loop.
  if (questions !== 1 || answers > 1 || authorities > 1 || additionals > 2) {
    return { kind: "rejected", asked, rcode: rcode.formErr };
  }
  return readSections(bytes, asked);
}

function readSections(bytes: Buffer, asked: Asked): Query {
  const malformed: Query = { kind: "rejected", asked, rcode: rcode.formErr };
  const end = questionEnd(bytes);
  if (end === undefined) return malformed;
  try {
    const { questions: [question] = [], additionals = [] } = decode(bytes);
    const options = additionals.filter((record) => record.type === "OPT") as OptAnswer[];
    if (question === undefined || options.length > 1) return malformed;

    const [option] = options;
    const complete: Asked = {
      ...asked,
      questionBytes: bytes.subarray(headerBytes, end),
      edns: option && {
        udpPayloadSize: Math.max(512, option.udpPayloadSize),
        dnssecOk: option.flag_do,
      },
    };
    if (option !== undefined && option.ednsVersion !== 0) {
      return { kind: "rejected", asked: complete, rcode: rcode.badVers };
    }
    return { kind: "question", asked: complete, question };
  } catch {
    return malformed;
  }
}

/** Where the question section ends. A question's name is the first: it has nothing to point to. */
function questionEnd(bytes: Buffer): number | undefined {
  for (let offset = headerBytes; ; ) {
    const length = bytes[offset];
    if (length === undefined || length > 63) return undefined;
    offset += length + 1;
    if (length === 0) return offset + 4 <= bytes.length ? offset + 4 : undefined;
  }
}
