/* Where the pods of a lab, its DNS and its clients' endpoint get their place on this machine. */
import type { Clock } from "../../system/clock.js";
import { errnoOf, exitCode, Failure } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { type FakeDns, startFakeDns } from "../fake-dns/server.js";
import type { LabSettings } from "../lab.js";
import type { Lab } from "../options.js";
import { controllerPaths, domain, searchPath, service } from "../pod.js";
import { type Forward, startForward } from "../proxy/forward.js";
import { takeBlock } from "./block.js";
import { openNamespaces } from "./namespaces.js";
import { loopback, type Network } from "./network.js";

export interface OpenPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const dnsPort = 5300;
const memberPort = 3306;

/**
 * A network for the pods and the DNS server in it.
 *
 * @throws Failure 78 where it cannot be had
 */
export async function openNetwork(
  lab: Lab,
  { network: kind, replicas }: Pick<LabSettings, "network" | "replicas">,
  { clock, uid, log, env }: OpenPorts,
): Promise<{ readonly network: Network; readonly dns: FakeDns }> {
  const output = controllerPaths(lab).log;
  const path = searchPath(env.PATH);
  const namespaces =
    kind === "loopback"
      ? "the lab was begun with --network loopback"
      : await openNamespaces(lab, { clock, uid, path, output });
  if (typeof namespaces !== "string") {
    const identity = { service, namespace: lab.name, domain };
    const dns = await startFakeDns({
      ...{ host: namespaces.host, port: dnsPort, service: identity, clock, log },
    });
    return { network: namespaces, dns };
  }
  if (kind === "namespaces") {
    throw new Failure(exitCode.config, `--network namespaces: ${namespaces}`);
  }
  const { block, dns } = await takeBlock(lab.name, replicas, { clock, log });
  return { network: loopback(block, dns.host, namespaces), dns };
}

/** Where clients connect: on the database's port, if nobody has it everywhere on this machine. */
export async function openEndpoint(
  network: Network,
  ready: () => readonly string[],
  { clients }: Pick<LabSettings, "clients">,
): Promise<Forward> {
  const from = network.kind === "namespaces" ? { from: network.host } : {};
  const options = {
    host: network.host,
    memberPort,
    ready,
    ...from,
    triesNext: clients === "published",
  };
  try {
    return await startForward({ ...options, port: memberPort });
  } catch (error) {
    if (errnoOf(error) !== "EADDRINUSE") throw error;
    return startForward({ ...options, port: 0 });
  }
}
