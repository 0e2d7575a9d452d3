/*
 * The SST that my server receives, or sends.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Phase } from "../../bootstrap/member.js";
import type { Clock } from "../../system/clock.js";
import type { Log } from "../../system/log.js";
import type { ServerSight } from "../sql/server-watch.js";
import { sendsBackup } from "./backup.js";
import type { Donor } from "./donor.js";
import { createReceiving, type Pass } from "./receiving.js";
import { createSending } from "./sending.js";
import type { Transfer } from "./transfer.js";
import { type Walk, walk as walkFiles } from "./walk.js";

export interface TransferPorts {
  readonly phase: () => Phase;
  readonly server: () => ServerSight;
  readonly askDonor: () => Promise<Donor>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Costs nothing as long as no server joins, or is a donor. */
export function createTransferWatch(
  datadir: string,
  { phase, server, ...ports }: TransferPorts,
  walk: Walk = walkFiles,
) {
  const markedMs = () => changedMs(join(datadir, "sst_in_progress"));
  const sending = createSending(datadir, { ...ports, walk });
  let receiving: ReturnType<typeof createReceiving> | undefined;

  const look = (): void => {
    const now = phase();
    if (now.kind === "joining")
      receiving ??= createReceiving(datadir, { ...ports, walk, markedMs });
    // Connected to the group, and outside its primary component: the SST is still to come.
    if (now.kind === "joining" || (now.kind === "running" && !now.primary)) receiving?.look();
    else {
      receiving?.end(now.kind === "running" ? "joined" : "ended").catch(() => {}); // unread files
      receiving = undefined;
    }
    sending.look(isDonor(now, server()));
  };

  return {
    look,
    /** Whether an SST script runs on the joiner. */
    isReceiving: (): boolean => receiving?.sight() !== undefined,
    /** Whether my server is a donor that mariabackup serves for: looked up now, where it is a donor. */
    sendsBackup: (): boolean => isDonor(phase(), server()) && sendsBackup(datadir),
    /** Counts with a walk through the datadir that begins now. */
    pass: (): Pass | undefined => receiving?.pass(),
    sight: (): Transfer | undefined => {
      look();
      return receiving?.sight() ?? sending.sight();
    },
  };
}

/** A server that was desynced by hand says that it is a donor, too. */
function isDonor(phase: Phase, { answer }: ServerSight): boolean {
  if (phase.kind !== "running" || phase.status !== "donor") return false;
  return !(answer?.kind === "status" && answer.status.desync);
}

async function changedMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ctimeMs;
  } catch {
    return undefined; // it is not there
  }
}
