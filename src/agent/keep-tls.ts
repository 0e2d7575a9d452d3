/*
 * What an agent has to do where TLS is: certificates are renewed, and a cluster is moved over.
 */
import { addressOf, type Peer } from "../peers/peer-set.js";
import { followTls, type RenewalPorts } from "../tls/renew.js";
import { adaptSstEncryption } from "../tls/sst-encryption.js";
import type { PeerTls } from "./http/secure.js";
import type { ServerSql } from "./sql/sql.js";

export interface KeepTlsOptions {
  readonly tls: PeerTls;
  /** Where the certificates are mounted. */
  readonly dir: string;
  /** galera.cnf's path. */
  readonly cnf: string;
  /** Where the members' agents listen. */
  readonly port: number;
}

export interface KeepTlsPorts extends Pick<RenewalPorts, "clock" | "log" | "signal"> {
  readonly sql: Pick<ServerSql, "status" | "reloadTls">;
  /** All other members that DNS names. */
  readonly others: () => readonly Peer[];
}

/** Runs until the signal's abort, with whose reason each of these ends. */
export function keepTls(
  { tls, dir, cnf, port }: KeepTlsOptions,
  { sql, others, ...ports }: KeepTlsPorts,
): readonly Promise<never>[] {
  const isServerUp = async () => (await sql.status()).kind !== "silent";
  const reload = async () => {
    if (!(await isServerUp())) return "later";
    await sql.reloadTls();
    return "done";
  };
  const { inUse, renew: use } = tls;
  const following = followTls(dir, { ...ports, time: Date.now, inUse, use, reload });
  if (tls.mode !== "dynamic") return [following];
  const ask = async () => {
    const { speaksTls } = await import("./http/secure.js");
    const addresses = others().flatMap((peer) => addressOf(peer, "ip") ?? []);
    return Promise.all(addresses.map((host) => speaksTls(tls, { host, port }, ports.signal)));
  };
  return [following, adaptSstEncryption(cnf, { ...ports, ask, isServerUp })];
}
