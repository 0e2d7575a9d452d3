/*
 * What a pod's readiness probe and its server say. The lab asks the server itself as well, for `ps`;
 * only in pods without an agent does readiness rest on that, as the probes by SQL of old did.
 */
import { exchange, type Reply } from "../agent/http/exchange.js";
import { defaultAgentPort } from "../agent/http/here.js";
import { probePaths } from "../agent/probes.js";
import { createServerSql, type ServerSql } from "../agent/sql/sql.js";
import { localState, type WsrepStatus } from "../galera/wsrep-status.js";
import type { Clock } from "../system/clock.js";
import type { Health } from "./pod-life.js";

/** The readiness probe's `timeoutSeconds`, as Kubernetes has it where a manifest says nothing. */
const probeTimeoutMs = 1000;

export interface HealthPlace {
  readonly socket: string;
  readonly address: string;
  readonly hasAgent: boolean;
}

/** Looks at one pod, again and again, until it is closed. */
export interface HealthWatch {
  look(): Promise<Health>;
  /** What the liveness probe says, as `galera-peers probe liveness`: an agent that is away lets it live. */
  alive(): Promise<boolean>;
  close(): Promise<void>;
}

export function watchHealth(
  { socket, address, hasAgent }: HealthPlace,
  clock: Clock,
  signal: AbortSignal,
): HealthWatch {
  const sql = createServerSql({ socket, user: "root" }, clock);
  return {
    look: async () => {
      const [status, ready] = await Promise.all([
        askServer(sql),
        hasAgent ? askAgent(address, signal) : undefined,
      ]);
      const galera = status && {
        state: status.comment,
        primary: status.primary,
        clusterSize: status.clusterSize,
      };
      return { ...(ready ?? readyBySql(status)), galera };
    },
    alive: async () => !hasAgent || (await askAlive(address, signal)),
    close: () => sql.close(),
  };
}

async function askServer(sql: ServerSql): Promise<WsrepStatus | undefined> {
  const answer = await sql.status();
  return answer.kind === "status" ? answer.status : undefined;
}

type Readiness = Pick<Health, "ready" | "why">;

async function askAgent(host: string, signal: AbortSignal): Promise<Readiness> {
  const reply = await probe(host, probePaths.readiness, signal);
  if (reply.kind === "none") return { ready: false, why: `its agent: ${reply.why}` };
  return { ready: isSuccess(reply), why: reasonIn(reply.body) };
}

async function askAlive(host: string, signal: AbortSignal): Promise<boolean> {
  const reply = await probe(host, probePaths.liveness, signal);
  return reply.kind === "none" || isSuccess(reply);
}

function probe(host: string, path: string, signal: AbortSignal): Promise<Reply> {
  const timeoutMs = probeTimeoutMs;
  return exchange({ host, port: defaultAgentPort, method: "GET", path, timeoutMs, signal });
}

/** As the kubelet's HTTP probe has it. */
function isSuccess({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 400;
}

function reasonIn(body: string): string | undefined {
  try {
    return String((JSON.parse(body) as { why?: unknown }).why ?? "") || undefined;
  } catch {
    return undefined;
  }
}

/** In the primary component, with the cluster's state, and it takes queries. */
export function readyBySql(status: WsrepStatus | undefined): Readiness {
  if (status === undefined) return { ready: false, why: "its server does not answer" };
  const ready = status.ready && status.primary && status.state === localState.synced;
  return { ready, why: `${status.comment}, ${status.primary ? "Primary" : "non-Primary"}` };
}
