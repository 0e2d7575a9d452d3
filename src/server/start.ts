import { isAbsolute } from "node:path";
import { readEvidence } from "../bootstrap/datadir.js";
import type { Evidence } from "../bootstrap/evidence.js";
import type { Ledger } from "../bootstrap/ledger.js";
import { readFolded } from "../bootstrap/store.js";
import { type BaseSources, readBase } from "../cnf/base.js";
import { readServerOptions } from "../cnf/server-options.js";
import type { Query } from "../dns/client.js";
import { type Identity, identify } from "../peers/identity.js";
import { createLook, type Look } from "../peers/look.js";
import type { AddressType } from "../peers/peer-set.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Host } from "../system/host.js";
import { chosenTls } from "../tls/chosen.js";
import { readTlsFiles, type TlsFiles } from "../tls/files.js";
import {
  argumentOf,
  decisiveArgs,
  defaultsArgs,
  type StartCommand,
  serverOption,
  withoutArguments,
} from "./command.js";
import { cnfSources } from "./image.js";
import { movedArguments } from "./options/choose.js";
import { placesOf, readPlaceOptions } from "./places.js";
import { type Place, refuseUnwritable } from "./privileges.js";

/** All that is known of a start before DNS is asked. */
export interface Start {
  readonly argv: readonly string[];
  /** The official image's entrypoint in front of the server. */
  readonly script: string | undefined;
  readonly datadir: string;
  /** The account that the server is configured to run as. */
  readonly account: string | undefined;
  /** Where the ledger is. */
  readonly stateDir: string;
  /** The directories that have to be writable. */
  readonly places: readonly Place[];
  readonly ledger: Ledger | undefined;
  readonly evidence: Evidence;
  /** The user's own `wsrep_notify_cmd`. */
  readonly notifyCommand: string | undefined;
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
  /** Undefined without `--tls-dir`. */
  readonly tls: TlsFiles | undefined;
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
 * @param writer the UID that is to start the server; undefined for an agent, which has other mounts
 * @throws Failure 65 for a file that cannot be read, 78 for settings that cannot work
 */
export function gather(
  command: StartCommand,
  settings: Settings,
  ports: StartPorts,
  writer?: number,
): Start {
  const me = identify(settings, ports.host);
  const args = command.argv.slice(1);
  const [decisive] = decisiveArgs(args);
  if (me !== undefined && decisive !== undefined) {
    throw new Failure(
      exitCode.config,
      `${decisive} on the server's command line: who founds the cluster, and what its members are called, is decided here; leave it out, or see --bootstrap`,
    );
  }
  const inFiles = readServerOptions({ args: defaultsArgs(args), env: ports.env });
  const option = (name: "datadir" | "user") => serverOption(args, name) ?? inFiles(name);
  const datadir = option("datadir") ?? defaultDatadir;
  const stateDir = settings.stateDir ?? datadir;
  for (const [what, path] of [
    ["datadir", datadir],
    ["state directory", stateDir],
  ]) {
    if (path === undefined || isAbsolute(path)) continue;
    throw new Failure(exitCode.config, `the ${what} ${path} has to be an absolute path`);
  }
  const member = me && gatherMember(me, settings, ports);
  const { env } = ports;
  const cnf = member?.cnf.cnf;
  const places = placesOf({ datadir, stateDir, cnf, option: readPlaceOptions(args, env), env });
  if (writer !== undefined) refuseUnwritable(places, writer);
  const ledger = me && readFolded(stateDir);
  return {
    argv: command.argv,
    script: command.script,
    ...{ datadir, stateDir, places, ledger },
    account: option("user"),
    evidence: readEvidence(datadir, ledger),
    notifyCommand:
      (argumentOf(args, "wsrep_notify_cmd") ?? inFiles("wsrep_notify_cmd")) || undefined,
    member,
  };
}

function gatherMember(me: Identity, settings: Settings, ports: StartPorts): Member {
  const addressType = settings.addressType ?? "dns";
  const query = ports.createQuery(settings, ports.host);
  const cnf = cnfSources(settings);
  readBase(cnf); // what is wrong with it is said now, not after a wait
  const chosen = chosenTls(settings);
  const tls = chosen && readTlsFiles(chosen.dir);
  return { me, addressType, look: createLook(query, me, addressType, true), cnf, tls };
}

/** Whether a founder or a single node has to be initialised by us: there is no data, nor a script. */
export function needsInitialisation(start: Start): boolean {
  return start.script === undefined && isNew(start);
}

/** Whether the datadir has nothing in it, or half of an initialisation. */
export function isNew({ evidence }: Start): boolean {
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
  further: readonly string[],
): readonly string[] {
  const added = [
    ...further,
    ...(founding ? ["--wsrep-new-cluster"] : []),
    ...(position === undefined ? [] : [`--wsrep_start_position=${position}`]),
  ];
  const own = member === undefined ? argv : withoutArguments(argv, movedArguments);
  // A joiner gets its databases by SST: the official script would initialise its empty datadir.
  const delegated = script !== undefined && (founding || member === undefined);
  return delegated ? [script, ...own, ...added] : [...own, ...added];
}
