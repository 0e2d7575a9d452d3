/*
 * Where Galera and the SST scripts listen. IPv4 needs none of it; an address of IPv6 as the node's own
 * needs the first alone, since IST and the scripts then take that address as it is.
 */
import { hostOf } from "../../cnf/cluster-address.js";
import type { OwnOption } from "../../cnf/own-block.js";
import type { GaleraSettings } from "../../cnf/render.js";
import { isAddress, isReachableV6 } from "../../dns/address.js";
import { galeraPort } from "../../galera/group-port.js";
import { addressOf, type PeerSet } from "../../peers/peer-set.js";

export interface AddressFacts {
  readonly galera: GaleraSettings;
  readonly peers: PeerSet;
  /** Those of this container's interfaces. */
  readonly interfaces: readonly string[];
}

export function addressOptions(facts: AddressFacts): readonly OwnOption[] {
  return [...listenOption(facts), ...receiveOptions(facts)];
}

/**
 * Without being told, Galera listens on IPv4 alone (gcomm/src/gmcast.cpp: "how to make it IPv6 safe?").
 * Where DNS gives this member no address of IPv6, nobody calls it there.
 */
function listenOption({ peers }: AddressFacts): readonly OwnOption[] {
  if (!peers.self?.addresses.some(isReachableV6)) return [];
  return [
    {
      ...{ of: "provider", name: "gmcast.listen_addr", value: `tcp://[::]:${galeraPort}` },
      why: "DNS gives this member an address of IPv6; this takes IPv4 too (net.ipv6.bindv6only=0).",
    },
  ];
}

/**
 * A joiner that is named by DNS tells its donor the name, and listens for IST where the name leads at
 * its own side: in a pod of both families to IPv6, by /etc/hosts, even if the service is of IPv4 alone
 * (galera/src/ist.cpp). Its socat listens on IPv4, whatever the name leads to (wsrep_sst_mariabackup
 * knows IPv6 by its brackets). An address of which all know is the same for both sides.
 */
function receiveOptions({ galera, peers, interfaces }: AddressFacts): readonly OwnOption[] {
  const { self } = peers;
  if (self === undefined || isAddress(galera.nodeAddress)) return [];
  const address = addressOf(self, "ip");
  const mayLeadToV6 = [...self.addresses, ...interfaces].some(isReachableV6);
  if (address === undefined || !mayLeadToV6) return [];
  const value = hostOf(address);
  const why = "My name may lead to IPv6 here: the donor has to call where this member listens.";
  return [
    { of: "provider", name: "ist.recv_addr", value, why },
    { of: "server", name: "wsrep_sst_receive_address", value, why },
  ];
}
