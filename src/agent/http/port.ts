import { connect } from "node:net";

/** Whether somebody accepts connections on a port. */
export type Accepts = (host: string, port: number, signal: AbortSignal) => Promise<boolean>;

const timeoutMs = 500;

/**
 * By a connection that is closed at once.
 *
 * @throws the signal's reason
 */
export const accepts: Accepts = async (host, port, signal) => {
  signal.throwIfAborted();
  // Not by the connection's own `signal`: Node 26 never takes the listener off that (lib/net.js).
  const socket = connect({ host, port, timeout: timeoutMs });
  const stop = () => void socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<boolean>((resolve) => {
      for (const [event, open] of [
        ["connect", true],
        ["timeout", false],
        ["error", false],
        ["close", false],
      ] as const) {
        socket.on(event, () => resolve(open));
      }
    });
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
    signal.throwIfAborted();
  }
};
