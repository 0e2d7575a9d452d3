/*
 * How commands talk to the controller: HTTP with JSON over a Unix socket in the lab's directory,
 * which only its owner may write to.
 *
 *   GET  /        the lab's status
 *   POST /order   an order (orders.ts); the lab's status before it
 *   POST /down    the lab's status
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import type { RunningLab } from "./lab.js";
import type { Order } from "./orders.js";
import type { LabStatus } from "./status.js";

type Served = Pick<RunningLab, "status" | "perform" | "down">;

interface Reply {
  readonly code: number;
  readonly body: unknown;
}

/** Serves until it is closed. */
export async function serveControl(socket: string, lab: Served): Promise<Server> {
  const server = createServer(async (message, response) => {
    const { code, body } = await answer(message, lab).catch(refusal);
    response.writeHead(code, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(body));
  });
  server.listen(socket);
  await once(server, "listening");
  return server;
}

async function answer(message: IncomingMessage, lab: Served): Promise<Reply> {
  const call = `${message.method} ${message.url}`;
  const before = lab.status();
  switch (call) {
    case "GET /":
      return { code: 200, body: before };
    case "POST /order":
      await lab.perform(JSON.parse(await text(message)) as Order);
      return { code: 200, body: before };
    case "POST /down":
      void lab.down();
      return { code: 200, body: before };
    default:
      throw new Failure(exitCode.usage, `${call}: unknown`);
  }
}

function refusal(error: unknown): Reply {
  const code = error instanceof Failure ? error.exitCode : exitCode.software;
  return { code: 409, body: { error: messageOf(error), exitCode: code } };
}

/** A controller that does not answer within this is as good as dead. */
const timeoutMs = 5000;

/**
 * Asks the controller.
 *
 * @returns undefined where no controller listens
 * @throws Failure with the controller's own exit code, 69 where nothing comes back
 */
async function callController(
  socket: string,
  method: "GET" | "POST",
  path: string,
  signal: AbortSignal,
  order?: Order,
): Promise<LabStatus | undefined> {
  try {
    const outgoing = request({ socketPath: socket, method, path, timeout: timeoutMs, signal });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    outgoing.end(order === undefined ? undefined : JSON.stringify(order));
    const [response] = await once(outgoing, "response");
    const body = JSON.parse(await text(response));
    if (response.statusCode === 200) return body as LabStatus;
    throw new Failure(body.exitCode ?? exitCode.software, body.error);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) throw error;
    if (["ENOENT", "ENOTDIR", "ECONNREFUSED", "ECONNRESET"].includes(errnoOf(error) ?? ""))
      return undefined;
    throw new Failure(exitCode.unavailable, `the lab's controller: ${messageOf(error)}`);
  }
}

/** The lab's status; undefined where no controller listens. */
export function askStatus(socket: string, signal: AbortSignal): Promise<LabStatus | undefined> {
  return callController(socket, "GET", "/", signal);
}

/** Has an order carried out; gives the status before it. */
export function giveOrder(
  socket: string,
  order: Order,
  signal: AbortSignal,
): Promise<LabStatus | undefined> {
  return callController(socket, "POST", "/order", signal, order);
}

/** Has the lab taken down, in its own time. */
export function askDown(socket: string, signal: AbortSignal): Promise<LabStatus | undefined> {
  return callController(socket, "POST", "/down", signal);
}
