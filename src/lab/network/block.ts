import { once } from "node:events";
import { createServer } from "node:net";
import type { Clock } from "../../system/clock.js";
import { errnoOf, exitCode, Failure } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { type FakeDns, startFakeDns } from "../fake-dns/server.js";
import { defaultIdentity } from "../fake-dns/zone.js";
import { domain, podAddress, service } from "../pod.js";

/** Addresses for a lab on loopback: 127.0.<block>.1 and up for its pods, and its DNS at the end. */
export interface Block {
  readonly block: number;
  readonly dns: FakeDns;
}

const firstBlock = 7;
const lastBlock = 254;
const dnsPort = 5300;
const dnsHost = (block: number) => `127.0.${block}.254`;

/**
 * Takes the first block whose ports are free. The DNS server's port is what reserves it: the kernel
 * gives that to one lab only, and takes it back however the lab ends.
 *
 * @param namespace of the pods
 * @throws Failure 78 where a port is taken on every block
 */
export async function takeBlock(
  namespace: string,
  replicas: number,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<Block> {
  let obstacle = "";
  for (let block = firstBlock; block <= lastBlock; block += 1) {
    const dns = await reserve(block, namespace, ports);
    if (dns === undefined) {
      obstacle = `${dnsHost(block)}:${dnsPort}`;
      continue;
    }
    const taken = await takenPort(block, replicas);
    if (taken === undefined) return { block, dns };
    obstacle = taken;
    await dns.close();
  }
  throw new Failure(
    exitCode.config,
    `no block of addresses 127.0.${firstBlock}.x to 127.0.${lastBlock}.x is free: ${obstacle} is in use (by a server that listens on 0.0.0.0?)`,
  );
}

async function reserve(
  block: number,
  namespace: string,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<FakeDns | undefined> {
  try {
    return await startFakeDns({
      host: dnsHost(block),
      port: dnsPort,
      service: { service, namespace, domain },
      ...ports,
    });
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** A port of Galera's that somebody listens on at one of the members' addresses. */
async function takenPort(block: number, replicas: number): Promise<string | undefined> {
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const host = podAddress(block, ordinal);
    for (const { port } of defaultIdentity.ports) {
      if (!(await isFree(host, port))) return `${host}:${port}`;
    }
  }
  return undefined;
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, "listening");
    return true;
  } catch (error) {
    if (errnoOf(error) === "EADDRINUSE") return false;
    throw error;
  } finally {
    server.close();
  }
}
