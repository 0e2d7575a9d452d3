import { createSocket } from "node:dgram";
import { isV6 } from "./address.js";
import type { Server } from "./lookup.js";

/**
 * Sends one query and gives the first reply that `accept` takes; others are passed over, since on
 * UDP anybody may send anything.
 *
 * Rejects with the system's error where the server cannot be reached, and with the signal's reason
 * once that is aborted: time-outs are the caller's.
 */
export type Exchange<T> = (
  server: Server,
  query: Uint8Array,
  accept: (reply: Uint8Array) => T | undefined,
  signal: AbortSignal,
) => Promise<T>;

/**
 * Over UDP, from a port of the kernel's choice. The socket is connected, so the kernel drops what
 * comes from any other address, and an ICMP refusal arrives as an error at once.
 */
export async function exchangeUdp<T>(...[server, query, accept, signal]: Parameters<Exchange<T>>) {
  signal.throwIfAborted();
  const type = isV6(server.host) ? "udp6" : "udp4";
  const socket = createSocket({ type, lookup: addressItself });
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      socket.on("error", reject);
      socket.on("message", (reply) => {
        const taken = accept(reply);
        if (taken !== undefined) resolve(taken);
      });
      // An event and no callback: a callback would get the error of connecting in place of `error`.
      socket.on("connect", () => socket.send(query, (error) => error && reject(error)));
      socket.connect(server.port, server.host);
    });
  } finally {
    socket.removeAllListeners("connect"); // it may still come, and nobody can send any more
    socket.on("error", () => {}); // a refusal may still arrive while it closes
    socket.close();
  }
}

/** To look up an address, Node would load all of node:dns. */
function addressItself(
  address: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, address, isV6(address) ? 6 : 4);
}

/** Over TCP: each message behind its length in two bytes (RFC 7766). */
export async function exchangeTcp<T>(...[server, query, accept, signal]: Parameters<Exchange<T>>) {
  const { connect } = await import("node:net"); // most answers fit into a datagram
  signal.throwIfAborted();
  const socket = connect({ host: server.host, port: server.port });
  try {
    return await new Promise<T>((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the connection was closed before the answer")));
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 2) {
          const end = 2 + received.readUInt16BE(0);
          if (received.length < end) break;
          const taken = accept(received.subarray(2, end));
          if (taken !== undefined) resolve(taken);
          received = received.subarray(end);
        }
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
  } finally {
    socket.destroy();
  }
}
