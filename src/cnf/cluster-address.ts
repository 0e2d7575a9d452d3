import { exitCode, Failure } from "../system/failure.js";

/**
 * An address as Galera takes it: IPv6 in brackets, names and IPv4 as they are, a port kept.
 *
 * @throws Failure (config) for what would read as something else inside a cluster address
 */
export function hostOf(address: string): string {
  if (!/^[\w.:[\]%-]+$/.test(address)) {
    throw new Failure(exitCode.config, `${JSON.stringify(address)} is not a host name or address`);
  }
  const isBareIPv6 = !address.startsWith("[") && address.split(":").length > 2;
  return isBareIPv6 ? `[${address}]` : address;
}

/**
 * `gcomm://a,b,c`. What follows a `?` in the address so far (`gcomm://a?gmcast.segment=1`) are
 * provider options that the file's owner put there, not peers: it stays.
 *
 * @param peers in the order they shall stand; an empty list makes every start found a new cluster
 */
export function clusterAddress(peers: readonly string[], current = ""): string {
  const options = /^gcomm:\/\/[^?]*(\?.*)$/s.exec(current)?.[1] ?? "";
  return `gcomm://${peers.map(hostOf).join(",")}${options}`;
}
