import type { Consultation } from "../agent/consult.js";
import type { Ordered } from "../agent/ordered.js";
import { type PeerSet, peerSet } from "../peers/peer-set.js";
import { createProgress, poll, TimeUp } from "../peers/poll.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";
import type { Member } from "./start.js";

export interface OrderPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What is to be done, and the peers that galera.cnf is to name. */
export interface Order extends Ordered {
  readonly peers: PeerSet;
}

/** How often a start asks its agent. */
const askEveryMs = 200;

/**
 * Asks until the decision is neither to wait nor to hold; says what is waited for.
 *
 * @throws Failure 69 after `--timeout`, 75 for a hold; the signal's reason
 */
export async function awaitOrder(
  consultation: Consultation,
  member: Member,
  settings: Settings,
  { clock, log, signal }: OrderPorts,
): Promise<Order> {
  const progress = createProgress(clock, log);
  const pace = { clock, signal, pollMs: askEveryMs, timeoutMs: settings.timeout };
  try {
    for await (const ordered of poll((limit) => consultation.next(limit), pace)) {
      const { action, why, targets } = ordered;
      switch (action) {
        case "wait":
          progress.waiting(why, ordered.hint);
          break;
        case "hold":
          throw new Failure(exitCode.held, `held: ${why}`);
        case "found":
        case "join":
          return { ...ordered, peers: peerSet(targets ?? [], member.me) };
        default:
          action satisfies never;
      }
    }
    throw new Error("poll ended by itself");
  } catch (error) {
    throw error instanceof TimeUp ? progress.gaveUp(error.ms) : error;
  }
}
