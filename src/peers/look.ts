import type { Query } from "../dns/client.js";
import type { Lookup } from "../dns/lookup.js";
import { lookupService, type Target } from "../dns/service.js";
import type { Identity } from "./identity.js";
import { type AddressType, addressesNeeded, listed, type PeerSet, peerSet } from "./peer-set.js";

/** What one look at DNS came to: the peers, me among them, or what is still awaited. */
export type Sight =
  | { readonly kind: "peers"; readonly set: PeerSet; readonly ttlS: number }
  | {
      readonly kind: "awaiting";
      readonly what: string;
      /** An answer without me, no records at all, or no answer. */
      readonly because: "unnamed" | "empty" | "failed";
    };

/** Looks up the service once. */
export type Look = (signal: AbortSignal) => Promise<Sight>;

/**
 * @param watchAddresses look up every peer's addresses, also where the peers are named by DNS
 */
export function createLook(
  query: Query,
  me: Identity,
  type: AddressType,
  watchAddresses: boolean,
): Look {
  const needs = addressesNeeded(me, type, watchAddresses);
  return async (signal) => sight(await lookupService(query, me.serviceFqdn, needs, signal), me);
}

/** Reads an outcome as this member sees it: an answer counts only if it names me. */
export function sight(found: Lookup<readonly Target[]>, me: Identity): Sight {
  switch (found.kind) {
    case "answer": {
      const set = peerSet(found.value, me);
      if (set.self !== undefined) return { kind: "peers", set, ttlS: found.ttlS };
      const names = listed(set.peers.map(({ name }) => name));
      const what = `my own SRV record: ${me.fqdn} is not among ${names}`;
      return { kind: "awaiting", because: "unnamed", what };
    }
    case "empty":
      return {
        ...{ kind: "awaiting", because: "empty" },
        what:
          found.why === "nxdomain"
            ? `my own SRV record: ${me.serviceFqdn} does not exist (NXDOMAIN)`
            : `my own SRV record: ${me.serviceFqdn} has none (does the Service name its ports?)`,
      };
    case "failed":
      return {
        ...{ kind: "awaiting", because: "failed" },
        what: `DNS: ${me.serviceFqdn}: ${found.detail}`,
      };
    default:
      return found satisfies never;
  }
}
