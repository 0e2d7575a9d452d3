import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  formatPosition,
  type Grastate,
  GrastateError,
  parseGrastate,
  zeroUuid,
} from "../galera/grastate.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";

/** What a datadir says about its own past. */
export type Evidence =
  | { readonly kind: "empty" }
  /** An initialisation or an SST was cut off: what is there is not data. */
  | { readonly kind: "interrupted"; readonly by: "initialisation" | "sst" }
  /** Databases that never belonged to a cluster. */
  | { readonly kind: "unclustered" }
  | ({ readonly kind: "position" } & Grastate);

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

/** Files that an SST leaves while it runs (scripts/wsrep_sst_common.sh). */
const sstMarkers = ["sst_in_progress", "wsrep_sst.pid"];

/**
 * Reads what the datadir tells: nothing is changed and no server started.
 *
 * @throws Failure 65 for a grastate.dat that cannot be read, 78 for a datadir that cannot
 */
export function readEvidence(datadir: string): Evidence {
  const entries = list(datadir);
  const has = (name: string) => entries.includes(name);
  const state = has("grastate.dat") ? grastate(datadir) : undefined;
  if (sstMarkers.some(has)) return { kind: "interrupted", by: "sst" };
  if (state !== undefined && state.uuid !== zeroUuid) return { kind: "position", ...state };
  // Initialisation runs without wsrep: while it writes data there is no grastate.dat.
  if (has(initialisationNote) && !has("grastate.dat")) {
    return { kind: "interrupted", by: "initialisation" };
  }
  if (entries.every((entry) => leftovers.has(entry) || belongsToVolume(entry)))
    return { kind: "empty" };
  if (!has("grastate.dat")) return { kind: "unclustered" };
  return state !== undefined && has("mysql")
    ? { kind: "position", ...state }
    : { kind: "interrupted", by: "sst" };
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
    case "position": {
      const safe = `safe_to_bootstrap ${evidence.safeToBootstrap ? 1 : 0}`;
      if (evidence.uuid === zeroUuid) return `the datadir has no position, ${safe}`;
      if (evidence.seqno >= 0n) return `the datadir stands at ${formatPosition(evidence)}, ${safe}`;
      return `the datadir belongs to cluster ${evidence.uuid}, not stopped cleanly, ${safe}`;
    }
    default:
      return evidence satisfies never;
  }
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

function grastate(datadir: string): Grastate | undefined {
  try {
    return parseGrastate(read(datadir, "grastate.dat"));
  } catch (error) {
    if (!(error instanceof GrastateError)) throw error;
    const place = `${join(datadir, "grastate.dat")}:${error.line}`;
    throw new Failure(exitCode.data, `${place}: ${error.message}`);
  }
}
