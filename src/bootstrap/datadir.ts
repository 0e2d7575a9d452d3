/*
 * What a datadir tells of its own past, as its files have it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Grastate, GrastateError, parseGrastate, zeroUuid } from "../galera/grastate.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import type { Evidence } from "./evidence.js";
import type { Ledger } from "./ledger.js";
import { isOwnFile } from "./store.js";

/** Our note in the datadir as long as its initialisation is under way. */
export const initialisationNote = "galera-peers.initialisation";

/** The socket in the datadir of the server that works on it alone, before it may be a cluster's. */
export const temporaryServerSocket = "galera-peers.sock";

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
 * grastate.dat has no uuid then, the second on the donor too, whose data are whole. A script that is
 * told to end, or whose donor has died, takes both away. What mariabackup has received stays: the script
 * removes it when the last file is in its place (wsrep_sst_mariabackup).
 */
const sstMarkers = { joiner: "sst_in_progress", both: "wsrep_sst.pid", received: ".sst" } as const;

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
  const begun = has(sstMarkers.both) || has(sstMarkers.received);
  if (has(sstMarkers.joiner) || (begun && !hasUuid)) {
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

/** Whether an entry belongs to the volume and not to the server. */
export function belongsToVolume(entry: string): boolean {
  return entry === "lost+found" || entry.startsWith(".");
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
