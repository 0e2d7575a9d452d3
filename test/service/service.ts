/*
 * A Service of Kubernetes in front of the members: clients reach those that are ready.
 */

import { exchange } from "../../src/agent/http/exchange.js";
import { probePaths } from "../../src/agent/probes.js";
import { startForward } from "../../src/lab/proxy/forward.js";
import type { Clock } from "../../src/system/clock.js";
import { type ProbeReadiness, watchReadiness } from "./readiness.js";

export interface ServiceOptions {
  /** Where clients connect; any free port if 0. */
  readonly host: string;
  readonly port: number;
  /** The addresses of the members that there are now. */
  readonly members: () => readonly string[];
  /** Where they listen. */
  readonly memberPort: number;
  readonly agentPort: number;
  /** The readiness probe's `periodSeconds`. */
  readonly periodMs: number;
  readonly clock: Clock;
}

export interface Service {
  readonly port: number;
  /** The members that get new connections now. */
  ready(): readonly string[];
  close(): Promise<void>;
}

/** The probe's `timeoutSeconds`, as Kubernetes has it where a manifest says nothing. */
const probeTimeoutMs = 1000;

/** @throws the error of a host or port that cannot be listened on */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { host, port, memberPort, clock } = options;
  const closing = new AbortController();
  const ready = watchReadiness(options, {
    probe: readyz(options.agentPort),
    clock,
    signal: closing.signal,
  });
  try {
    const forward = await startForward({ host, port, memberPort, ready });
    return {
      port: forward.port,
      ready,
      close: async () => {
        closing.abort();
        await forward.close();
      },
    };
  } catch (error) {
    closing.abort();
    throw error;
  }
}

/** The kubelet's HTTP probe of a member's agent: any status of success will do. */
function readyz(port: number): ProbeReadiness {
  return async (host, signal) => {
    const path = probePaths.readiness;
    const reply = await exchange({
      ...{ host, port, method: "GET", path, timeoutMs: probeTimeoutMs, signal },
    });
    return reply.kind === "reply" && reply.status >= 200 && reply.status < 400;
  };
}
