/*
 * `galera-peers drain`, a pod's preStop: the agent drains, and this waits until the server may be
 * ended. It hands in what is left of the limits each time, so that an agent that has begun anew goes
 * on where the one before was.
 */
import { formatServer } from "../../dns/lookup.js";
import type { Settings } from "../../settings.js";
import type { Clock } from "../../system/clock.js";
import { exitCode, Failure } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { agentHere } from "../http/here.js";
import { readAgentKey } from "../http/key.js";
import { createLocalAgent } from "../http/local.js";

export interface DrainHerePorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How often the agent is asked whether it is this member's turn. */
const everyMs = 200;
/** An agent that begins anew answers within this. */
const silentMs = 5000;
/** The agent says itself that the time is up, but for one that answers late. */
const lateMs = 1000;

/**
 * Returns when the server may be ended.
 *
 * @throws Failure 69 where no agent answers
 */
export async function drainHere(
  { drainDelay = 5000, drainTimeout = 20_000, ...settings }: Settings,
  env: Readonly<Record<string, string | undefined>>,
  { clock, log, signal }: DrainHerePorts,
): Promise<void> {
  const here = agentHere(settings);
  const agent = createLocalAgent({ ...here, key: readAgentKey(env) });
  const begunMs = clock.now();
  const said = new Set<string>();
  const say = (what: string) => {
    if (!said.has(what)) log("info", `waiting for ${what}`);
    said.add(what);
  };
  let heardMs: number | undefined;
  let awaited = "an agent";
  for (;;) {
    const passedMs = clock.now() - begunMs;
    const left = (ms: number) => Math.max(0, ms - passedMs);
    const limits = { delayMs: left(drainDelay), timeoutMs: left(drainTimeout) };
    const { state, why } = await agent.drain(limits, signal);
    switch (state) {
      case "drained":
        return log("info", `the server may be ended: ${why}`);
      case "overdue":
        return overdue(why);
      case "waiting":
        heardMs = clock.now();
        awaited = why;
        say(why);
        break;
      case "silent": {
        const bearableMs = Math.min(silentMs, drainTimeout);
        if (clock.now() - (heardMs ?? begunMs) >= bearableMs) throw silent(why);
        say(`the agent, which does not answer (${why})`);
        break;
      }
      default:
        return state satisfies never;
    }
    if (passedMs >= drainTimeout + lateMs) return overdue(awaited);
    await clock.sleep(everyMs, signal);
  }

  function overdue(what: string): void {
    log("warn", `the server may be ended since the time is up, without waiting for ${what}`);
  }

  function silent(why: string): Failure {
    const what = `no agent on ${formatServer(here)} (${why})`;
    return new Failure(exitCode.unavailable, `${what}: nobody knows whose turn it is to leave`);
  }
}
