import { canonicalAddress, isAddress } from "../dns/address.js";
import { firstLabel, hostName } from "../dns/name.js";
import { exitCode, Failure } from "../system/failure.js";
import type { BaseSources } from "./base.js";
import { type PreparedCnf, prepareGaleraCnf } from "./prepare.js";

export interface ConfigureOptions {
  readonly cnf: BaseSources;
  /** The pod's name, and its full name where it is known. */
  readonly name: string;
  readonly fqdn: string | undefined;
  /** What names me among the peers, where the caller knows (`HOST_ADDRESS`). */
  readonly self: string | undefined;
  /** Addresses that are mine. */
  readonly addresses: readonly string[];
  /** Undefined: the second label of my full name. */
  readonly clusterName: string | undefined;
  readonly providerOptions: string | undefined;
  readonly sstMethod: string | undefined;
  /** `gcomm://` where I am the only peer, as configure-galera.sh wrote it. */
  readonly solePeerFounds: boolean;
}

/**
 * What configure-galera.sh did: from the peers on standard input, one a line, to galera.cnf.
 *
 * @throws Failure 65 for a line that names no host, or where I am not among the peers; 78 where the
 *   cluster's name is not known; what prepareGaleraCnf throws
 */
export function configure(input: string, options: ConfigureOptions): PreparedCnf {
  const peers = readPeers(input);
  const self = findSelf(peers, options);
  const clusterName = options.clusterName ?? (isAddress(self) ? options.fqdn : self)?.split(".")[1];
  if (clusterName === undefined) {
    throw new Failure(
      exitCode.config,
      `the cluster's name does not follow from ${self}: set --cluster-name or --service`,
    );
  }
  return prepareGaleraCnf(options.cnf, {
    clusterName,
    nodeName: options.name,
    nodeAddress: self,
    peers,
    emptyClusterAddress: options.solePeerFounds && peers.length === 1,
    providerOptions: options.providerOptions,
    sstMethod: options.sstMethod,
  });
}

function readPeers(input: string): string[] {
  const peers = new Set<string>();
  for (const [index, line] of input.split("\n").entries()) {
    const text = line.trim();
    if (text === "") continue;
    const peer = isAddress(text) ? canonicalAddress(text) : hostName(text);
    if (peer === undefined) {
      const shown = JSON.stringify(text.slice(0, 80));
      throw new Failure(
        exitCode.data,
        `standard input:${index + 1}: ${shown} is no host name or address`,
      );
    }
    peers.add(peer);
  }
  if (peers.size === 0) throw new Failure(exitCode.data, "standard input: no peers in it");
  return [...peers];
}

/** Names are compared label by label: galera-1 is not galera-10. */
function findSelf(peers: readonly string[], options: ConfigureOptions): string {
  const { self, name, fqdn, addresses } = options;
  const given = self && canonicalAddress(self);
  const mine =
    peers.find((peer) => peer === given) ??
    peers.find((peer) => peer === fqdn) ??
    peers.find((peer) => !isAddress(peer) && firstLabel(peer) === name) ??
    peers.find((peer) => addresses.includes(peer));
  if (mine !== undefined) return mine;
  throw new Failure(
    exitCode.data,
    `standard input: ${name} is not among its ${peers.length} peers`,
  );
}
