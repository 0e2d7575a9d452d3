import type { PeerSet } from "../../peers/peer-set.js";
import type { View } from "../../peers/view.js";
import { createBackOff } from "../../system/back-off.js";
import type { Clock } from "../../system/clock.js";
import { messageOf } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { createComplaint } from "../complaint.js";

/** A start writes galera.cnf as well, with peers that may be those of an earlier look than mine. */
const againMs = 60_000;

/** Keeps galera.cnf current: at every change of the peers, after a failure, and now and then. */
export function createCnfKeeper(keep: (peers: PeerSet) => void, clock: Clock, log: Log) {
  const complaint = createComplaint(log);
  const backOff = createBackOff();
  let key: string | undefined;
  let dueMs = Number.NEGATIVE_INFINITY;
  /** Called at each look that gives the peers. */
  return (view: View, set: PeerSet): void => {
    const nowMs = clock.now();
    if (view.key === key && nowMs < dueMs) return;
    if (view.key !== key) backOff.over();
    key = view.key;
    try {
      keep(set);
      complaint.over();
      backOff.over();
      dueMs = nowMs + againMs;
    } catch (error) {
      complaint.say(`galera.cnf stays as it was: ${messageOf(error)}`);
      dueMs = nowMs + backOff.failed();
    }
  };
}
