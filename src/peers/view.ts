import type { HookInput } from "../hooks/hook.js";
import type { Identity } from "./identity.js";
import { type AddressType, namePeers, type PeerSet } from "./peer-set.js";

/** The peers as a hook is told of them. */
export interface View extends HookInput {
  /** Two views with the same key are no change. */
  readonly key: string;
}

/**
 * @param watchAddresses whether a change of a peer's addresses alone is one
 * @returns what is awaited where an address that is wanted is not known of every peer
 */
export function viewOf(
  set: PeerSet,
  me: Identity,
  type: AddressType,
  watchAddresses: boolean,
): View | string {
  const named = namePeers(set, type);
  if (typeof named === "string") return named;
  const unknown = watchAddresses && set.peers.find(({ addresses }) => addresses.length === 0);
  if (unknown) return `an address of ${unknown.name}`;
  return {
    peers: named.all,
    self: named.self,
    podIp: me.podIp ?? set.self?.addresses[0],
    key: JSON.stringify(watchAddresses ? set.peers : named.all),
  };
}
