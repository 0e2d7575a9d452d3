/*
 * The note in a datadir whose initialisation is under way: durable before the first step and gone after
 * the last. What an interrupted initialisation left behind is known by it, and removed.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { belongsToVolume, initialisationNote, readEvidence } from "../../bootstrap/datadir.js";
import { describeEvidence } from "../../bootstrap/evidence.js";
import type { Ledger } from "../../bootstrap/ledger.js";
import { isOwnFile } from "../../bootstrap/store.js";
import { formatGrastate, zeroUuid } from "../../galera/grastate.js";
import { listed } from "../../peers/peer-set.js";
import { exitCode, Failure } from "../../system/failure.js";
import { flushDirectory, replaceFile } from "../../system/files.js";
import type { Log } from "../../system/log.js";
import { refuseWhileServed } from "./socket.js";
import { ownerOf } from "./tool.js";

/** A datadir that is to be initialised. */
export interface NewDatadir {
  readonly datadir: string;
  readonly ledger: Ledger | undefined;
}

/**
 * What a datadir says that may found and has not yet. It is the note's text, so that the note becomes
 * grastate.dat in one step when all is done.
 */
const initialGrastate = formatGrastate({ uuid: zeroUuid, seqno: -1n, safeToBootstrap: true });

/**
 * Says in the datadir that its initialisation is under way, and removes what an earlier one has left.
 *
 * @throws Failure 75 for a datadir with anything else in it, 70 while a temporary server works on it
 */
export async function beginInitialisation(
  { datadir, ledger }: NewDatadir,
  log: Log,
): Promise<void> {
  mkdirSync(datadir, { recursive: true });
  await refuseToClear(datadir, ledger); // before the note: with it, anything is half an initialisation
  writeNote(datadir);
  clear(datadir, log);
}

/**
 * Says in the datadir that its initialisation is done.
 *
 * @param member of a cluster: a single node has no grastate.dat
 */
export function endInitialisation(datadir: string, member: boolean): void {
  const note = join(datadir, initialisationNote);
  if (member) renameSync(note, join(datadir, "grastate.dat"));
  else rmSync(note);
  flushDirectory(datadir);
}

/**
 * Removes what an initialisation that was cut off left in a datadir, its note last.
 *
 * @throws Failure 75 for a datadir with anything else in it, 70 while a temporary server works on it
 */
export async function clearInterrupted({ datadir, ledger }: NewDatadir, log: Log): Promise<void> {
  await refuseToClear(datadir, ledger);
  clear(datadir, log);
  rmSync(join(datadir, initialisationNote), { force: true });
  flushDirectory(datadir);
}

async function refuseToClear(datadir: string, ledger: Ledger | undefined): Promise<void> {
  await refuseWhileServed(datadir);
  const evidence = readEvidence(datadir, ledger);
  const isInitialisation = evidence.kind === "interrupted" && evidence.by === "initialisation";
  if (evidence.kind !== "empty" && !isInitialisation) {
    const why = describeEvidence(evidence);
    throw new Failure(exitCode.held, `held: ${datadir} is not cleared, since ${why}`);
  }
}

function clear(datadir: string, log: Log): void {
  const entries = readdirSync(datadir).filter(
    (entry) => entry !== initialisationNote && !belongsToVolume(entry) && !isOwnFile(entry),
  );
  if (entries.length === 0) return;
  log("info", `clearing ${datadir} of what a start that was cut off left: ${listed(entries)}`);
  for (const entry of entries) rmSync(join(datadir, entry), { recursive: true });
}

/**
 * Without a moment in which an earlier note is not there. It gets the owner of its directory, whose
 * server rewrites it as grastate.dat. What a kill leaves of the writing is a hidden file: it is no data.
 */
function writeNote(datadir: string): void {
  const note = join(datadir, initialisationNote);
  const like = { mode: 0o660, ...ownerOf(datadir) };
  replaceFile(note, Buffer.from(initialGrastate), like, join(datadir, `.${initialisationNote}`));
  flushDirectory(datadir);
}
