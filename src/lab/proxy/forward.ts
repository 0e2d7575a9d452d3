/*
 * What kube-proxy does to TCP, by sockets instead of the kernel's tables: each connection goes to one
 * member that is ready at that moment and stays there until one side ends it, whatever becomes of the
 * member's readiness. Nothing is tried twice: where the member refuses, or nobody is ready, the
 * client's connection is reset. With `triesNext` it does what a client's library does with the many
 * addresses of a headless Service: where one refuses, the next is tried.
 */
import { once } from "node:events";
import { createServer, connect as open, type Socket } from "node:net";

export interface ForwardOptions {
  readonly host: string;
  /** Any free one if 0. */
  readonly port: number;
  /** Where the members listen. */
  readonly memberPort: number;
  /** The addresses of the members that take new connections now. */
  readonly ready: () => readonly string[];
  /** The address that members see; the system chooses if it is left out. */
  readonly from?: string;
  /** Whether another member is tried where one cannot be connected to; not if it is left out. */
  readonly triesNext?: boolean;
}

export interface Forward {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Round robin over those that are ready.
 *
 * @param turn how many connections there were before
 */
export function chooseMember(ready: readonly string[], turn: number): string | undefined {
  return ready[turn % ready.length];
}

/** @throws the error of a host or port that cannot be listened on */
export async function startForward(options: ForwardOptions): Promise<Forward> {
  const { host, port, memberPort, ready, from, triesNext } = options;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  let turn = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client);
    client.on("error", () => {}); // its end by one is told below, once there is a member to tell
    const members = ready();
    const first = turn;
    turn += 1;
    const dial = (failed: number) => {
      const address = chooseMember(members, first + failed);
      if (address === undefined) return void client.resetAndDestroy();
      const member = open({
        ...{ host: address, port: memberPort, allowHalfOpen: true, noDelay: true },
        ...(from !== undefined && { localAddress: from }),
      });
      keep(member);
      if (triesNext !== true || failed + 1 >= members.length) return joinBoth(client, member);
      const next = () => void (client.destroyed || dial(failed + 1));
      member.once("error", next);
      member.once("connect", () => {
        member.off("error", next);
        joinBoth(client, member);
        if (client.destroyed) member.resetAndDestroy();
      });
    };
    dial(0);
  });
  server.listen(port, host);
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

function joinBoth(client: Socket, member: Socket): void {
  join(client, member);
  join(member, client);
}

/** Data and end of one side reach the other one as they are; so does an end by an error. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.resetAndDestroy());
}
