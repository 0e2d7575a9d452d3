/*
 * What Galera's own files in the datadir have to say before the server starts, so that it does what
 * was decided: nobody has to edit grastate.dat by hand.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { initialisationNote } from "../bootstrap/datadir.js";
import type { Evidence } from "../bootstrap/evidence.js";
import { formatGrastate, type Grastate, parseGrastate, zeroUuid } from "../galera/grastate.js";
import { flushDirectory, replaceFile } from "../system/files.js";

/** What the SST scripts keep of the programs that they run: a PID, and the settings. */
const scriptFiles = ["rsync_sst.pid", "rsync_sst.conf", "stunnel.pid", "stunnel.conf"];

/** What is to become of the member's data. */
export type Purpose = "found" | "join" | "discard";

/**
 * Prepares a datadir with a cluster's state, durably:
 *
 * - gvwstate.dat goes. A server that finds it waits for exactly that component to come back by
 *   itself (`pc.recovery`); who founds is decided here, and a 0-byte one keeps it from starting. With
 *   `keepsView` a joiner's stays: where nobody decides, nothing else ends an outage.
 * - grastate.dat names the position: with a zero uuid Galera ignores `--wsrep_start_position`
 *   (galera/src/replicator_smm.cpp). A founder's has safe_to_bootstrap 1.
 * - Data that may be half of an SST, or are given up, have no position: Galera then takes all of the
 *   donor's. Their galera.cache goes too: it holds other write-sets under the cluster's numbers, and a
 *   joiner that finds them there stays disconnected for ever.
 * - The SST scripts' PID files go, a joiner's as a donor's: such a PID is another process's by now, and
 *   the next script would wait for that, and give up (wsrep_sst_common, check_pid). A joiner's other
 *   marker stays until the next SST has come to its end.
 * - `.sst` goes, where mariabackup collects what it receives: nobody else would ever remove it.
 * - Who founds from what an SST left, as only a human's token lets it, takes that for whole.
 */
export function prepareState(
  datadir: string,
  evidence: Evidence,
  purpose: Purpose,
  keepsView = false,
): void {
  const wanted = wantedState(evidence, purpose);
  const isGivenUp = purpose !== "found" && wanted?.uuid === zeroUuid;
  const pidFile = join(datadir, "wsrep_sst.pid");
  const received = join(datadir, ".sst");
  const view = join(datadir, "gvwstate.dat");
  const marker = join(datadir, "sst_in_progress");
  const isHalf = purpose !== "found" && evidence.kind === "interrupted";
  const changed = [
    !(keepsView && purpose === "join" && !isGivenUp && hasBytes(view)) && remove(view),
    remove(join(datadir, initialisationNote)), // the official script leaves ours
    wanted !== undefined && writeGrastate(datadir, wanted),
    isGivenUp && remove(join(datadir, "galera.cache")),
    isHalf && (existsSync(pidFile) || existsSync(received)) && write(marker, ""),
    ...[pidFile, ...scriptFiles.map((name) => join(datadir, name))].map(remove),
    purpose !== "found" && remove(received),
    purpose === "found" && remove(marker),
  ];
  if (changed.some(Boolean)) flushDirectory(datadir);
}

function hasBytes(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** @returns whether it was there */
function remove(path: string): boolean {
  if (!existsSync(path)) return false;
  rmSync(path, { recursive: true });
  return true;
}

/** The position that the server starts from; undefined where it has none, or shall have none. */
export function hasPosition(evidence: Evidence, purpose: Purpose): boolean {
  return evidence.kind === "position" && wantedState(evidence, purpose)?.uuid !== zeroUuid;
}

function wantedState(evidence: Evidence, purpose: Purpose): Grastate | undefined {
  const nowhere = { uuid: zeroUuid, seqno: -1n, safeToBootstrap: purpose === "found" };
  switch (evidence.kind) {
    case "position": {
      const { uuid, seqno, certain } = evidence;
      if (purpose === "found") return { uuid, seqno, safeToBootstrap: true };
      return purpose === "discard" || !certain ? nowhere : { uuid, seqno, safeToBootstrap: false };
    }
    case "interrupted":
      return evidence.by === "sst" ? nowhere : undefined;
    case "initialised":
      return nowhere;
    case "empty":
    case "unclustered":
    case "unrecovered":
      return undefined;
    default:
      return evidence satisfies never;
  }
}

function writeGrastate(datadir: string, wanted: Grastate): boolean {
  const path = join(datadir, "grastate.dat");
  return !sameGrastate(path, wanted) && write(path, formatGrastate(wanted));
}

function sameGrastate(path: string, wanted: Grastate): boolean {
  try {
    const now = parseGrastate(readFileSync(path, "utf8"));
    return (
      now?.uuid === wanted.uuid &&
      now.seqno === wanted.seqno &&
      now.safeToBootstrap === wanted.safeToBootstrap
    );
  } catch {
    return false; // what a power loss has left of it
  }
}

/** With the owner of its directory: the server rewrites it. */
function write(path: string, text: string): true {
  const { uid, gid } = statSync(join(path, ".."));
  replaceFile(path, Buffer.from(text), { mode: 0o660, uid, gid });
  return true;
}
