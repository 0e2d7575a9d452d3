import { isV6 } from "../dns/address.js";
import type { Family, NeedsAddress, Target } from "../dns/service.js";
import { type Identity, ordinalOf } from "./identity.js";

export type AddressType = "dns" | "ip" | "ipv4" | "ipv6";

/** A member of the service as DNS names it. */
export interface Peer {
  /** Fully qualified, lower case. */
  readonly name: string;
  readonly ordinal: number | undefined;
  /** Those of the family by which the members reach each other first, see byReach. */
  readonly addresses: readonly string[];
  /** Those of them that did not come in the same answer as the names. */
  readonly lookedUp?: readonly string[];
}

/** The members that one answer of DNS names. */
export interface PeerSet {
  /** Me among them, if DNS names me; sorted by name, as peer-finder did. */
  readonly peers: readonly Peer[];
  /** The peer whose name is exactly mine. */
  readonly self: Peer | undefined;
  readonly others: readonly Peer[];
  /**
   * The answer itself carries an address of mine, so it is newer than my start, and every older
   * endpoint is in it. An address that was looked up afterwards says nothing about its age.
   */
  readonly fresh: boolean;
}

/** Makes the peer set of an answer. Names are compared whole: galera-1 is not galera-10. */
export function peerSet(targets: readonly Target[], me: Identity): PeerSet {
  const peers = byReach(targets, me.podIp).map((target) => ({
    ...target,
    ordinal: ordinalOf(target.name),
  }));
  const self = peers.find(({ name }) => name === me.fqdn);
  return {
    peers,
    self,
    others: peers.filter((peer) => peer !== self),
    fresh: answered(self).some((address) => me.addresses.includes(address)),
  };
}

/**
 * The targets, each with its addresses of one family first: the one by which all reach each other. Of
 * two, that of `POD_IP`, where the agents listen: the cluster's first in Kubernetes. All members see the
 * same answer, so all choose the same, also while a cluster moves from one family to both.
 */
export function byReach(targets: readonly Target[], podIp: string | undefined): readonly Target[] {
  const prefersV6 = podIp !== undefined && isV6(podIp);
  const known = targets.filter(({ addresses }) => addresses.length > 0);
  const allHave = (v6: boolean) => known.every(({ addresses }) => addresses.some(isOf(v6)));
  const first = isOf(allHave(prefersV6) || !allHave(!prefersV6) ? prefersV6 : !prefersV6);
  return targets.map((target) => ({
    ...target,
    addresses: target.addresses.toSorted((a, b) => Number(first(b)) - Number(first(a))),
  }));
}

function isOf(v6: boolean): (address: string) => boolean {
  return (address) => isV6(address) === v6;
}

/** The addresses that came in the same answer as the names. */
export function answered(peer: Peer | undefined): readonly string[] {
  return peer?.addresses.filter((address) => !peer.lookedUp?.includes(address)) ?? [];
}

/**
 * What names a peer to the others: its name, the address by which all reach it (`ip`, see byReach),
 * or one of the family asked for. Undefined where no such address is known.
 */
export function addressOf(peer: Peer, type: AddressType): string | undefined {
  switch (type) {
    case "dns":
      return peer.name;
    case "ip":
      return peer.addresses[0];
    case "ipv4":
      return peer.addresses.find(isOf(false));
    case "ipv6":
      return peer.addresses.find(isOf(true));
    default:
      return type satisfies never;
  }
}

/**
 * What names every peer, and me, to the others; no name twice.
 *
 * @returns what is still awaited where a peer has no address of that type yet
 */
export function namePeers(
  { peers, self }: PeerSet,
  type: AddressType,
): { readonly all: readonly string[]; readonly self: string } | string {
  const all = new Set<string>();
  for (const peer of peers) {
    const address = addressOf(peer, type);
    if (address === undefined) return `an ${type} address of ${peer.name}`;
    all.add(address);
  }
  const own = self === undefined ? undefined : addressOf(self, type);
  return own === undefined ? "my own SRV record" : { all: [...all], self: own };
}

/** Names for a message: all of a few, the first of many. */
export function listed(names: readonly string[]): string {
  const most = 9;
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** Which peers' addresses a look-up must give: mine for freshness, all where addresses are names. */
export function addressesNeeded(me: Identity, type: AddressType, all: boolean): NeedsAddress {
  const family: Family | "any" = type === "ipv4" || type === "ipv6" ? type : "any";
  return (name) => (name === me.fqdn || type !== "dns" || all ? family : undefined);
}
