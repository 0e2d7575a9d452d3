/** A pod behind the headless service: the first label of its name, and where it is. */
export interface Member {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface Port {
  readonly name: string;
  readonly port: number;
}

/** What the service is called and what it offers: all of a zone but who is in it. */
export interface ServiceIdentity {
  readonly service: string;
  readonly namespace: string;
  /** The cluster domain; the zone this server is authoritative for. */
  readonly domain: string;
  /** Named ports, one SRV record each and member. Without any, the service yields no SRV at all. */
  readonly ports: readonly Port[];
  /** Seconds, of every record and of denials. */
  readonly ttl: number;
}

/** One headless service at one moment: all that an answer depends on. */
export interface Zone extends ServiceIdentity {
  readonly members: readonly Member[];
  /** Rises with every change of the members. */
  readonly serial: number;
}

export const defaultIdentity: ServiceIdentity = {
  service: "galera",
  namespace: "galera",
  domain: "cluster.local",
  ports: [
    { name: "mysql", port: 3306 },
    { name: "sst", port: 4444 },
    { name: "replication", port: 4567 },
    { name: "ist", port: 4568 },
  ],
  ttl: 5,
};

/** `galera.galera.svc.cluster.local` */
export function serviceName({ service, namespace, domain }: ServiceIdentity): string {
  return `${service}.${namespace}.svc.${domain}`;
}

/** `galera.galera.svc.cluster.local mysql=3306 sst=4444 ttl=5` */
export function identityText(identity: ServiceIdentity): string {
  const ports = identity.ports.map(({ name, port }) => `${name}=${port}`);
  return [serviceName(identity), ...ports, `ttl=${identity.ttl}`].join(" ");
}

/** `galera-0=127.0.7.1,fd00::1`: how a member is written in flags and logs. */
export function memberText({ name, addresses }: Member): string {
  return `${name}=${addresses.join(",")}`;
}

export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  const texts = (members: readonly Member[]) => members.map(memberText).join(" ");
  return texts(a) === texts(b);
}
