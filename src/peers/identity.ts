import { canonicalAddress } from "../dns/address.js";
import { firstLabel, hostName, isLabel } from "../dns/name.js";
import { parseResolvConf } from "../dns/resolv-conf.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Host } from "../system/host.js";

/** Who this member is; all names in lower case without a final dot. */
export interface Identity {
  /** The pod's name, `galera-0`. */
  readonly name: string;
  /** The number behind the pod's name in a StatefulSet. */
  readonly ordinal: number | undefined;
  readonly service: string;
  readonly namespace: string;
  readonly domain: string;
  /** `<name>.<service>.<namespace>.svc.<domain>`, as the SRV record's target has it. */
  readonly fqdn: string;
  /** What the SRV query asks for: `<service>.<namespace>.svc.<domain>`. */
  readonly serviceFqdn: string;
  /** `POD_IP`, if given. */
  readonly podIp: string | undefined;
  /** Every address that is mine: `POD_IP`, else those in /etc/hosts and of the interfaces. */
  readonly addresses: readonly string[];
}

/**
 * Finds out who this member is.
 *
 * @returns undefined without Kubernetes: no namespace and no service is known, so this is a single
 *   node
 * @throws Failure 78 with a line for every part that is missing or not a DNS name
 */
export function identify(settings: Settings, host: Host): Identity | undefined {
  const { name, full, fqdn: own, addresses } = ownNames(settings, host);
  const { search } = parseResolvConf(host.resolvConf);
  const namespace = namespaceOf(settings, host);
  if (namespace === undefined && settings.service === undefined) return undefined;
  const service = settings.service ?? own?.split(".")[1];
  const domain =
    settings.domain ??
    searchParts(search, namespace).domain ??
    kubernetesParts(own)?.domain ??
    "cluster.local";

  const problems = [];
  if (!isLabel(name)) {
    problems.push(`the host's name ${JSON.stringify(full)} is no DNS name: set --hostname`);
  } else if (service === undefined) {
    problems.push(
      `the headless service is not known: /etc/hosts has no FQDN of ${name} (does the pod's spec name its serviceName or subdomain?); set --service or GALERA_SERVICE`,
    );
  }
  if (namespace === undefined) {
    problems.push("the namespace is not known: set --namespace or POD_NAMESPACE");
  }
  if (service === undefined || namespace === undefined || problems.length > 0) {
    throw new Failure(exitCode.config, problems.join("\n"));
  }
  const serviceFqdn = `${service}.${namespace}.svc.${domain}`;
  const fqdn = `${name}.${serviceFqdn}`;
  if (hostName(fqdn) === undefined) {
    throw new Failure(exitCode.config, `my own name ${fqdn} is too long for DNS: set --domain`);
  }
  return {
    name,
    ordinal: ordinalOf(name),
    service,
    namespace,
    domain,
    fqdn,
    serviceFqdn,
    podIp: settings.podIp?.[0],
    addresses,
  };
}

/** The namespace: set, the service account's, that of resolv.conf's search list or of my FQDN. */
export function namespaceOf(settings: Settings, host: Host): string | undefined {
  const { search } = parseResolvConf(host.resolvConf);
  return (
    settings.namespace ??
    [host.namespace].find((name) => name !== undefined && isLabel(name)) ??
    searchParts(search).namespace ??
    kubernetesParts(ownNames(settings, host).fqdn)?.namespace
  );
}

/** What this host is called, as far as it says so itself, and the addresses that are its own. */
export function ownNames(settings: Settings, host: Host) {
  const full = settings.hostname ?? hostName(host.hostname) ?? host.hostname;
  const name = firstLabel(full);
  const line = ownLine(host.hosts, name);
  return {
    name,
    full,
    fqdn: full.includes(".") ? full : line.fqdn,
    addresses: [
      ...new Set((settings.podIp ?? [...line.addresses, ...host.addresses]).map(canonicalAddress)),
    ],
  };
}

/** The ordinal in a StatefulSet's pod name; undefined for any other name. */
export function ordinalOf(name: string): number | undefined {
  const [, digits] = /-(0|[1-9]\d{0,8})$/.exec(firstLabel(name)) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** My lines in /etc/hosts: kubelet writes `IP fqdn name`. */
function ownLine(hosts: string, name: string) {
  const addresses: string[] = [];
  let fqdn: string | undefined;
  for (const line of hosts.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/);
    if (address === undefined || !names.some((alias) => firstLabel(alias) === name)) continue;
    addresses.push(address);
    fqdn ??= names.map(hostName).find((alias) => alias?.startsWith(`${name}.`));
  }
  return { addresses, fqdn };
}

/** Namespace and cluster domain as a search list of kubelet's gives them, for my namespace first. */
function searchParts(search: readonly string[], namespace?: string) {
  const parts = search.flatMap((entry) => kubernetesParts(`host.service.${entry}`) ?? []);
  const mine = parts.find((part) => part.namespace === namespace) ?? parts[0];
  const bare = search.find((entry) => entry.startsWith("svc."))?.slice("svc.".length);
  return { namespace: mine?.namespace, domain: mine?.domain ?? bare };
}

/** The parts of `<host>.<service>.<namespace>.svc.<domain>`. */
function kubernetesParts(fqdn: string | undefined) {
  const [, namespace, domain] = /^[^.]+\.[^.]+\.([^.]+)\.svc\.(.+)$/.exec(fqdn ?? "") ?? [];
  return namespace && domain ? { namespace, domain } : undefined;
}
