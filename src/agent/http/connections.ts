/*
 * The connections of the agent's port: plain ones and encrypted ones, and never too many of them.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { PeerTls } from "./secure.js";

/** The first byte of a TLS connection: a record that carries a handshake (RFC 8446, 5.1). */
const handshakeRecord = 0x16;

type Take = (socket: Socket) => void;

/**
 * Has a server of HTTP answer over TLS too, on the same port. What is encrypted shows in the first byte,
 * as no HTTP request begins with it.
 *
 * @param silentMs whoever has not sent that byte after so long, or not finished the handshake, is cut off
 */
export function alsoOverTls(server: Server, tls: PeerTls, silentMs: number): void {
  // It begins to read at once: a connection is given to it as soon as it is known to be HTTP.
  const [toHttp] = server.listeners("connection") as Take[];
  if (toHttp === undefined) throw new Error("a server of HTTP that takes no connections");
  server.removeListener("connection", toHttp);
  const give = (socket: Socket) => toHttp.call(server, socket);
  const encrypt = tls.answer(silentMs, give);
  server.on("connection", (socket: Socket) => {
    const cut = () => void socket.destroy();
    socket.on("error", cut);
    socket.on("end", cut);
    socket.setTimeout(silentMs, cut);
    socket.once("data", (bytes) => {
      socket.off("end", cut);
      socket.setTimeout(0);
      socket.off("timeout", cut);
      socket.pause();
      socket.unshift(bytes);
      if (bytes[0] === handshakeRecord) return encrypt(socket);
      give(socket);
      socket.resume();
    });
  });
}

/**
 * Whoever holds many connections loses the oldest, and keeps nobody else out: those that have asked
 * for something are not cut off for those that have not.
 */
export function limitConnections(server: Server, most: number): void {
  const silent = new Map<string, Socket>();
  const asking = new Map<string, Socket>();
  const add = (sockets: Map<string, Socket>, end: string, socket: Socket) => {
    sockets.set(end, socket);
    const [oldest] = sockets;
    if (oldest === undefined || sockets.size <= most) return;
    sockets.delete(oldest[0]);
    oldest[1].destroy();
  };
  server.on("connection", (socket) => {
    const end = otherEnd(socket);
    socket.on("close", () => {
      if (silent.get(end) === socket) silent.delete(end);
      asking.delete(end);
    });
    add(silent, end, socket);
  });
  server.on("request", ({ socket }) => {
    const end = otherEnd(socket);
    silent.delete(end);
    if (!socket.destroyed) add(asking, end, socket);
  });
}

/** The same for a connection and for the encrypted one that is in it. */
function otherEnd({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
