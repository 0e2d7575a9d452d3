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
/** The others are asked again after so long. */
const againMs = 10_000;
/** So many times in a row: an agent may be slow, or a port closed for a moment. */
const timesFree = 2;

/** A server that says that it is a donor. */
interface Donating {
  readonly sinceMs: number;
  /** When the others were asked last. */
  askedMs: number;
  /** In how many looks at the others nobody received anything, in a row. */
  free: number;
}

/**
 * To be asked at each look: whether the server is a donor of nobody's, as long as that lasts. While another
 * member of its component may receive data, the transfer may go on.
 *
 * @param self this member's name
 */
export function createUnreleased(self: string, { phase, server, ask, clock }: UnreleasedPorts) {
  let donor: Donating | undefined;
  /** It was joined indeed: what makes a donor of it since then is a lock of somebody's backup. */
  let wasJoined = false;

  /** As a donor, if it says now that it is one; a server that says nothing may be one still. */
  const look = (): Donating | undefined => {
    const { answer } = server();
    if (answer?.kind !== "status") return undefined;
    const { state, primary, desync } = answer.status;
    wasJoined ||= state === localState.joined;
    const isDonor = state === localState.donor && primary && !desync && !wasJoined;
    if (!isDonor) donor = undefined;
    else donor ??= { sinceMs: clock.now(), askedMs: Number.NEGATIVE_INFINITY, free: 0 };
    return donor;
  };

  return async (): Promise<boolean> => {
    const now = phase();
    if (now.kind !== "running" || !now.primary || now.status !== "joined") {
      donor = undefined;
      wasJoined = false;
      return false;
    }
    const one = look();
    const nowMs = clock.now();
    if (one === undefined || nowMs - one.sinceMs < releasedWithinMs) return false;
    if (nowMs - one.askedMs >= againMs) {
      one.askedMs = nowMs;
      const others = await ask(now.view.members.filter((name) => name !== self));
      one.free = [...others.values()].every(receivesNothing) ? one.free + 1 : 0;
    }
    return one.free >= timesFree;
  };
}

/**
 * An agent that was started again in its server's SST knows nothing of that, nor of a component. Who waits
 * for data may wait for this very donor, whom Galera gives no other joiner.
 */
function receivesNothing(one: Neighbour): boolean {
  if (one.kind !== "answers") return one.kind === "gone";
  const { state, transfer } = one.report;
  if (transfer?.role === "joiner") return transfer.stage === "waiting";
  return state.phase.kind === "running" && state.phase.primary;
}
