/*
 * TLS between the agents. This file loads node:tls, which an agent without TLS never does: import it
 * where TLS is asked for.
 */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { connect, createSecureContext, createServer, TLSSocket } from "node:tls";
import type { TlsPem } from "../../tls/files.js";
import type { TlsMode } from "../../tls/modes.js";
import type { Speaks } from "../../tls/sst-encryption.js";
import { isNoTls } from "./exchange.js";

export interface Host {
  readonly host: string;
  readonly port: number;
}

/** How an agent's connections are encrypted. */
export interface PeerTls {
  readonly mode: TlsMode;
  /** Connects to a member, whose certificate has to be of my authority. */
  readonly dial: (to: Host) => Socket;
  /** Encrypts connections that came in; `ready` gets those whose handshake went well. */
  readonly answer: (handshakeMs: number, ready: (socket: Socket) => void) => (raw: Socket) => void;
  /** Whether the other side of a connection has shown a certificate of my authority. */
  readonly isMember: (socket: Socket) => boolean;
  /** What the next connection shows, and whom it takes. */
  readonly inUse: () => TlsPem;
  /**
   * From the next connection on, these.
   *
   * @throws what OpenSSL has against them; all is then as it was
   */
  readonly renew: (pem: TlsPem) => void;
}

/**
 * As Galera itself has it: both sides show a certificate that the members' authority has signed, and no
 * name is compared, since a pod's address and the name that it is asked by change.
 */
export function createPeerTls(mode: TlsMode, first: TlsPem): PeerTls {
  let current = contextOf(first);
  let outgoing = createSecureContext(current);
  let renewServer = () => {};
  return {
    mode,
    dial: (to) =>
      connect({
        ...to,
        secureContext: outgoing,
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      }),
    answer: (handshakeMs, ready) => {
      // Probes have no certificate: who has to show one is decided where the request is known.
      const how = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: handshakeMs };
      const server = createServer({ ...current, ...how });
      server.on("secureConnection", ready);
      server.on("tlsClientError", (_, socket) => void socket.destroy());
      renewServer = () => server.setSecureContext(current);
      return (raw) => void server.emit("connection", raw);
    },
    isMember: (socket) => socket instanceof TLSSocket && socket.authorized,
    inUse: () => current,
    renew: (pem) => {
      const next = contextOf(pem);
      outgoing = createSecureContext(next);
      current = next;
      renewServer();
    },
  };
}

/** Begins a handshake, to see whether the other side has TLS; nothing is said in it. */
export async function speaksTls(tls: PeerTls, to: Host, signal: AbortSignal): Promise<Speaks> {
  signal.throwIfAborted();
  const socket = tls.dial(to);
  const stop = () => void socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  socket.setTimeout(handshakeMs, stop);
  try {
    return await new Promise<Speaks>((resolve) => {
      socket.on("secureConnect", () => resolve("tls"));
      socket.on("error", (error) => resolve(isNoTls(error) ? "plain" : "nothing"));
      socket.on("close", () => resolve("nothing"));
    });
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
    signal.throwIfAborted();
  }
}

const handshakeMs = 1000;

/**
 * Without tickets no session is taken up again. Node 22 takes a TLS 1.3 client that resumes one for
 * authorized, also where it has never shown a certificate (VerifyPeerCertificate in crypto_common.cc).
 */
function contextOf({ ca, cert, key }: TlsPem) {
  return { ca, cert, key, secureOptions: constants.SSL_OP_NO_TICKET };
}
