/*
 * The settings (README.md has their table): what each is called, and how its text is read.
 */

import { failoverProfiles } from "./server/options/failover.js";
import {
  addresses,
  addressTypes,
  command,
  count,
  domainName,
  duration,
  durationOrZero,
  label,
  matching,
  oneOf,
  path,
  pollDuration,
  port,
  providerOptions,
  type Reader,
  servers,
  token,
} from "./setting-readers.js";
import { tlsModes } from "./tls/modes.js";

/** One setting: a flag, an environment variable, and how its text is read. */
export interface Setting<T> {
  /** Undefined for what belongs to one start alone and has a variable only. */
  readonly flag?: string;
  /** The value's name in `--help`; undefined for a flag that turns something off. */
  readonly value?: string;
  readonly env: string;
  readonly help: string;
  readonly repeatable?: boolean;
  readonly read: Reader<T>;
}

/** Every setting that has an effect so far, by the name that the code calls it. */
export const settings = {
  service: {
    flag: "--service",
    value: "name",
    env: "GALERA_SERVICE",
    help: "headless service (default: second label of the pod's FQDN)",
    read: label,
  },
  namespace: {
    flag: "--namespace",
    value: "name",
    env: "POD_NAMESPACE",
    help: "namespace, also -ns (default: the service account's, then resolv.conf's search list)",
    read: label,
  },
  domain: {
    flag: "--domain",
    value: "name",
    env: "GALERA_CLUSTER_DOMAIN",
    help: "cluster domain (default: from resolv.conf's search list, then cluster.local)",
    read: domainName,
  },
  hostname: {
    flag: "--hostname",
    value: "name",
    env: "GALERA_HOSTNAME",
    help: "name of this pod (default: the host's name)",
    read: domainName,
  },
  podIp: {
    flag: "--pod-ip",
    value: "address",
    env: "POD_IP",
    help: "my address (default: those of the interfaces and of my line in /etc/hosts)",
    read: addresses,
  },
  dns: {
    flag: "--dns",
    value: "host:port",
    env: "GALERA_DNS",
    help: "DNS server, repeatable (default: resolv.conf's nameservers)",
    repeatable: true,
    read: servers,
  },
  addressType: {
    flag: "--address-type",
    value: addressTypes.join("|"),
    env: "GALERA_ADDRESS_TYPE",
    help: "how members name each other (default: dns)",
    read: oneOf(...addressTypes),
  },
  cnf: {
    flag: "--cnf",
    value: "file",
    env: "GALERA_CNF",
    help: "galera.cnf to write (default: in the image's include directory)",
    read: path,
  },
  template: {
    flag: "--template",
    value: "file",
    env: "GALERA_CNF_TEMPLATE",
    help: "text that galera.cnf is made from (default: galera.cnf itself, then a built-in one)",
    read: path,
  },
  clusterName: {
    flag: "--cluster-name",
    value: "name",
    env: "GALERA_CLUSTER_NAME",
    help: "wsrep_cluster_name (default: the service's name)",
    read: matching(/^[\x20-\x7e]{1,32}$/, "1 to 32 printable ASCII characters"),
  },
  sstMethod: {
    flag: "--sst-method",
    value: "method",
    env: "GALERA_SST_METHOD",
    help: "wsrep_sst_method (default: the template's, then mariabackup where it can serve, else rsync)",
    read: matching(/^[a-z][a-z0-9_-]*$/, "an SST method such as rsync or mariabackup"),
  },
  providerOptions: {
    flag: "--provider-options",
    value: "k=v;…",
    env: "GALERA_PROVIDER_OPTIONS",
    help: "merged key by key into wsrep_provider_options",
    read: providerOptions,
  },
  failover: {
    flag: "--failover",
    value: failoverProfiles.join("|"),
    env: "GALERA_FAILOVER",
    help: "how soon a silent member is given up (default: Galera's own time-outs)",
    read: oneOf(...failoverProfiles),
  },
  tlsDir: {
    flag: "--tls-dir",
    value: "directory",
    env: "GALERA_TLS_DIR",
    help: "ca.crt, tls.crt and tls.key: encrypts replication, SST, clients and agents (default: none)",
    read: path,
  },
  tls: {
    flag: "--tls",
    value: tlsModes.join("|"),
    env: "GALERA_TLS",
    help: "dynamic takes members without encryption too, to move a running cluster over (default: on)",
    read: oneOf(...tlsModes),
  },
  bootstrap: {
    flag: "--bootstrap",
    value: "safe|sole-peer|never",
    env: "GALERA_BOOTSTRAP",
    help: "who may found the cluster (default: safe; sole-peer is what configure-galera.sh did)",
    read: oneOf("safe", "sole-peer", "never"),
  },
  replicas: {
    flag: "--replicas",
    value: "number",
    env: "GALERA_REPLICAS",
    help: "members of a StatefulSet that starts them all at once (default: unknown)",
    read: count,
  },
  forceBootstrap: {
    env: "GALERA_FORCE_BOOTSTRAP",
    help: "one-shot: this pod founds the cluster's next epoch without the members that are silent",
    read: token,
  },
  allowDiscard: {
    env: "GALERA_ALLOW_DISCARD",
    help: "one-shot: this pod gives up data that the cluster of this epoch does not have",
    read: token,
  },
  stateDir: {
    flag: "--state-dir",
    value: "directory",
    env: "GALERA_STATE_DIR",
    help: "where the ledger is kept, on the data volume (default: the datadir)",
    read: path,
  },
  agent: {
    flag: "--no-agent",
    env: "GALERA_AGENT",
    help: "start no agent: peers learn nothing of this member (GALERA_AGENT=off)",
    read: oneOf("on", "off"),
  },
  agentPort: {
    flag: "--agent-port",
    value: "port",
    env: "GALERA_AGENT_PORT",
    help: "where the members' agents listen (default: 4569)",
    read: port,
  },
  drainDelay: {
    flag: "--drain-delay",
    value: "duration",
    env: "GALERA_DRAIN_DELAY",
    help: "how long clients have to go elsewhere (default: 5s)",
    read: durationOrZero,
  },
  drainTimeout: {
    flag: "--drain-timeout",
    value: "duration",
    env: "GALERA_DRAIN_TIMEOUT",
    help: "leave after so long, whatever the others do (default: 20s)",
    read: duration,
  },
  timeout: {
    flag: "--timeout",
    value: "duration",
    env: "GALERA_TIMEOUT",
    help: "give up after so long, exit 69 (default: never)",
    read: duration,
  },
  poll: {
    flag: "--poll",
    value: "duration",
    env: "GALERA_POLL",
    help: "time between look-ups once settled, at least 1s (default: 1s)",
    read: pollDuration,
  },
  log: {
    flag: "--log",
    value: "text|json",
    env: "GALERA_LOG",
    help: "form of the log on standard error (default: text)",
    read: oneOf("text", "json"),
  },
  onStart: {
    flag: "--on-start",
    value: "command",
    env: "GALERA_ON_START",
    help: "shell command run first, with the peers on standard input",
    read: command,
  },
  onChange: {
    flag: "--on-change",
    value: "command",
    env: "GALERA_ON_CHANGE",
    help: "shell command run on each later change of the peers",
    read: command,
  },
  hookTimeout: {
    flag: "--hook-timeout",
    value: "duration",
    env: "GALERA_HOOK_TIMEOUT",
    help: "stop a hook that runs longer, exit 124 (default: never)",
    read: duration,
  },
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof settings;
