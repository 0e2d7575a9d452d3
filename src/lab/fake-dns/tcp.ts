import type { Socket } from "node:net";

/** What one connection may cost: no honest query is longer, no honest client leaves so much unread. */
const longestQueryBytes = 4096;
const mostUnreadBytes = 1 << 20;

/** Takes one query; `send` may be called later, or never. */
export type OnQuery = (bytes: Buffer, send: (answer: Buffer) => void) => void;

/**
 * Serves DNS over one TCP connection (RFC 7766): any number of queries, each after its length in
 * two bytes, until the client leaves, is silent for `idleMs`, or breaks the rules.
 */
export function serveConnection(socket: Socket, idleMs: number, onQuery: OnQuery): void {
  let buffered = Buffer.alloc(0);
  const send = (answer: Buffer) => {
    if (!socket.writable) return;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
    if (socket.writableLength > mostUnreadBytes) socket.destroy();
  };

  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const { queries, rest } = splitQueries(Buffer.concat([buffered, chunk]));
    buffered = rest;
    for (const query of queries) onQuery(query, send);
    if (rest.length >= 2 && rest.readUInt16BE(0) > longestQueryBytes) socket.destroy();
  });
}

/** Whole queries off the front; the rest is the beginning of one that is still on its way. */
function splitQueries(bytes: Buffer): { queries: Buffer[]; rest: Buffer<ArrayBuffer> } {
  const queries: Buffer[] = [];
  let offset = 0;
  while (offset + 2 <= bytes.length) {
    const length = bytes.readUInt16BE(offset);
    if (length > longestQueryBytes || offset + 2 + length > bytes.length) break;
    queries.push(bytes.subarray(offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  return { queries, rest: Buffer.from(bytes.subarray(offset)) };
}
