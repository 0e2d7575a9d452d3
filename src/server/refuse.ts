/*
 * What a start does not go on with.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readEvidence } from "../bootstrap/datadir.js";
import { ownObstacle } from "../bootstrap/decide.js";
import { describeEvidence } from "../bootstrap/evidence.js";
import { toJson } from "../bootstrap/format.js";
import type { Settings } from "../settings.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Start } from "./start.js";

/** A server finds no databases there, and an initialisation would take the files for its own. */
export function refuseStrayFiles({ datadir, evidence }: Start): void {
  if (evidence.kind !== "unclustered" || existsSync(join(datadir, "mysql"))) return;
  throw new Failure(
    exitCode.held,
    `held: ${datadir} is not empty, and has no databases in it: empty it, or mount another volume there`,
  );
}

/** @param problem why the server would not read its galera.cnf, see unreadCnf */
export function refuseUnread(problem: string | undefined): void {
  if (problem !== undefined) throw new Failure(exitCode.config, problem);
}

/** What DNS and the other members say cannot change it. */
export function refuseUnclustered({ evidence, ledger }: Start, { bootstrap }: Settings): void {
  const obstacle = bootstrap === "sole-peer" ? undefined : ownObstacle(evidence, ledger);
  if (obstacle !== undefined) throw new Failure(exitCode.held, `held: ${obstacle}`);
}

/**
 * A start may have waited for hours, and somebody have put data into the datadir meanwhile.
 *
 * @throws Failure 70, to begin again from what is there now
 */
export function refuseChanged({ datadir, ledger, evidence: before }: Start): void {
  const now = readEvidence(datadir, ledger);
  if (toJson(now) === toJson(before)) return;
  const what = describeEvidence(now);
  throw new Failure(exitCode.software, `${datadir} has changed while this start waited: ${what}`);
}
