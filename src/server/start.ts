import { isAbsolute } from "node:path";
import { type Decision, decide } from "../bootstrap/decide.js";
import type { Evidence } from "../bootstrap/evidence.js";
import { readEvidence } from "../bootstrap/evidence.js";
import { type BaseSources, readBase } from "../cnf/base.js";
import { effectiveLines } from "../cnf/effective.js";
import { scan } from "../cnf/option-file.js";
import type { PreparedCnf } from "../cnf/prepare.js";
import type { GaleraSettings } from "../cnf/render.js";
import { readServerOptions } from "../cnf/server-options.js";
import type { Query } from "../dns/client.js";
import { type Identity, identify } from "../peers/identity.js";
import { createLook, type Look, type Sight } from "../peers/look.js";
import { type AddressType, namePeers, type PeerSet } from "../peers/peer-set.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Host } from "../system/host.js";
import { decisiveArgs, defaultsArgs, type StartCommand, serverOption } from "./command.js";
import { cnfSources } from "./image.js";

/** All that is known of a start before DNS is asked. */
export interface Start {
  readonly argv: readonly string[];
  /** The official image's entrypoint in front of the server. */
  readonly script: string | undefined;
  readonly datadir: string;
  /** The account that the server is configured to run as. */
  readonly account: string | undefined;
  readonly evidence: Evidence;
  /** Undefined for a single node, without Kubernetes. */
  readonly member: Member | undefined;
}

/** What makes a start that of a cluster's member. */
export interface Member {
  readonly me: Identity;
  readonly look: Look;
  readonly addressType: AddressType;
  /** Where galera.cnf is, and what it is made from. */
  readonly cnf: BaseSources;
}

export interface StartPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: Host;
  /** Makes the DNS client of these settings. */
  readonly createQuery: (settings: Settings, host: Host) => Query;
  readonly signal: AbortSignal;
}

/** MariaDB's compiled-in datadir in every distribution's package. */
const defaultDatadir = "/var/lib/mysql";

/**
 * Gathers what a start rests on; changes nothing.
 *
 * @throws Failure 65 for a file that cannot be read, 78 for settings that cannot work
 */
export function gather(command: StartCommand, settings: Settings, ports: StartPorts): Start {
  const me = identify(settings, ports.host);
  const args = command.argv.slice(1);
  const [decisive] = decisiveArgs(args);
  if (me !== undefined && decisive !== undefined) {
    throw new Failure(
      exitCode.config,
      `${decisive} on the server's command line: who founds the cluster is decided here; leave it out, or see --bootstrap`,
    );
  }
  const inFiles = readServerOptions({ args: defaultsArgs(args), env: ports.env });
  const option = (name: "datadir" | "user") => serverOption(args, name) ?? inFiles(name);
  const datadir = option("datadir") ?? defaultDatadir;
  if (!isAbsolute(datadir)) {
    throw new Failure(exitCode.config, `the datadir ${datadir} has to be an absolute path`);
  }
  return {
    argv: command.argv,
    script: command.script,
    datadir,
    account: option("user"),
    evidence: readEvidence(datadir),
    member: me === undefined ? undefined : gatherMember(me, settings, ports),
  };
}

function gatherMember(me: Identity, settings: Settings, ports: StartPorts): Member {
  const addressType = settings.addressType ?? "dns";
  const query = ports.createQuery(settings, ports.host);
  const cnf = cnfSources(settings);
  readBase(cnf); // what is wrong with it is said now, not after a wait
  return { me, addressType, look: createLook(query, me, addressType, false), cnf };
}

/** What one look at DNS leads to, once it names every member. */
export interface Verdict {
  readonly decision: Decision;
  readonly peers: PeerSet;
  /** What galera.cnf is to say. */
  readonly galera: GaleraSettings;
}

/** Judges a sight; what is still awaited is a text. */
export function judge(
  sight: Sight,
  { evidence }: Start,
  { me, addressType }: Member,
  settings: Settings,
): Verdict | string {
  if (sight.kind === "awaiting") return sight.what;
  const peers = sight.set;
  const named = namePeers(peers, addressType);
  if (typeof named === "string") return named;
  return {
    peers,
    decision: decide({ mode: settings.bootstrap ?? "safe", ordinal: me.ordinal, evidence, peers }),
    galera: {
      clusterName: settings.clusterName ?? me.service,
      nodeName: me.name,
      nodeAddress: named.self,
      peers: named.all,
      providerOptions: settings.providerOptions,
      sstMethod: settings.sstMethod,
    },
  };
}

/** Whether a founder or a single node has to be initialised by us: there is no data, nor a script. */
export function needsInitialisation({ evidence, script }: Start): boolean {
  if (script !== undefined) return false;
  return (
    evidence.kind === "empty" ||
    (evidence.kind === "interrupted" && evidence.by === "initialisation")
  );
}

/** The server's command line for a decision. */
export function serverArgv(
  { argv, script, member }: Start,
  founding: boolean,
  position: string | undefined,
  user: readonly string[],
): readonly string[] {
  const added = [
    ...user,
    ...(founding ? ["--wsrep-new-cluster"] : []),
    ...(position === undefined ? [] : [`--wsrep_start_position=${position}`]),
  ];
  // A joiner gets its databases by SST: the official script would initialise its empty datadir.
  const delegated = script !== undefined && (founding || member === undefined);
  return delegated ? [script, ...argv, ...added] : [...argv, ...added];
}

/**
 * Makes sure that the server will read what galera.cnf says.
 *
 * @throws Failure 78 where its option files do not include galera.cnf or overrule it: such a server
 *   would found a cluster of its own, or run on a cluster's data without replication
 */
export function refuseUnreadCnf(
  argv: readonly string[],
  env: StartPorts["env"],
  { path, text }: Pick<PreparedCnf, "path" | "text">,
): void {
  const name = "wsrep_cluster_address";
  const [own] = effectiveLines(scan(text), name);
  const option = readServerOptions({ args: defaultsArgs(argv.slice(1)), env });
  const read = option(name);
  if (read === own?.content.value) return;
  const found = read === undefined ? "none" : JSON.stringify(read);
  throw new Failure(
    exitCode.config,
    `the server's option files give it another ${name} than ${path} (${found}): let them include ${path} last, or let --cnf (GALERA_CNF) name a file that they include`,
  );
}
