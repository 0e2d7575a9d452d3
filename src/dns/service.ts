import { isV6 } from "./address.js";
import type { Query } from "./client.js";
import type { Lookup } from "./lookup.js";

/** A host that the service's SRV records name, with the addresses that are known of it. */
export interface Target {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Those of them that the answer lacked and a query of its own gave. */
  readonly lookedUp?: readonly string[];
}

export type Family = "ipv4" | "ipv6";

/** Which targets' addresses are looked up where the answer's additional section lacks them. */
export type NeedsAddress = (name: string) => Family | "any" | undefined;

/** At most so many address queries are under way at once. */
const addressQueriesAtOnce = 16;

/**
 * Looks up a headless service: the targets of its SRV records, one each although Kubernetes gives a
 * record per named port, sorted by name. Addresses come from the additional section; what is
 * needed and missing there is asked for. An address that nobody gives is left out, since the name
 * itself is known; that the service has no records, or that nobody could say, is the outcome.
 */
export async function lookupService(
  query: Query,
  service: string,
  needs: NeedsAddress,
  signal: AbortSignal,
): Promise<Lookup<readonly Target[]>> {
  const found = await query(service, "SRV", signal);
  if (found.kind !== "answer") return found;
  const glue = found.value.addresses;
  const names = [...new Set(found.value.srv.map(({ target }) => target))].sort();
  const targets = new Map(names.map((name) => [name, glue.get(name) ?? []]));

  const missing = names.flatMap((name) => lacking(targets.get(name) ?? [], needs(name), name));
  const worker = async () => {
    for (let next = missing.pop(); next !== undefined; next = missing.pop()) {
      const { name, type } = next;
      const reply = await query(name, type, signal);
      if (reply.kind === "failed") missing.length = 0; // the others would only take as long
      if (reply.kind !== "answer") continue;
      const more = reply.value.addresses.get(name) ?? [];
      targets.set(name, [...new Set([...(targets.get(name) ?? []), ...more])]);
    }
  };
  await Promise.all(Array.from({ length: addressQueriesAtOnce }, worker));

  const value = [...targets].map(([name, addresses]) => {
    const lookedUp = addresses.filter((address) => !glue.get(name)?.includes(address));
    const target = { name, addresses: addresses.toSorted() };
    return lookedUp.length === 0 ? target : { ...target, lookedUp };
  });
  return { kind: "answer", value, ttlS: found.ttlS };
}

function lacking(known: readonly string[], need: Family | "any" | undefined, name: string) {
  const queries: { name: string; type: "A" | "AAAA" }[] = [];
  const v6 = known.some(isV6);
  const v4 = known.some((address) => !isV6(address));
  if ((need === "any" && known.length === 0) || (need === "ipv4" && !v4)) {
    queries.push({ name, type: "A" });
  }
  if ((need === "any" && known.length === 0) || (need === "ipv6" && !v6)) {
    queries.push({ name, type: "AAAA" });
  }
  return queries;
}
