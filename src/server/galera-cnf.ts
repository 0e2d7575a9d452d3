/*
 * The galera.cnf of a start: what it is to say, and whether the server will read it.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { agentHere } from "../agent/http/here.js";
import { readAgentKey } from "../agent/http/key.js";
import { openPeerTls } from "../agent/http/own-tls.js";
import { agentAccount } from "../agent/sql/account.js";
import { effectiveLines, isOptionLine, isReadAlways } from "../cnf/effective.js";
import { scan } from "../cnf/option-file.js";
import { ownBlockOf, withoutOwnBlock } from "../cnf/own-block.js";
import { type PreparedCnf, prepareGaleraCnf } from "../cnf/prepare.js";
import { filesOnDisk, filesWith, type OptionFiles } from "../cnf/reading-order.js";
import type { GaleraSettings } from "../cnf/render.js";
import { readGroupOptions, readServerOptions } from "../cnf/server-options.js";
import { isAddress, isV6 } from "../dns/address.js";
import { firstLabel } from "../dns/name.js";
import type { Identity } from "../peers/identity.js";
import { addressOf, namePeers, type Peer, type PeerSet } from "../peers/peer-set.js";
import type { Settings } from "../settings.js";
import { type Volume, volumeOf } from "../system/limits.js";
import type { Log } from "../system/log.js";
import { defaultsArgs } from "./command.js";
import { hasProgram } from "./launch.js";
import { chooseOptions } from "./options/choose.js";
import { hasBackup } from "./options/sst.js";
import { unableDonors } from "./options/sst-donors.js";
import { serverUser } from "./privileges.js";
import type { Member, Start, StartPorts } from "./start.js";

/**
 * What galera.cnf is to say.
 *
 * @returns what is still awaited where a peer has no address of the type that is wanted
 */
export function galeraSettings(
  peers: PeerSet,
  { me, addressType }: Member,
  settings: Settings,
): GaleraSettings | string {
  const named = namePeers(peers, addressType);
  if (typeof named === "string") return named;
  return {
    clusterName: settings.clusterName ?? me.service,
    nodeName: me.name,
    nodeAddress: nodeAddress(named.self, me),
    peers: named.all,
    ...settingsOf(settings),
  };
}

/** DNS may still have the address of the pod before this one. */
function nodeAddress(named: string, { podIp, addresses }: Identity): string {
  if (podIp === undefined || !isAddress(named) || addresses.includes(named)) return named;
  return addresses.find((address) => isV6(address) === isV6(named)) ?? named;
}

function settingsOf({ providerOptions, sstMethod }: Settings) {
  return { providerOptions, sstMethod };
}

export interface CnfPorts extends Pick<StartPorts, "env" | "host" | "signal"> {
  readonly uid: number;
  /** An id that nobody else makes: 16 hex digits. */
  readonly newId: () => string;
  /** Told of what a start would rather have chosen. */
  readonly log?: Log;
}

/**
 * The galera.cnf of a start, with what it chooses besides.
 *
 * @param joins a joiner asks those that may become its donor, where it has the choice
 * @throws Failure as prepareGaleraCnf and chooseOptions
 */
export async function startCnf(
  galera: GaleraSettings,
  peers: PeerSet,
  joins: boolean,
  { argv, account, datadir }: Start,
  { cnf, tls }: Member,
  settings: Settings,
  ports: CnfPorts,
): Promise<PreparedCnf> {
  const { env, host, uid } = ports;
  const args = argv.slice(1);
  const sources = { args: defaultsArgs(args), env };
  const has = (program: string) => hasProgram(program, env);
  const isOpen = joins && settings.sstMethod === undefined && hasBackup(has);
  const facts = {
    ...{
      galera,
      peers,
      tls,
      has,
      limits: host.limits,
      volume: dataVolume(datadir),
      interfaces: host.addresses,
    },
    account: agentAccount(serverUser(uid, account), readAgentKey(env)),
    unable: isOpen ? await askDonors(peers.others, settings, ports) : [],
  };
  const inFiles = readServerOptions(sources);
  const inSstGroup = readGroupOptions(sources, "sst");
  return prepareGaleraCnf(
    cnf,
    galera,
    chooseOptions(facts, settings, { args, inFiles, inSstGroup }),
  );
}

