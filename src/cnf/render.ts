import { exitCode, Failure } from "../system/failure.js";
import { clusterAddress, hostOf } from "./cluster-address.js";
import { type Changes, editOptions } from "./edit.js";
import { mergeProviderOptions, parseProviderOptions } from "./provider-options.js";

/** What galera-peers itself has to say in galera.cnf. */
export interface GaleraSettings {
  readonly clusterName: string;
  readonly nodeName: string;
  /** This node's address or name; IPv6 with or without brackets. */
  readonly nodeAddress: string;
  /** The addresses or names of all nodes, in the order they shall stand. */
  readonly peers: readonly string[];
  /** Merged key by key into the provider options that are there: `gcache.size=1G; pc.weight=2`. */
  readonly providerOptions?: string | undefined;
  /** Only if it was asked for: a template's own method stays. */
  readonly sstMethod?: string | undefined;
  /** Writes `gcomm://`, with which every start founds a new cluster, in place of the peers. */
  readonly emptyClusterAddress?: boolean | undefined;
}

/**
 * The text of galera.cnf: `base` with these settings in it and every other byte as it was.
 *
 * @param base an option file's bytes, as `readFile(path, "latin1")` gives them
 * @returns bytes in the same way
 * @throws Failure (config) for a setting that cannot stand in galera.cnf
 */
export function renderGaleraCnf(base: string, settings: GaleraSettings): string {
  return editOptions(base, galeraChanges(settings));
}

/**
 * The options that these settings set, for editOptions.
 *
 * @throws Failure as renderGaleraCnf
 */
export function galeraChanges(settings: GaleraSettings): Changes {
  const { clusterName, nodeName, nodeAddress, peers, providerOptions, sstMethod } = settings;
  const addresses = settings.emptyClusterAddress === true ? [] : peers;
  if (addresses.length === 0 && settings.emptyClusterAddress !== true) {
    throw new Failure(
      exitCode.software,
      "an empty list of peers would make gcomm://, and every start found a cluster of its own",
    );
  }
  if (providerOptions !== undefined) parseProviderOptions(providerOptions);
  return {
    wsrep_cluster_name: plain("cluster name", clusterName),
    wsrep_node_name: plain("node name", nodeName),
    wsrep_node_address: hostOf(nodeAddress),
    wsrep_cluster_address: (current) => clusterAddress(addresses, current),
    ...(providerOptions !== undefined && {
      wsrep_provider_options: (current = "") =>
        mergeProviderOptions(current, plain("provider options", providerOptions)),
    }),
    ...(sstMethod !== undefined && { wsrep_sst_method: plain("SST method", sstMethod) }),
  };
}

/** The bytes of a setting, which has no business with control characters. */
function plain(subject: string, value: string): string {
  if (/\p{Cc}/u.test(value)) {
    throw new Failure(exitCode.config, `the ${subject} must not have control characters`);
  }
  return Buffer.from(value, "utf8").toString("latin1");
}
