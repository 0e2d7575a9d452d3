/** Why nothing is there: the name does not exist, or has no record of that type. */
export type EmptyReason = "nxdomain" | "nodata";

/** Why nobody could say: not one of these proves that a peer is absent. */
export type FailureReason = "timeout" | "unreachable" | "servfail" | "refused" | "malformed";

/** What a look-up came to. "Nobody is there" and "I could not ask" never become the same thing. */
export type Lookup<T> =
  | { readonly kind: "answer"; readonly value: T; readonly ttlS: number }
  | { readonly kind: "empty"; readonly why: EmptyReason; readonly ttlS: number }
  | { readonly kind: "failed"; readonly why: FailureReason; readonly detail: string };

/** A DNS server's address: an IPv4 or IPv6 address and a port. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:53`, `[::1]:53`. */
export function formatServer({ host, port }: Server): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
