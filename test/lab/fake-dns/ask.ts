import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { type DecodedPacket, decode, encode, type Packet, type RecordType } from "dns-packet";

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface QueryOptions {
  readonly id?: number;
  /** The EDNS payload size; no EDNS if left out. */
  readonly edns?: number;
  readonly ednsVersion?: number;
}

/** The bytes of a query with one question. */
export function query(type: RecordType, name: string, options: QueryOptions = {}): Buffer {
  const { id = 4711, edns, ednsVersion = 0 } = options;
  const packet: Packet = {
    type: "query",
    id,
    flags: 0x100,
    questions: [{ type, name, class: "IN" }],
  };
  if (edns !== undefined) {
    packet.additionals = [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: edns,
        ednsVersion,
        extendedRcode: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ];
  }
  return encode(packet);
}

/** A decoded answer; the types of dns-packet leave the code out. */
export type Answer = DecodedPacket & { readonly rcode: string };

export function read(bytes: Buffer): Answer {
  return decode(bytes) as Answer;
}

/** Sends one datagram and gives the answer, or "silence" if none came within `patienceMs`. */
export async function askUdp(server: Server, bytes: Buffer, patienceMs = 1000): Promise<Buffer> {
  const socket = createSocket(server.host.includes(":") ? "udp6" : "udp4");
  try {
    socket.send(bytes, server.port, server.host);
    const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(patienceMs) });
    return answer as Buffer;
  } finally {
    socket.close();
  }
}

/** Whether a datagram stays without an answer. */
export async function isSilent(server: Server, bytes: Buffer, patienceMs = 150): Promise<boolean> {
  return askUdp(server, bytes, patienceMs).then(
    () => false,
    () => true,
  );
}

/**
 * Sends raw bytes over one TCP connection and gives the answers, up to `count` of them; fewer if
 * the server closes it first.
 */
export async function askTcp(server: Server, sent: readonly Buffer[], count: number) {
  const socket = connect(server.port, server.host);
  const answers: Buffer[] = [];
  let received = Buffer.alloc(0);
  for (const bytes of sent) socket.write(bytes);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      answers.push(received.subarray(2, end));
      received = received.subarray(end);
    }
    if (answers.length >= count) break;
  }
  socket.destroy();
  return answers;
}

/** A message with its length before it, as TCP carries it. */
export function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
