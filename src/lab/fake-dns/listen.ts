import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server } from "node:net";
import { errnoOf, exitCode, Failure, messageOf } from "../../system/failure.js";

export interface Listeners {
  readonly udp: Socket;
  readonly tcp: Server;
  readonly port: number;
}

/** An automatic port that is free for TCP may be taken for UDP: then another one is tried. */
const attempts = 20;

/**
 * Listens on one port for UDP and TCP.
 *
 * @param port 0 for any free one
 * @throws Failure (configuration) if the address cannot be listened on
 */
export async function listen(host: string, port: number): Promise<Listeners> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(host, port);
    } catch (thrown) {
      const taken = errnoOf(thrown) === "EADDRINUSE";
      if (taken && port === 0 && attempt < attempts) continue;
      throw new Failure(
        exitCode.config,
        `cannot listen on ${hostPort(host, port)}: ${why(thrown)}`,
      );
    }
  }
}

/** `127.0.0.1:53`, `[::1]:53` */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

async function listenOnce(host: string, port: number): Promise<Listeners> {
  const tcp = createServer();
  const udp = createSocket(isIPv6(host) ? "udp6" : "udp4");
  try {
    tcp.listen({ host, port });
    await once(tcp, "listening");
    const bound = (tcp.address() as { port: number }).port;
    udp.bind({ address: host, port: bound });
    await once(udp, "listening");
    return { udp, tcp, port: bound };
  } catch (thrown) {
    tcp.close();
    udp.close();
    throw thrown;
  }
}

function why(thrown: unknown): string {
  switch (errnoOf(thrown)) {
    case "EADDRINUSE":
      return "the port is in use; choose another one, or 0 for any free one";
    case "EADDRNOTAVAIL":
      return "this machine does not have the address";
    case "EACCES":
      return "ports below 1024 need root; choose a higher one";
    default:
      return messageOf(thrown);
  }
}
