/*
 * The agent's HTTP. Members ask each other for their states; `run` in the same pod asks for its
 * decision.
 *
 *   GET  /v1/state?nonce=N   the member's state, signed
 *   GET  /v1/agent           whose agent this is            (from this host only)
 *   POST /v1/ended           a server has ended             (from this host only)
 *   POST /v1/start           a start begins; its evidence   (from this host only)
 *   GET  /v1/decision        what to do, and why            (from this host only)
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { toJson } from "../bootstrap/format.js";
import type { Clock } from "../system/clock.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { isSignedBy, requestSubject, sign, signatureHeader, stateSubject } from "./signature.js";

/** What the agent answers with. */
export interface Handlers {
  readonly state: () => Promise<unknown>;
  readonly about: () => unknown;
  readonly ended: () => void;
  readonly start: (body: string) => void;
  readonly decision: () => unknown;
}

export interface ListenOptions {
  /** Undefined: on every address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

export interface ServePorts {
  readonly clock: Clock;
  /** Told of what went wrong in a handler, or with the port. */
  readonly fault: (what: string) => void;
}

/** Whoever asks has no need of more: a member asks a few times a second, on a connection each. */
const limits = { connections: 128, headerBytes: 8192, bodyBytes: 16_384, requestMs: 3000 };
/** An agent that is about to end may hold the port for so long. */
const portIsFreeAfterMs = 12_000;

/**
 * Listens until it is closed.
 *
 * @throws Failure 78 where the port cannot be had; the signal's reason
 */
export async function serve(
  handlers: Handlers,
  { host, port, key, signal }: ListenOptions,
  { clock, fault }: ServePorts,
): Promise<Server> {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    keepAlive: false,
    connectionsCheckingInterval: 1000,
  });
  // Whoever holds many connections loses them, and keeps nobody else out.
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    const [oldest] = open;
    if (open.size > limits.connections) oldest?.destroy();
  });
  server.on("request", async (request: IncomingMessage, response) => {
    const { status, body, signature } = await answer(request, handlers, key).catch((error) => {
      fault(`an answer to ${request.method}: ${messageOf(error)}`);
      return bad(500, "a fault, which its log names");
    });
    response.writeHead(status, {
      "content-type": "application/json",
      connection: "close",
      ...(signature !== undefined && { [signatureHeader]: signature }),
    });
    response.end(body);
  });
  const deadlineMs = clock.now() + portIsFreeAfterMs;
  for (;;) {
    server.listen({ port, ...(host !== undefined && { host }) });
    try {
      await once(server, "listening");
      server.on("error", (error) => fault(`the agent's port: ${messageOf(error)}`));
      return server;
    } catch (error) {
      if (errnoOf(error) !== "EADDRINUSE" || clock.now() >= deadlineMs) {
        throw new Failure(
          exitCode.config,
          `the agent's port (GALERA_AGENT_PORT): ${messageOf(error)}`,
        );
      }
      await clock.sleep(100, signal);
    }
  }
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly signature?: string;
}

async function answer(
  request: IncomingMessage,
  handlers: Handlers,
  key: string | undefined,
): Promise<Reply> {
  const url = URL.parse(request.url ?? "/", "http://agent");
  if (url === null) return bad(400, "no path");
  const { pathname, searchParams } = url;
  if (request.method === "GET" && pathname === "/v1/state") {
    const nonce = searchParams.get("nonce") ?? "";
    if (!/^[\w-]{0,64}$/.test(nonce)) return bad(400, "no nonce");
    const body = toJson(await handlers.state());
    const signature = key === undefined ? undefined : sign(key, stateSubject(nonce), body);
    return { status: 200, body, ...(signature !== undefined && { signature }) };
  }
  if (!isFromHere(request.socket)) return bad(404, "unknown");
  const body = request.method === "POST" ? await limited(request) : "";
  if (body === undefined) return bad(413, "too long, or cut off");
  const subject = requestSubject(request.method ?? "", pathname);
  const given = request.headers[signatureHeader];
  if (key !== undefined && !isSignedBy(key, one(given), subject, body)) {
    return bad(403, "not signed with this agent's GALERA_AGENT_KEY");
  }
  switch (`${request.method} ${pathname}`) {
    case "GET /v1/agent":
      return { status: 200, body: toJson(handlers.about()) };
    case "POST /v1/ended":
      handlers.ended();
      return { status: 200, body: "{}" };
    case "POST /v1/start":
      handlers.start(body);
      return { status: 200, body: "{}" };
    case "GET /v1/decision":
      return { status: 200, body: toJson(await handlers.decision()) };
    default:
      return bad(404, "unknown");
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
