import type { Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import { hostPort, listen } from "../../src/lab/fake-dns/listen.js";
import { framed } from "../lab/fake-dns/ask.js";

/** What a hand-made server does with a query; without one it stays silent. */
export interface Behaviour {
  readonly host?: string;
  readonly udp?: (query: Buffer, send: (bytes: Buffer) => void, socket: UdpSocket) => void;
  /** `socket` for what is not a whole message at once. */
  readonly tcp?: (query: Buffer, send: (bytes: Buffer) => void, socket: Socket) => void;
}

/** A server on one port for UDP and TCP, with what came in so far. */
export interface HandMade {
  readonly host: string;
  readonly port: number;
  /** `10.0.0.10:53`, as messages name it. */
  readonly name: string;
  readonly queries: { readonly over: "udp" | "tcp"; readonly port: number; readonly id: number }[];
  close(): Promise<void>;
}

export async function handMade({ host = "127.0.0.1", ...does }: Behaviour): Promise<HandMade> {
  const { udp, tcp, port } = await listen(host, 0);
  const queries: HandMade["queries"] = [];
  const connections = new Set<Socket>();
  udp.on("message", (query, from) => {
    queries.push({ over: "udp", port: from.port, id: query.readUInt16BE(0) });
    does.udp?.(query, (bytes) => udp.send(bytes, from.port, from.address, () => {}), udp);
  });
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.on("error", () => {}); // the client may hang up whenever it likes
    socket.on("data", (bytes: Buffer) => {
      const query = bytes.subarray(2);
      queries.push({ over: "tcp", port: socket.remotePort ?? 0, id: query.readUInt16BE(0) });
      does.tcp?.(query, (answer) => socket.write(framed(answer)), socket);
    });
  });
  const close = async () => {
    for (const socket of connections) socket.destroy();
    await Promise.all([
      new Promise<void>((closed) => udp.close(closed)),
      new Promise<void>((closed) => tcp.close(() => closed())),
    ]);
  };
  return { host, port, name: hostPort(host, port), queries, close };
}