/** What speaks against mariabackup at those that may become the donor. */
async function askDonors(
  others: readonly Peer[],
  settings: Settings,
  { env, newId, signal, log }: CnfPorts,
): Promise<readonly string[]> {
  const { askReport } = await import("../agent/http/ask.js");
  const tls = await openPeerTls(settings);
  const { port } = agentHere(settings);
  const key = readAgentKey(env);
  const unable = await unableDonors(others, async (peer) => {
    const address = addressOf(peer, "ip");
    if (address === undefined) return { kind: "silent", what: "no DNS record", absent: false };
    const name = firstLabel(peer.name);
    return askReport({ name, address, port, key, tls, nonce: newId(), signal });
  });
  for (const reason of unable) {
    const cure =
      "so it is rsync that is taken where it can be; docs/state-transfer.md has the GRANT";
    log?.("warn", `no SST by mariabackup with the agent's account: ${reason}; ${cure}`);
  }
  return unable;
}

/** What galera.cache has already it can keep. */
function dataVolume(datadir: string): Volume | undefined {
  const volume = volumeOf(datadir);
  const cache = statSync(join(datadir, "galera.cache"), { throwIfNoEntry: false });
  return volume && { ...volume, freeBytes: volume.freeBytes + (cache?.size ?? 0) };
}

/**
 * Why the server would not read a galera.cnf at its place. To be asked before anybody else is: a founding
 * that was granted is used up.
 *
 * @throws Failure as prepareGaleraCnf
 */
export function unreadPlace(
  argv: readonly string[],
  env: StartPorts["env"],
  member: Member,
  settings: Settings,
): string | undefined {
  const planned = cnfAlone(member, settings);
  return unreadCnf(argv, env, planned, filesWith(planned));
}

/**
 * What galera.cnf will say where it is not there yet, as in a new pod with the disk of an old one, whose
 * position `mariadbd --wsrep-recover` looks for with Galera only.
 *
 * @returns arguments for the server
 * @throws Failure as prepareGaleraCnf
 */
export function argumentsOfMissingCnf(
  argv: readonly string[],
  env: StartPorts["env"],
  member: Member,
  settings: Settings,
): readonly string[] {
  const sources = { args: defaultsArgs(argv.slice(1)), env };
  const now = readServerOptions(sources, filesOnDisk);
  const then = readServerOptions(sources, filesWith(cnfAlone(member, settings)));
  return ["wsrep_on", "wsrep_provider", "wsrep_cluster_address", "binlog_format"].flatMap(
    (name) => {
      const value = then(name);
      return now(name) === undefined && value !== undefined ? [`--${name}=${value}`] : [];
    },
  );
}

/** A galera.cnf with nobody else in it. */
function cnfAlone({ cnf, me }: Member, settings: Settings): Pick<PreparedCnf, "path" | "text"> {
  const clusterName = settings.clusterName ?? me.service;
  const alone = { clusterName, nodeName: me.name, nodeAddress: me.fqdn, peers: [me.fqdn] };
  const { path, text } = prepareGaleraCnf(cnf, { ...alone, ...settingsOf(settings) });
  return { path, text: withoutOwnBlock(text) };
}

/**
 * Why the server does not read what galera.cnf says: its option files do not include galera.cnf or overrule
 * it. It would found a cluster of its own, or run on a cluster's data without replication.
 *
 * @param files left out: it has been written
 */
export function unreadCnf(
  argv: readonly string[],
  env: StartPorts["env"],
  { path, text }: Pick<PreparedCnf, "path" | "text">,
  files: OptionFiles = filesOnDisk,
): string | undefined {
  const option = readServerOptions({ args: defaultsArgs(argv.slice(1)), env }, files);
  const chosen = scan(ownBlockOf(text)).filter(isOptionLine).filter(isReadAlways);
  // Peers know a member by the second: a ledger with other names waits for members that nobody is.
  const decisive = ["wsrep_cluster_address", "wsrep_node_name"];
  for (const name of [...decisive, ...chosen.map(({ content }) => content.name)]) {
    const [own] = effectiveLines(scan(text), name);
    const read = option(name);
    if (read === own?.content.value) continue;
    const shown = name === "wsrep_sst_auth" ? "another password" : JSON.stringify(read);
    const found = read === undefined ? "none" : shown;
    return `the server's option files give it another ${name} than ${path} (${found}): let them include ${path} last, or let --cnf (GALERA_CNF) name a file that they include`;
  }
  return undefined;
}
