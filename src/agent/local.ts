/*
 * How `run` talks to the agent of its own pod: a sidecar, or a child that it starts itself and leaves
 * behind when it becomes the server.
 */
import type { Evidence } from "../bootstrap/evidence.js";
import { FormatError, field, fromJson, optional, text, toJson } from "../bootstrap/format.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import { exchange, type Reply } from "./http.js";
import type { Left } from "./leave.js";
import type { Ordered } from "./ordered.js";
import { requestSubject, sign, signatureHeader } from "./signature.js";

export interface LocalOptions {
  readonly host: string;
  readonly port: number;
  readonly key: string | undefined;
}

/** Whose agent it is. */
export interface About {
  readonly name: string;
  /** The process that it was left behind by; undefined for a sidecar. */
  readonly parent: number | undefined;
}

export interface LocalAgent {
  /** Undefined where no agent listens. */
  about(signal: AbortSignal): Promise<About | undefined>;
  ended(signal: AbortSignal): Promise<void>;
  start(evidence: Evidence, signal: AbortSignal): Promise<void>;
  decision(signal: AbortSignal): Promise<Ordered>;
}

const timeoutMs = 2000;

export function createLocalAgent({ host, port, key }: LocalOptions): LocalAgent {
  const call = async (
    method: "GET" | "POST",
    path: string,
    signal: AbortSignal,
    body = "",
  ): Promise<Reply> => {
    const headers =
      key === undefined ? {} : { [signatureHeader]: sign(key, requestSubject(method, path), body) };
    const sent = method === "POST" ? { body } : {};
    return exchange({ host, port, method, path, headers, timeoutMs, signal, ...sent });
  };
  const read = async <T>(
    path: string,
    signal: AbortSignal,
    reader: (value: unknown) => T,
  ): Promise<T | undefined> => {
    const reply = await call("GET", path, signal);
    return reply.kind === "none" ? undefined : document(reply, reader);
  };
  const post = async (path: string, body: string, signal: AbortSignal): Promise<void> => {
    const reply = await call("POST", path, signal, body);
    if (reply.kind === "none") throw lost(reply.why);
    document(reply, () => {});
  };
  return {
    about: (signal) =>
      read("/v1/agent", signal, (value) => ({
        name: field(value, "name", "agent", text),
        parent: (value as About).parent,
      })),
    ended: (signal) => post("/v1/ended", "", signal),
    start: (evidence, signal) => post("/v1/start", toJson({ evidence }), signal),
    decision: async (signal) => {
      const ordered = await read("/v1/decision", signal, (value) => {
        field(value, "action", "decision", text);
        return value as Ordered;
      });
      if (ordered === undefined) throw lost("no answer");
      return ordered;
    },
  };

  function document<T>(reply: Extract<Reply, { kind: "reply" }>, reader: (value: unknown) => T): T {
    try {
      const value = fromJson(reply.body);
      if (reply.status === 200) return reader(value);
      const error = field(value, "error", "answer", optional(text));
      throw lost(error ?? `status ${reply.status}`);
    } catch (error) {
      throw error instanceof FormatError ? lost(`no agent's answer (${error.message})`) : error;
    }
  }

  function lost(why: string): Failure {
    return new Failure(exitCode.software, `the agent on ${host}:${port}: ${why}`);
  }
}

/** How long an agent may take from its start to its first answer. */
const upAfterMs = 15_000;

/**
 * The agent that decides for this start: the pod's sidecar, else one that is started now.
 *
 * @param leave starts an agent that ends with this process
 * @param name this member's
 * @throws Failure 70 where it does not come up, 78 where another member's is in its place
 */
export async function findAgent(
  agent: LocalAgent,
  name: string,
  leave: () => Left,
  { clock, signal, pid }: { clock: Clock; signal: AbortSignal; pid: number },
): Promise<"sidecar" | "child"> {
  const found = await agent.about(signal);
  if (found !== undefined && found.parent === undefined) return sidecarOf(name, found);
  const child = leave();
  const deadlineMs = clock.now() + upAfterMs;
  for (;;) {
    await clock.sleep(20, signal);
    const about = await agent.about(signal);
    if (about?.parent === pid) return "child";
    if (about !== undefined && about.parent === undefined) return sidecarOf(name, about);
    const ended = child.ended();
    if (ended === undefined && clock.now() < deadlineMs) continue;
    throw new Failure(exitCode.software, `the agent did not come up: ${ended ?? "no answer"}`);
  }
}

function sidecarOf(name: string, about: About): "sidecar" {
  if (about.name === name) return "sidecar";
  const what = `the agent here is that of ${about.name}, and this is ${name}`;
  throw new Failure(exitCode.config, `${what}: set POD_IP, or another --agent-port for each`);
}
