import { quote } from "./quote.js";

/** What the built-in template cannot know. */
export interface TemplateSettings {
  /** The path of Galera's library, libgalera_smm.so. */
  readonly provider: string;
}

/** A minimal galera.cnf. Its last four options are empty: renderGaleraCnf sets them. */
export function defaultTemplate({ provider }: TemplateSettings): string {
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

# Which cluster this is, who this node is, and where all its nodes are.
wsrep_cluster_name=
wsrep_node_name=
wsrep_node_address=
wsrep_cluster_address=
`;
}
