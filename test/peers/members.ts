import type { Target } from "../../src/dns/service.js";
import type { Identity } from "../../src/peers/identity.js";

export const serviceFqdn = "galera.db.svc.cluster.local";

/** The full name of a pod of the service. */
export function fqdn(name: string): string {
  return `${name}.${serviceFqdn}`;
}

/** A pod of the service, at 10.0.0.1 unless it is said otherwise. */
export function member(name = "galera-0", addresses: readonly string[] = ["10.0.0.1"]): Identity {
  return {
    ...{ name, ordinal: Number(name.split("-")[1]), service: "galera", namespace: "db" },
    ...{ domain: "cluster.local", fqdn: fqdn(name), serviceFqdn, podIp: undefined, addresses },
  };
}

/** What DNS says of pods: `galera-0=10.0.0.1,fd00::1`, an address can be missing. */
export function targets(...pods: readonly string[]): Target[] {
  return pods.map((pod) => {
    const [name = "", addresses = ""] = pod.split("=");
    return { name: fqdn(name), addresses: addresses.split(",").filter(Boolean) };
  });
}

/** `galera-0` … as a look-up gives them: sorted by name. */
export function manyTargets(count: number): Target[] {
  const names = Array.from({ length: count }, (_, n) => `galera-${n}=10.1.${n >> 8}.${n & 255}`);
  return targets(...names).sort((a, b) => (a.name < b.name ? -1 : 1));
}
