import { once } from "node:events";
import type { Server } from "node:http";
import type { Clock } from "../../system/clock.js";
import { errnoOf, exitCode, Failure, messageOf } from "../../system/failure.js";

export interface PortOptions {
  /** Undefined: on every address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly signal: AbortSignal;
}

export interface PortPorts {
  readonly clock: Clock;
  /** Whether who holds the port gives it up one day: another agent of this pod. */
  readonly isAwaited: () => Promise<boolean>;
}

/** An agent that is about to end may hold the port for so long. */
const isFreeAfterMs = 12_000;
/** How often it is tried: while it is about to be free, and while another agent lives. */
const tryEveryMs = { soon: 100, later: 1000 } as const;

/**
 * Begins to listen, once the port can be had.
 *
 * @throws Failure 78 where it cannot; the signal's reason
 */
export async function listen(
  server: Server,
  { host, port, signal }: PortOptions,
  { clock, isAwaited }: PortPorts,
): Promise<void> {
  const soonMs = clock.now() + isFreeAfterMs;
  for (;;) {
    server.listen({ port, ...(host !== undefined && { host }) });
    try {
      await once(server, "listening");
      return;
    } catch (error) {
      const isSoon = clock.now() < soonMs;
      if (errnoOf(error) !== "EADDRINUSE" || !(isSoon || (await isAwaited()))) {
        const what = `the agent's port (GALERA_AGENT_PORT): ${messageOf(error)}`;
        throw new Failure(exitCode.config, what);
      }
      await clock.sleep(tryEveryMs[isSoon ? "soon" : "later"], signal);
    }
  }
}
