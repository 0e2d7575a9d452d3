import { Agent, request } from "node:http";
import { errnoOf } from "../../system/failure.js";
import type { PeerTls } from "./secure.js";

/** What a request came to: the answer, or why there is none. */
export type Reply =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }
  | { readonly kind: "none"; readonly why: string; readonly refused: boolean };

export interface Outgoing {
  readonly host: string;
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Left out: nothing is encrypted. */
  readonly tls?: PeerTls | undefined;
}

/** A state is a few kilobytes; whoever sends more is no agent. */
const mostBytes = 65_536;

/** No connection is kept: an answer on a new one comes from who listens there now. */
const agent = new Agent({ keepAlive: false });

/**
 * Sends a request and reads the answer, both within `timeoutMs`.
 *
 * @throws the signal's reason once that is aborted; whatever else goes wrong is a value
 */
export async function exchange(what: Outgoing): Promise<Reply> {
  const limit = AbortSignal.any([what.signal, AbortSignal.timeout(what.timeoutMs)]);
  try {
    return await sendEncrypted(what, limit);
  } catch (error) {
    what.signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    const refused = code === "ECONNREFUSED";
    if (limit.aborted) return { kind: "none", why: "no answer", refused };
    if (code?.startsWith("HPE_")) return { kind: "none", why: "no HTTP answer", refused };
    return { kind: "none", why: reasons[code ?? ""] ?? code ?? message, refused };
  }
}

/** Members that have not been moved over yet do without, as long as mine is being moved. */
async function sendEncrypted({ tls, ...what }: Outgoing, signal: AbortSignal): Promise<Reply> {
  if (tls === undefined) return send(what, signal);
  try {
    return await send({ ...what, tls }, signal);
  } catch (error) {
    if (tls.mode !== "dynamic" || signal.aborted || !isNoTls(error)) throw error;
    return send(what, signal);
  }
}

/** How a handshake with a server of plain HTTP ends: its 400 is no TLS record. */
const noTls = ["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"];

export function isNoTls(error: unknown): boolean {
  return noTls.includes(errnoOf(error) ?? "");
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no route to it",
  EPROTO: "no TLS answer",
  ERR_SSL_WRONG_VERSION_NUMBER: "no TLS answer",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "no TLS answer",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of another authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is of another authority",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate is of another authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of another authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of another authority",
  CERT_SIGNATURE_FAILURE: "its certificate is of another authority",
};

function send(what: Outgoing, signal: AbortSignal): Promise<Reply> {
  const { host, port, method, path, headers = {}, body, tls } = what;
  const over = tls === undefined ? { agent } : { createConnection: () => tls.dial({ host, port }) };
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const outgoing = request(
      { host, port, method, path, ...over, signal, headers: { ...headers, ...length } },
      (incoming) => {
        const { statusCode: status = 0 } = incoming;
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes) outgoing.destroy(new Error("an answer too long for an agent's"));
          else chunks.push(chunk);
        });
        incoming.on("error", reject);
        incoming.on("aborted", () => reject(new Error("connection reset")));
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ kind: "reply", status, body: text, headers: incoming.headers });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
