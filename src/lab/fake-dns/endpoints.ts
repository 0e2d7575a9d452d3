import { type Member, type Port, serviceName, type Zone } from "./zone.js";

/** An address of a member and a port: the unit that CoreDNS makes records from. */
export interface Endpoint {
  /** The member's absolute name, without the last dot. */
  readonly host: string;
  readonly address: string;
  /** Nothing where the service has no ports: such an endpoint has addresses but no SRV. */
  readonly port: number | undefined;
}

/** What stands behind a name: endpoints, nothing of its own (an empty node), or no such name. */
export type Found =
  | { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: "nodata" }
  | { readonly kind: "nxdomain" };

/**
 * The endpoints that a name stands for, as CoreDNS has them (plugin/kubernetes: parse.go and
 * findServices). Names: `service.namespace.svc`, a member before it, or `_port._tcp` before it.
 *
 * @param name below the zone's domain, lower case, without the last dot
 */
export function findEndpoints(zone: Zone, name: string): Found {
  const prefix = name.slice(0, -zone.domain.length - 1);
  const [root, namespace, service, ...rest] = prefix === "" ? [] : prefix.split(".").reverse();
  if (root === undefined || (root === "pod" && namespace === undefined)) return { kind: "nodata" };
  if (root !== "svc") return { kind: "nxdomain" };
  if (namespace === undefined) return { kind: "nodata" };
  if (namespace !== zone.namespace.toLowerCase()) return { kind: "nxdomain" };
  if (service === undefined) return { kind: "nodata" };
  if (service !== zone.service.toLowerCase()) return { kind: "nxdomain" };

  const endpoints = matchingEndpoints(zone, rest.reverse());
  return endpoints.length > 0 ? { kind: "endpoints", endpoints } : { kind: "nxdomain" };
}

function matchingEndpoints(zone: Zone, labels: readonly string[]): Endpoint[] {
  const [first = "", second = ""] = labels;
  switch (labels.length) {
    case 0:
      return endpointsOf(zone, zone.members, zone.ports);
    case 1:
      return endpointsOf(
        zone,
        zone.members.filter((member) => member.name.toLowerCase() === first),
        zone.ports,
      );
    case 2: {
      const ports = zone.ports.filter(
        (port) => first.replace(/^_/, "") === port.name.toLowerCase(),
      );
      if (second.replace(/^_/, "") !== "tcp" || ports.length === 0) return [];
      return endpointsOf(zone, zone.members, ports);
    }
    default:
      return [];
  }
}

function endpointsOf(zone: Zone, members: readonly Member[], ports: readonly Port[]): Endpoint[] {
  const numbers = ports.length > 0 ? ports.map(({ port }) => port) : [undefined];
  return members.flatMap(({ name, addresses }) => {
    const host = `${name}.${serviceName(zone)}`;
    return addresses.flatMap((address) => numbers.map((port) => ({ host, address, port })));
  });
}
