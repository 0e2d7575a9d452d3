import { formatPosition, type Position, zeroUuid } from "../galera/grastate.js";
import type { Ledger } from "./ledger.js";

/** What a datadir says about its own past. */
export type Evidence =
  | { readonly kind: "empty" }
  /** An initialisation or an SST was cut off: what is there is not data. */
  | { readonly kind: "interrupted"; readonly by: "initialisation" | "sst" }
  /** Databases that never belonged to a cluster. */
  | { readonly kind: "unclustered" }
  /** A founder's new datadir, in which nothing has been replicated yet. */
  | { readonly kind: "initialised" }
  | ({
      readonly kind: "position";
      readonly safeToBootstrap: boolean;
      /** False where the data may be half of an SST after all. */
      readonly certain: boolean;
    } & Position)
  | Unrecovered;

/** A cluster's data that only the server itself can tell the position of (`--wsrep-recover`). */
export interface Unrecovered {
  readonly kind: "unrecovered";
  /** The cluster's; undefined where grastate.dat has none. */
  readonly uuid: string | undefined;
  readonly safeToBootstrap: boolean;
  readonly certain: boolean;
  /** grastate.dat says nothing at all, as in the middle of an SST. */
  readonly isBlank: boolean;
  /** Why grastate.dat could not be read. */
  readonly damage: string | undefined;
}

/** Founding a new cluster, which has not come to a primary component yet. */
function isNewFounder(ledger: Ledger | undefined): boolean {
  return ledger?.uuid === undefined && (ledger?.foundings.length ?? 0) > 0;
}

/**
 * What the evidence is once the server has told its position.
 *
 * @param recovered zero and -1 where InnoDB knows of no cluster
 */
export function withRecovered(
  { uuid, safeToBootstrap, certain, isBlank }: Unrecovered,
  recovered: Position,
  ledger: Ledger | undefined,
): Evidence {
  if (recovered.uuid !== zeroUuid) {
    const agrees = uuid === undefined || uuid === recovered.uuid;
    return { kind: "position", ...recovered, safeToBootstrap, certain: certain && agrees };
  }
  if (uuid !== undefined) {
    const seqno = foundedFrom(uuid, ledger);
    return { kind: "position", uuid, seqno, safeToBootstrap, certain };
  }
  if (isNewFounder(ledger)) return { kind: "initialised" };
  // Databases whose server had Galera loaded and no cluster: nothing says that they are not data.
  const isForeign = ledger === undefined && !isBlank;
  return isForeign ? { kind: "unclustered" } : { kind: "interrupted", by: "sst" };
}

/**
 * Where a founder stands whose InnoDB knows of no position. A server that bootstraps forgets it there
 * (sql/wsrep_server_service.cc, bootstrap) until its first write, so nothing has come on top of what it
 * founded from. A new cluster begins at 0; with -1 Galera would make another one of it. A joiner that has
 * not been Synced may not have come so far.
 */
function foundedFrom(uuid: string, ledger: Ledger | undefined): bigint {
  const isOwn = ledger?.uuid === uuid && ledger.joining === undefined;
  const last = isOwn ? ledger.foundings.at(-1) : undefined;
  if (last === undefined) return -1n;
  return last.seqno < 0n ? 0n : last.seqno;
}

/** A cluster's data at a known position. */
export function isData(evidence: Evidence): evidence is Extract<Evidence, { kind: "position" }> {
  return evidence.kind === "position";
}

/** One phrase for messages. */
export function describeEvidence(evidence: Evidence): string {
  switch (evidence.kind) {
    case "empty":
      return "the datadir is empty";
    case "interrupted":
      return `the datadir's ${evidence.by === "sst" ? "SST" : evidence.by} was cut off`;
    case "unclustered":
      return "the datadir holds data that never belonged to a cluster";
    case "initialised":
      return "the datadir is newly initialised";
    case "position": {
      const doubt = evidence.certain ? "" : ", perhaps half of an SST";
      return `the datadir stands at ${formatPosition(evidence)}, ${safe(evidence)}${doubt}`;
    }
    case "unrecovered": {
      const whose =
        evidence.uuid === undefined ? "a cluster's data" : `data of cluster ${evidence.uuid}`;
      return `the datadir holds ${whose}, not stopped cleanly, ${safe(evidence)}`;
    }
    default:
      return evidence satisfies never;
  }
}

function safe({ safeToBootstrap }: { readonly safeToBootstrap: boolean }): string {
  return `safe_to_bootstrap ${safeToBootstrap ? 1 : 0}`;
}
