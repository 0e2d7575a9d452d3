/*
 * How `run` talks to the agent of its own pod: a sidecar, or a child that it starts itself and leaves
 * behind when it becomes the server.
 */

import type { Evidence } from "../../bootstrap/evidence.js";
import {
  count,
  FormatError,
  field,
  flag,
  fromJson,
  line,
  listOf,
  name,
  oneOf,
  optional,
  text,
  toJson,
} from "../../bootstrap/format.js";
import { formatServer } from "../../dns/lookup.js";
import type { Target } from "../../dns/service.js";
import type { Clock } from "../../system/clock.js";
import { exitCode, Failure } from "../../system/failure.js";
import type { DrainAnswer, DrainLimits } from "../drain/drain.js";
import type { Left } from "../leave.js";
import type { Ordered } from "../ordered.js";
import { exchange, type Reply } from "./exchange.js";
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

/** No agent answers, now. */
export interface Silent {
  readonly state: "silent";
  readonly why: string;
}

/** Every call throws Failure 78 for a key that the agent does not take, 70 for what is no answer. */
export interface LocalAgent {
  /** Undefined where no agent listens. */
  about(signal: AbortSignal): Promise<About | undefined>;
  ended(signal: AbortSignal): Promise<void>;
  start(evidence: Evidence, signal: AbortSignal): Promise<void>;
  decision(signal: AbortSignal): Promise<Ordered | Silent>;
  /** Begins to drain, unless that has begun; says how far it is. */
  drain(limits: DrainLimits, signal: AbortSignal): Promise<DrainAnswer | Silent>;
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
  /** The same, of an agent that has to be there. */
  const ask = async <T>(
    ...[reader, ...what]: [(value: unknown) => T, ...Parameters<typeof call>]
  ): Promise<T> => {
    const reply = await call(...what);
    if (reply.kind === "none") throw lost(reply.why);
    return document(reply, reader);
  };
  return {
    about: async (signal) => {
      const reply = await call("GET", "/v1/agent", signal);
      return reply.kind === "none" ? undefined : document(reply, readAbout);
    },
    ended: (signal) => ask(() => {}, "POST", "/v1/ended", signal),
    start: (evidence, signal) => ask(() => {}, "POST", "/v1/start", signal, toJson({ evidence })),
    decision: async (signal) => {
      const reply = await call("GET", "/v1/decision", signal);
      if (reply.kind === "none") return { state: "silent", why: reply.why };
      return document(reply, readOrdered);
    },
    drain: async (limits, signal) => {
      const reply = await call("POST", "/v1/drain", signal, toJson(limits));
      if (reply.kind === "none") return { state: "silent", why: reply.why };
      return document(reply, readDrainAnswer);
    },
  };

  function document<T>(reply: Extract<Reply, { kind: "reply" }>, reader: (value: unknown) => T): T {
    try {
      const value = fromJson(reply.body);
      if (reply.status === 200) return reader(value);
      const error = field(value, "error", "answer", optional(line)) ?? `status ${reply.status}`;
      throw reply.status === 403 ? new Failure(exitCode.config, from(error)) : lost(error);
    } catch (error) {
      throw error instanceof FormatError ? lost(`no agent's answer (${error.message})`) : error;
    }
  }

  function lost(why: string): Failure {
    return new Failure(exitCode.software, from(why));
  }

  function from(why: string): string {
    return `the agent on ${formatServer({ host, port })}: ${why}`;
  }
}

function readAbout(value: unknown): About {
  return {
    name: field(value, "name", "agent", name),
    parent: field(value, "parent", "agent", optional(count)),
  };
}

function readOrdered(value: unknown): Ordered {
  const at = "decision";
  const hint = field(value, "hint", at, optional(line));
  return {
    action: field(value, "action", at, oneOf("found", "join", "wait", "hold")),
    why: field(value, "why", at, line),
    ...(hint !== undefined && { hint }),
    targets: field(value, "targets", at, optional(listOf(readTarget))),
    discard: field(value, "discard", at, flag),
    asked: field(value, "asked", at, flag),
  };
}

function readTarget(value: unknown, at: string): Target {
  const lookedUp = field(value, "lookedUp", at, optional(listOf(text)));
  return {
    name: field(value, "name", at, name),
    addresses: field(value, "addresses", at, listOf(text)),
    ...(lookedUp !== undefined && { lookedUp }),
  };
}

function readDrainAnswer(value: unknown): DrainAnswer {
  return {
    state: field(value, "state", "drain", oneOf("waiting", "drained", "overdue")),
    why: field(value, "why", "drain", line),
  };
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
