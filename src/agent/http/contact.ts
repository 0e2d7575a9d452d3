import type { FindOut } from "../../bootstrap/participant.js";
import { galeraPort } from "../../galera/group-port.js";
import type { Clock } from "../../system/clock.js";
import { askState } from "./ask.js";
import type { Accepts } from "./port.js";
import type { PeerTls } from "./secure.js";

export interface ContactOptions {
  readonly agentPort: number;
  readonly key: string | undefined;
  /** Left out: nothing is encrypted. */
  readonly tls?: PeerTls | undefined;
}

export interface ContactPorts {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly accepts: Accepts;
}

/**
 * Who has data waits so long for an agent that does not listen, beside a server that does: it may
 * be starting again, and it knows whether a join would replace the data.
 */
const agentIsAbsentAfterMs = 10_000;

/** Asks members' agents; a member without one is present if Galera's port accepts a connection. */
export function createContact(
  { agentPort: port, key, tls }: ContactOptions,
  { clock, newId, accepts }: ContactPorts,
): FindOut {
  const absentSince = new Map<string, number>();
  return async ({ name, address, atStake }, signal) => {
    if (address === undefined) return { kind: "silent", what: "no DNS record" };
    const nonce = newId();
    const answer = await askState({ name, address, port, key, tls, nonce, signal });
    const nowMs = clock.now();
    if (answer.kind === "told") {
      absentSince.delete(name);
      return { kind: "answers", state: answer.told };
    }
    const { what, absent } = answer;
    if (!absent || !(await accepts(address, galeraPort, signal))) {
      absentSince.delete(name);
      return { kind: "silent", what };
    }
    const since = absentSince.get(name) ?? nowMs;
    absentSince.set(name, since);
    if (atStake && nowMs - since < agentIsAbsentAfterMs) return { kind: "silent", what };
    return { kind: "present", what };
  };
}
