/*
 * Looks at all members: asks DNS who there is, and each one's agent what it knows.
 */
import { type Answer, askReport } from "../agent/http/ask.js";
import type { PeerTls } from "../agent/http/secure.js";
import type { Report } from "../agent/report.js";
import type { Query } from "../dns/client.js";
import type { Lookup } from "../dns/lookup.js";
import { firstLabel } from "../dns/name.js";
import { lookupService, type Target } from "../dns/service.js";
import type { Identity } from "../peers/identity.js";
import { addressOf, byReach } from "../peers/peer-set.js";
import { type Round, remembered, type Sighting } from "./overview.js";

export interface RoundsOptions {
  /** Only the service counts, where this is no member. */
  readonly me: Pick<Identity, "name" | "serviceFqdn" | "podIp">;
  /** Where the agent of this pod listens, if it has one. */
  readonly here: string;
  readonly agentPort: number;
  /** Undefined: answers are shown unverified. */
  readonly key: string | undefined;
  /** Left out: nothing is encrypted. */
  readonly tls?: PeerTls | undefined;
}

export interface RoundsPorts {
  readonly query: Query;
  readonly newId: () => string;
}

/** Takes one look. */
export type Rounds = (signal: AbortSignal) => Promise<Round>;

/** DNS has so long to answer: people look on. */
const lookUpMs = 3000;

/** Those whom DNS named are asked also while it fails. */
export function createRounds(
  { me, here, agentPort: port, key, tls }: RoundsOptions,
  { query, newId }: RoundsPorts,
): Rounds {
  const service = me.serviceFqdn;
  let targets: readonly Target[] = [];

  const ask = (name: string, address: string, signal: AbortSignal): Promise<Answer<Report>> =>
    askReport({ name, address, port, key, tls, unverified: true, nonce: newId(), signal });

  const sightingOf = async (target: Target, named: true | undefined, signal: AbortSignal) => {
    const { addresses } = target;
    const name = firstLabel(target.name);
    const address = addressOf({ ...target, ordinal: undefined }, "ip");
    const answer =
      address === undefined ? nowhere("DNS gives no address") : ask(name, address, signal);
    return { name, named, addresses, answer: await answer };
  };

  /** This pod's own, where DNS does not name it; nobody where it is no member. */
  const own = async (named: false | undefined, signal: AbortSignal): Promise<Sighting[]> => {
    if (targets.some(({ name }) => firstLabel(name) === me.name)) return [];
    const answer = await ask(me.name, here, signal);
    const addresses = me.podIp === undefined ? [] : [me.podIp];
    return answer.kind === "told" ? [{ name: me.name, named, addresses, answer }] : [];
  };

  return async (signal) => {
    const found = await lookUp(query, service, signal);
    if (found.kind === "answer") targets = byReach(found.value, me.podIp);
    if (found.kind === "empty") targets = [];
    const isAnswered = found.kind !== "failed";
    const asked = await Promise.all([
      own(isAnswered ? false : undefined, signal),
      ...targets.map((target) => sightingOf(target, isAnswered ? true : undefined, signal)),
    ]);
    const seen = asked.flat();
    const others = isAnswered ? remembered(seen) : [...remembered(seen), ...peersOf(seen)];
    const missing = [...new Set(others)].filter((name) => !seen.some((one) => one.name === name));
    const unseen = missing.map((name) => ({
      ...{ name, named: isAnswered ? false : undefined, addresses: [] },
      answer: nowhere(isAnswered ? "no DNS record" : "no address without DNS"),
    }));
    return { service, dnsProblem: problemOf(found, service), sightings: [...seen, ...unseen] };
  };
}

async function lookUp(
  query: Query,
  service: string,
  signal: AbortSignal,
): Promise<Lookup<readonly Target[]>> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(lookUpMs)]);
  try {
    return await lookupService(query, service, () => "any", limit);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    return { kind: "failed", why: "timeout", detail: `no answer within ${lookUpMs / 1000} s` };
  }
}

/** Whom the agents that answer have in DNS' last answer to them. */
function peersOf(sightings: readonly Sighting[]): string[] {
  return sightings.flatMap(({ answer }) =>
    answer.kind === "told" ? answer.told.peers.map(firstLabel) : [],
  );
}

function nowhere(what: string): Answer<Report> {
  return { kind: "silent", what, absent: false };
}

function problemOf(found: Lookup<unknown>, service: string): string | undefined {
  switch (found.kind) {
    case "answer":
      return undefined;
    case "empty":
      return found.why === "nxdomain"
        ? `${service} does not exist (NXDOMAIN)`
        : `${service} has no SRV record (does the Service name its ports?)`;
    case "failed":
      return `${service}: ${found.detail}`;
    default:
      return found satisfies never;
  }
}
