import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  formatPosition,
  type Grastate,
  GrastateError,
  type Position,
  parseGrastate,
  zeroUuid,
} from "../galera/grastate.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import type { Ledger } from "./ledger.js";
import { isOwnFile } from "./store.js";

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

/** Our note in the datadir as long as its initialisation is under way. */
export const initialisationNote = "galera-peers.initialisation";

/** What Galera leaves in an empty datadir when it finds no cluster, and what is no data anyhow. */
const leftovers = new Set([
  "galera.cache",
  "grastate.dat",
  "gvwstate.dat",
  "gvwstate.dat.tmp",
  initialisationNote,
]);

/**
 * What an SST leaves while it runs (scripts/wsrep_sst_common.sh): the first on the joiner, whose
 * grastate.dat has no uuid then, the second on the donor too, whose data are whole.
 */
const sstMarkers = { joiner: "sst_in_progress", both: "wsrep_sst.pid" } as const;

/**
 * Reads what the datadir tells: nothing is changed and no server started.
 *
 * @param ledger tells a DDL statement that a crash cut off from an SST: both leave a zero uuid
 * @throws Failure 65 for a grastate.dat that is no file, 78 for a datadir that cannot be read
 */
export function readEvidence(datadir: string, ledger: Ledger | undefined): Evidence {
  const entries = list(datadir);
  const has = (name: string) => entries.includes(name);
  const { state, damage } = has("grastate.dat") ? grastate(datadir) : {};
  const safeToBootstrap = state?.safeToBootstrap ?? false;
  const hasUuid = state !== undefined && state.uuid !== zeroUuid;
  if (has(sstMarkers.joiner) || (has(sstMarkers.both) && !hasUuid)) {
    return { kind: "interrupted", by: "sst" };
  }
  if (state !== undefined && state.uuid !== zeroUuid) {
    return state.seqno >= 0n
      ? { kind: "position", ...state, certain: true }
      : {
          ...{ kind: "unrecovered", uuid: state.uuid, safeToBootstrap },
          ...{ certain: true, isBlank: false, damage },
        };
  }
  // Initialisation runs without wsrep: while it writes data there is no grastate.dat.
  if (has(initialisationNote) && !has("grastate.dat") && ledger?.uuid === undefined) {
    return { kind: "interrupted", by: "initialisation" };
  }
  if (entries.every(saysNothing)) return { kind: "empty" };
  if (!has("grastate.dat")) return { kind: "unclustered" };
  if (!has("mysql")) return { kind: "interrupted", by: "sst" };
  const certain = ledger?.uuid !== undefined && ledger.joining === undefined;
  const isBlank = state === undefined;
  return { kind: "unrecovered", uuid: undefined, safeToBootstrap, certain, isBlank, damage };
}

function saysNothing(entry: string): boolean {
  return leftovers.has(entry) || isOwnFile(entry) || belongsToVolume(entry);
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
  if (uuid !== undefined) return { kind: "position", uuid, seqno: -1n, safeToBootstrap, certain };
  if (isNewFounder(ledger)) return { kind: "initialised" };
  // Databases whose server had Galera loaded and no cluster: nothing says that they are not data.
  const isForeign = ledger === undefined && !isBlank;
  return isForeign ? { kind: "unclustered" } : { kind: "interrupted", by: "sst" };
}

/** A cluster's data at a known position. */
export function isData(evidence: Evidence): evidence is Extract<Evidence, { kind: "position" }> {
  return evidence.kind === "position";
}

/** Whether an entry belongs to the volume and not to the server. */
export function belongsToVolume(entry: string): boolean {
  return entry === "lost+found" || entry.startsWith(".");
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

function list(datadir: string): string[] {
  try {
    return readdirSync(datadir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw new Failure(
      exitCode.config,
      `the datadir ${datadir} cannot be read: ${messageOf(error)}`,
    );
  }
}

function read(datadir: string, name: string): string {
  try {
    return readFileSync(join(datadir, name), "utf8");
  } catch (error) {
    throw new Failure(exitCode.data, `${join(datadir, name)} cannot be read: ${messageOf(error)}`);
  }
}

/** What a power loss has damaged is recovered from InnoDB, so it is no failure. */
function grastate(datadir: string): { state?: Grastate | undefined; damage?: string } {
  const text = read(datadir, "grastate.dat");
  try {
    return { state: parseGrastate(text) };
  } catch (error) {
    if (!(error instanceof GrastateError)) throw error;
    return { damage: `${join(datadir, "grastate.dat")}:${error.line}: ${error.message}` };
  }
}
