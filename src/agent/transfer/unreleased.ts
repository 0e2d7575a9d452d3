/*
 * A donor that Galera does not release. If it loses its component while it sends, the end of the state
 * transfer is told to nobody (wsrep-lib, server_state::sst_sent: "sst sent called when not SST donor"). The
 * component that comes together again takes it for a donor still (gcs/src/gcs_group.cpp: "Restored state
 * OPEN -> DONOR/DESYNCED"), and so for good: nothing but another start makes it Synced.
 */
import type { Phase } from "../../bootstrap/member.js";
import { localState } from "../../galera/wsrep-status.js";
import type { Clock } from "../../system/clock.js";
import type { Neighbour } from "../drain/leave-turn.js";
import type { ServerSight } from "../sql/server-watch.js";

export interface UnreleasedPorts {
  readonly phase: () => Phase;
  readonly server: () => ServerSight;
  /** Asks these members. */
  readonly ask: (names: readonly string[]) => Promise<ReadonlyMap<string, Neighbour>>;
  readonly clock: Clock;
}

/** A server that is told to be joined is a donor no longer than this. */
const releasedWithinMs = 30_000;

/**
 * To be asked at each look; true once for each time that the server is a donor of nobody's, after a look at
 * the other members of its component: as long as one receives data, the transfer may go on.
 *
 * @param self this member's name
 */
export function createUnreleased(self: string, { phase, server, ask, clock }: UnreleasedPorts) {
  let sinceMs: number | undefined;
  /** It was joined indeed: what makes a donor of it since then is a lock of somebody's backup. */
  let wasJoined = false;

  const look = (now: Phase): void => {
    if (now.kind !== "running" || !now.primary || now.status !== "joined") {
      sinceMs = undefined;
      wasJoined = false;
      return;
    }
    const { answer } = server();
    if (answer?.kind !== "status") return;
    const { state, primary, desync } = answer.status;
    wasJoined ||= state === localState.joined;
    if (state !== localState.donor || !primary || desync || wasJoined) sinceMs = undefined;
    else sinceMs ??= clock.now();
  };

  return async (): Promise<boolean> => {
    const now = phase();
    look(now);
    if (now.kind !== "running" || sinceMs === undefined) return false;
    if (clock.now() - sinceMs < releasedWithinMs) return false;
    sinceMs = clock.now();
    const others = await ask(now.view.members.filter((name) => name !== self));
    return [...others.values()].every(receivesNothing);
  };
}

function receivesNothing(one: Neighbour): boolean {
  return one.kind === "gone" || (one.kind === "answers" && one.report.transfer?.role !== "joiner");
}
