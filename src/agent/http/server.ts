import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { toJson } from "../../bootstrap/format.js";
import { messageOf } from "../../system/failure.js";
import type { Health } from "../health.js";
import { type Probe, probePaths, probes } from "../probes.js";
import { alsoOverTls, limitConnections } from "./connections.js";
import { listen, type PortOptions, type PortPorts } from "./listen.js";
import type { PeerTls } from "./secure.js";
import { isSignedBy, requestSubject, sign, signatureHeader, tellingSubject } from "./signature.js";

/** What the agent answers with. */
export interface Handlers {
  readonly state: () => Promise<unknown>;
  readonly report: () => Promise<unknown>;
  readonly health: (probe: Probe) => Promise<Health>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly about: () => unknown;
  readonly ended: () => void;
  readonly start: (body: string) => void;
  readonly decision: () => unknown;
  readonly drain: (body: string) => unknown;
}

export interface ListenOptions extends PortOptions {
  readonly key: string | undefined;
  /** Left out: nothing is encrypted. */
  readonly tls?: PeerTls | undefined;
}

export interface ServePorts extends PortPorts {
  /** Told of what went wrong in a handler, or with the port. */
  readonly fault: (what: string) => void;
}

/**
 * Whoever asks has no need of more: a member asks a few times a second, on a connection each. As many
 * connections as the kernel queues (511) are taken at once, and none of them is cut off for the others.
 */
const limits = { connections: 512, headerBytes: 8192, bodyBytes: 16_384, requestMs: 3000 };

/**
 * Listens until it is closed.
 *
 * @throws Failure 78 where the port cannot be had; the signal's reason
 */
export async function serve(
  handlers: Handlers,
  options: ListenOptions,
  ports: ServePorts,
): Promise<Server> {
  const { tls } = options;
  const { fault } = ports;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    keepAlive: false,
    connectionsCheckingInterval: 1000,
  });
  // A connection is for one request: whoever sends more at once is none of those who ask.
  server.maxRequestsPerSocket = 1;
  server.on("dropRequest", (_, socket) => socket.destroy());
  if (tls !== undefined) alsoOverTls(server, tls, limits.requestMs);
  limitConnections(server, limits.connections);
  server.on("request", async (request: IncomingMessage, response) => {
    const { status, body, signature, contentType } = await answer(request, handlers, options).catch(
      (error) => {
        fault(`an answer to ${request.method}: ${messageOf(error)}`);
        return bad(500, "a fault, which its log names");
      },
    );
    response.writeHead(status, {
      "content-type": contentType ?? "application/json",
      "content-length": Buffer.byteLength(body),
      connection: "close",
      ...(signature !== undefined && { [signatureHeader]: signature }),
    });
    response.end(body);
  });
  await listen(server, options, ports);
  server.on("error", (error) => fault(`the agent's port: ${messageOf(error)}`));
  return server;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly signature?: string;
  /** JSON, if left out. */
  readonly contentType?: string;
}

async function answer(
  request: IncomingMessage,
  handlers: Handlers,
  { key, tls }: Pick<ListenOptions, "key" | "tls">,
): Promise<Reply> {
  const { method = "", socket } = request;
  const url = URL.parse(request.url ?? "/", "http://agent");
  if (url === null) return bad(400, "no path");
  const { pathname, searchParams } = url;
  const isTold = method === "GET" || method === "HEAD";
  if (isTold && members.has(pathname) && tls?.mode === "on" && !tls.isMember(socket)) {
    return bad(403, "only over TLS, with a certificate of this member's authority");
  }
  if (isTold) {
    const open = await told(pathname, searchParams, handlers, key);
    if (open !== undefined) return open;
  }
  const asked = local[`${method} ${pathname}`];
  if (asked === undefined || !isFromHere(socket)) return bad(404, "unknown");
  const body = method === "POST" ? await limited(request) : "";
  if (body === undefined) return bad(413, "too long, or cut off");
  const given = request.headers[signatureHeader];
  if (key !== undefined && !isSignedBy(key, one(given), requestSubject(method, pathname), body)) {
    return bad(403, "not signed with this agent's GALERA_AGENT_KEY");
  }
  return { status: 200, body: toJson((await asked(handlers, body)) ?? {}) };
}

/** What only this host may ask. */
const local: Readonly<Record<string, (handlers: Handlers, body: string) => unknown>> = {
  "GET /v1/agent": ({ about }) => about(),
  "POST /v1/ended": ({ ended }) => ended(),
  "POST /v1/start": ({ start }, body) => start(body),
  "GET /v1/decision": ({ decision }) => decision(),
  "POST /v1/drain": ({ drain }, body) => drain(body),
};

/** What is told to members; while no one has certificates, anybody may be one. */
const members: ReadonlySet<string> = new Set(["/v1/state", "/v1/status"]);

/** What is told; undefined for what is not. */
async function told(
  pathname: string,
  searchParams: URLSearchParams,
  handlers: Handlers,
  key: string | undefined,
): Promise<Reply | undefined> {
  const probe = probes.find((one) => probePaths[one] === pathname);
  if (probe !== undefined) {
    const health = await handlers.health(probe);
    return { status: health.ok ? 200 : 503, body: toJson(health) };
  }
  const signed = async (telling: () => Promise<unknown>): Promise<Reply> => {
    const nonce = searchParams.get("nonce") ?? "";
    if (!/^[\w-]{0,64}$/.test(nonce)) return bad(400, "no nonce");
    const body = toJson(await telling());
    const signature =
      key === undefined ? undefined : sign(key, tellingSubject(pathname, nonce), body);
    return { status: 200, body, ...(signature !== undefined && { signature }) };
  };
  switch (pathname) {
    case "/v1/state":
      return signed(handlers.state);
    case "/v1/status":
      return signed(handlers.report);
    case "/metrics":
      return { status: 200, ...(await handlers.metrics()) };
    default:
      return undefined;
  }
}

function bad(status: number, error: string): Reply {
  return { status, body: JSON.stringify({ error }) };
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}

/** A start is the business of this pod alone: over loopback, or from the address that was called. */
export function isFromHere({
  remoteAddress = "",
  localAddress,
}: Pick<Socket, "remoteAddress" | "localAddress">): boolean {
  const plain = remoteAddress.replace(/^::ffff:/, "");
  return plain.startsWith("127.") || plain === "::1" || remoteAddress === localAddress;
}

async function limited(request: IncomingMessage): Promise<string | undefined> {
  const length = Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY);
  return length <= limits.bodyBytes ? text(request).catch(() => undefined) : undefined;
}
