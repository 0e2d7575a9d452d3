/*
 * How commands talk to the controller: HTTP with JSON over a Unix socket in the lab's directory,
 * which only its owner may write to.
 *
 *   GET  /                                   the lab's status
 *   POST /galera-1/kill?signal=SIGKILL       the member's status before
 *   POST /galera-0/delete?disk=true          the member's status before
 *   POST /down                               the lab's status
 */
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import type { Controller } from "./controller.js";
import { podOrdinal } from "./pod.js";
import type { LabStatus, MemberStatus } from "./status.js";

interface Reply {
  readonly code: 200 | 404 | 409;
  readonly body: unknown;
}

/** Serves until it is closed. */
export async function serveControl(
  socket: string,
  controller: Controller,
  status: () => LabStatus,
): Promise<Server> {
  const server = createServer((message, response) => {
    const url = new URL(message.url ?? "/", "http://lab");
    const { code, body } = answer(message.method ?? "", url, controller, status);
    response.writeHead(code, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(body));
  });
  server.listen(socket);
  await once(server, "listening");
  return server;
}

function answer(
  method: string,
  { pathname, searchParams }: URL,
  controller: Controller,
  status: () => LabStatus,
): Reply {
  const [, target = "", verb = ""] = pathname.split("/");
  if (method === "GET" && target === "") return { code: 200, body: status() };
  if (method !== "POST") return { code: 404, body: { error: `${method} ${pathname}: unknown` } };
  if (target === "down") {
    controller.down();
    return { code: 200, body: status() };
  }
  const { members } = status();
  const ordinal = podOrdinal(target);
  const member = members.find(({ name }) => name === target);
  if (ordinal === undefined || member === undefined) {
    const known = members.map(({ name }) => name).join(", ") || "none";
    return { code: 404, body: { error: `no member ${target} (there is: ${known})` } };
  }
  switch (verb) {
    case "kill":
      return controller.signal(ordinal, searchParams.get("signal") as NodeJS.Signals)
        ? { code: 200, body: member }
        : { code: 409, body: { error: `${target} has no process now: it is ${member.phase}` } };
    case "delete":
      return controller.delete(ordinal, searchParams.get("disk") === "true")
        ? { code: 200, body: member }
        : { code: 409, body: { error: `${target} is not created yet` } };
    default:
      return { code: 404, body: { error: `${pathname}: unknown` } };
  }
}

/** A controller that does not answer within this is as good as dead. */
const timeoutMs = 5000;

/**
 * Asks the controller.
 *
 * @returns undefined where no controller listens
 * @throws Failure 64 for an unknown member, 69 where it cannot be done now or nothing comes back
 */
export async function callController(
  socket: string,
  method: "GET" | "POST",
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const outgoing = request({ socketPath: socket, method, path, timeout: timeoutMs, signal });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    outgoing.end();
    const [response] = await once(outgoing, "response");
    const body = JSON.parse(await text(response));
    if (response.statusCode === 200) return body;
    const code = response.statusCode === 404 ? exitCode.usage : exitCode.unavailable;
    throw new Failure(code, body.error);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) throw error;
    if (["ENOENT", "ENOTDIR", "ECONNREFUSED", "ECONNRESET"].includes(errnoOf(error) ?? ""))
      return undefined;
    throw new Failure(exitCode.unavailable, `the lab's controller: ${messageOf(error)}`);
  }
}

/** The lab's status; undefined where no controller listens. */
export async function askStatus(
  socket: string,
  signal: AbortSignal,
): Promise<LabStatus | undefined> {
  return (await callController(socket, "GET", "/", signal)) as LabStatus | undefined;
}

/** A member's status before what was asked for. */
export async function askMember(
  socket: string,
  path: string,
  signal: AbortSignal,
): Promise<MemberStatus | undefined> {
  return (await callController(socket, "POST", path, signal)) as MemberStatus | undefined;
}
