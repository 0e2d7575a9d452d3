import { connect } from "node:net";

/** Whether somebody accepts connections on a port. */
export type Accepts = (host: string, port: number, signal: AbortSignal) => Promise<boolean>;

const timeoutMs = 500;

/**
 * By a connection that is closed at once.
 *
 * @throws the signal's reason
 */
export const accepts: Accepts = (host, port, signal) => {
  const socket = connect({ host, port, signal, timeout: timeoutMs });
  return new Promise((resolve, reject) => {
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => (signal.aborted ? reject(signal.reason) : end(false)));
  });
};
