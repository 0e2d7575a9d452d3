/*
 * Whom a start asks who founds: the agent of its pod, which it starts where there is no sidecar.
 */

import { statSync } from "node:fs";
import {
  type Consultation,
  consultOneself,
  type MemberPorts,
  participate,
} from "../agent/consult.js";
import { agentHere } from "../agent/http/here.js";
import { readAgentKey } from "../agent/http/key.js";
import { type Ordered, waitFor } from "../agent/ordered.js";
import type { Evidence } from "../bootstrap/evidence.js";
import { formatServer } from "../dns/lookup.js";
import { paceLook } from "../peers/paced-look.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { serverEnvironment } from "./launch.js";
import type { Member, Start } from "./start.js";

/** How this start was called: an agent is told the same. */
export interface Called {
  /** The server's command line. */
  readonly words: readonly string[];
  /** Flags, as variables. */
  readonly settings: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** Node and the script that is this program. */
  readonly program: readonly string[];
}

export interface ConsultPorts extends MemberPorts {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** An agent that does not answer has so long to do so again. */
const agentIsBackMs = 15_000;

export async function consultFor(
  called: Called,
  start: Start,
  { me: { name }, look, addressType }: Member,
  settings: Settings,
  ports: ConsultPorts,
): Promise<Consultation> {
  const { stateDir, ledger } = start;
  const key = readAgentKey(called.env);
  // What configure-galera.sh did needs no agent, and has none.
  if (settings.agent === "off" || settings.bootstrap === "sole-peer") {
    const paced = paceLook(look, ports.clock).look;
    const place = { name, stateDir, ledger, look: paced, addressType };
    return consultOneself(participate(place, settings, key, ports), stateDir);
  }
  const [{ createLocalAgent, findAgent }, { leaveAgent }] = await Promise.all([
    import("../agent/http/local.js"),
    import("../agent/leave.js"),
  ]);
  const { host, port } = agentHere(settings);
  const agent = createLocalAgent({ host, port, key });
  const leave = () => leaveAgent(agentProcess(called, start, key));
  const which = await findAgent(agent, name, leave, { ...ports, pid: process.pid });
  ports.log("info", which === "sidecar" ? "the agent is up" : "an agent was started");
  let begun: Evidence | undefined;
  const begin = (evidence: Evidence) => {
    begun = evidence;
    return agent.start(evidence, ports.signal);
  };
  let silentSinceMs: number | undefined;
  /** It may be about to begin anew, with other settings or by its container. */
  const awaitAgent = (why: string): Ordered => {
    const nowMs = ports.clock.now();
    silentSinceMs ??= nowMs;
    if (nowMs - silentSinceMs < agentIsBackMs) return waitFor("the agent of this pod to answer");
    throw new Failure(exitCode.software, `the agent on ${formatServer({ host, port })}: ${why}`);
  };
  return {
    ended: () => agent.ended(ports.signal),
    start: begin,
    next: async (signal) => {
      const ordered = await agent.decision(signal);
      if ("state" in ordered) return awaitAgent(ordered.why);
      silentSinceMs = undefined;
      // A sidecar that has been started again knows nothing of this start.
      if (!ordered.asked && begun !== undefined) await begin(begun);
      return ordered;
    },
  };
}

/** The key as the agent can read it: root's file is out of reach for the account that it runs as. */
function keyVariable(env: Called["env"], uid: number, key: string | undefined) {
  const { GALERA_AGENT_KEY_FILE: file } = env;
  if (file && uid !== 0) return { GALERA_AGENT_KEY_FILE: file };
  return key === undefined ? {} : { GALERA_AGENT_KEY: key };
}

/** The agent that this process leaves behind. */
function agentProcess(
  { words, settings, env, uid, program }: Called,
  { stateDir }: Start,
  key: string | undefined,
) {
  const { uid: owner, gid } = statSync(stateDir);
  return {
    argv: [...program, "agent", "--parent", `${process.pid}`, "--", ...words],
    env: {
      ...serverEnvironment(env),
      ...settings,
      ...keyVariable(env, uid, key),
    },
    account: uid === 0 ? { uid: owner, gid } : undefined,
  };
}
