import { quote } from "./quote.js";

/** What the built-in template cannot know. */
export interface TemplateSettings {
  /** The path of Galera's library, libgalera_smm.so. */
  readonly provider: string;
  /** How a joiner receives the data: `rsync`, `mariabackup`, … */
  readonly sstMethod: string;
}

/** A minimal galera.cnf. Its last four options are empty: renderGaleraCnf sets them. */
export function defaultTemplate({ provider, sstMethod }: TemplateSettings): string {
  return `# Galera settings of this node, written by galera-peers. It keeps every line of this file but
# the values of the last four options, which it sets at each start.

[galera]
# Replicate through Galera; without this the node is an ordinary server.
wsrep_on=ON
wsrep_provider=${quote(provider)}

# Galera replicates rows, of InnoDB tables only.
binlog_format=ROW
default_storage_engine=InnoDB

# Interleaved auto-increment locks: Galera's parallel appliers deadlock with the others.
innodb_autoinc_lock_mode=2

# Flush at every commit: with 0 or 2 the position that is recovered after a crash can lie behind
# what clients were told is committed.
innodb_flush_log_at_trx_commit=1

# How a joiner receives all data from a donor. mariabackup does not block the donor, but needs an
# account in wsrep_sst_auth; rsync blocks the donor and needs none.
wsrep_sst_method=${quote(sstMethod)}

# Which cluster this is, who this node is, and where all its nodes are.
wsrep_cluster_name=
wsrep_node_name=
wsrep_node_address=
wsrep_cluster_address=
`;
}
