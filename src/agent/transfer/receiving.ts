/*
 * A joiner's SST. Its server says nothing until that has ended, but its files do: the SST script has
 * one in the datadir for as long as it runs (`sst_in_progress`, scripts/wsrep_sst_common.sh), and what
 * has come is there. How much there is to come is the donor's to tell.
 */
import type { Clock } from "../../system/clock.js";
import { formatDuration } from "../../system/duration.js";
import type { Fields, Log } from "../../system/log.js";
import type { Donor } from "./donor.js";
import { endsReceiving } from "./payload.js";
import { createRate } from "./rate.js";
import { type Counted, createTally, type Look } from "./tally.js";
import type { Receiving } from "./transfer.js";
import type { See, Walk } from "./walk.js";
import { formatBytes, formatReceiving, from } from "./words.js";

export interface ReceivingPorts {
  readonly walk: Walk;
  /** The time of change of the script's file; undefined where there is none. */
  readonly markedMs: () => Promise<number | undefined>;
  readonly askDonor: () => Promise<Donor>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A walk through the datadir that somebody takes, which counts as well. */
export interface Pass {
  readonly see: See;
  readonly end: () => void;
}

/** The others are asked so often, until the donor has said how much it has. */
const askEveryMs = 2000;
/** Before an SST has lasted so long only its end is said. */
const worthSayingMs = 3000;
const sayEveryMs = 30_000;

/** From the decision to join on, before the server begins, until it is in the cluster or has ended. */
export function createReceiving(datadir: string, ports: ReceivingPorts) {
  const { walk, markedMs, askDonor, clock, log } = ports;
  const tally = createTally();
  const rate = createRate();
  let isReady = false;
  let looking = false;
  /** What an SST that was cut off has left. */
  let stale: { readonly markedMs: number | undefined } | undefined;
  let sinceMs: number | undefined;
  let over: { readonly atMs: number; readonly counted: Promise<Counted> } | undefined;
  let stage: Receiving["stage"] = "waiting";
  let bytes = 0;
  let donor: Donor = { name: undefined, totalBytes: undefined };
  let asking = false;
  let askedMs = Number.NEGATIVE_INFINITY;
  let saidMs: number | undefined;

  const count = async (look: Look): Promise<Counted> => {
    await walk(datadir, look.see);
    return look.end();
  };
  count(tally.baseline()).then(
    () => {
      isReady = true;
    },
    () => {}, // then nobody knows how much has come
  );

  const current = (): Receiving => ({
    ...{ role: "joiner", stage, donor: donor.name, bytes, totalBytes: donor.totalBytes },
    bytesPerSecond: stage === "receiving" ? rate.perSecond() : undefined,
  });

  /** Members that are silent take their time; the files are looked at meanwhile. */
  const ask = () => {
    if (asking || donor.totalBytes !== undefined || clock.now() - askedMs < askEveryMs) return;
    asking = true;
    askedMs = clock.now();
    askDonor()
      .then(({ name, totalBytes }) => {
        donor = { name: name ?? donor.name, totalBytes };
      })
      .catch(() => {}) // they are asked again
      .finally(() => {
        asking = false;
      });
  };

  const say = (since: number) => {
    const nowMs = clock.now();
    if (bytes === 0 || nowMs - since < worthSayingMs) return;
    if (saidMs !== undefined && nowMs - saidMs < sayEveryMs) return;
    const how = formatReceiving(current());
    const what = saidMs === undefined ? `an SST is under way: ${how}` : `the SST goes on: ${how}`;
    saidMs = nowMs;
    log("info", what, numbers(current()));
  };

  const finish = () => {
    over ??= { atMs: clock.now(), counted: count(tally.look(false)) };
    over.counted.catch(() => {}); // what is said at the end rests on it, and is left out then
    return over;
  };

  const look = async () => {
    const now = await markedMs();
    stale ??= { markedMs: now };
    if (now !== undefined && now !== stale.markedMs) sinceMs ??= clock.now();
    else if (sinceMs !== undefined) finish();
    if (sinceMs === undefined || over !== undefined) return;
    say(sinceMs);
    ask();
  };

  return {
    /** A moment's work, several times a second; a disk that hangs holds nobody up. */
    look: (): void => {
      if (looking || over !== undefined) return;
      looking = true;
      look()
        .catch(() => {}) // the next look asks again
        .finally(() => {
          looking = false;
        });
    },
    /** Counts with a walk that begins now; undefined where there is nothing to count. */
    pass: (): Pass | undefined => {
      if (!isReady || sinceMs === undefined || over !== undefined) return undefined;
      const counting = tally.look(true);
      let isReceived = false;
      return {
        see: (found) => {
          counting.see(found);
          isReceived ||= endsReceiving(found.path);
        },
        end: () => {
          const counted = counting.end();
          // What changes later is the server's work, or mariabackup's own.
          if (over !== undefined || stage === "preparing") return;
          bytes = Math.max(bytes, counted.bytes);
          rate.add(clock.now(), bytes);
          if (bytes > 0) stage = isReceived ? "preparing" : "receiving";
        },
      };
    },
    /** Undefined where no SST script runs. */
    sight: (): Receiving | undefined =>
      sinceMs === undefined || over !== undefined ? undefined : current(),
    /** The server is in the cluster, or it has ended on its way. */
    end: async (how: "joined" | "ended"): Promise<void> => {
      if (sinceMs === undefined) return;
      if (how === "ended") {
        const what = `the SST came to nothing: ${formatReceiving(current())}`;
        if (bytes > 0) log("warn", what, numbers(current()));
        return;
      }
      const { atMs, counted } = finish();
      const all = await counted;
      if (bytes === 0 && (all.untouched > 0 || all.bytes === 0)) return; // an IST
      const total = Math.max(bytes, all.bytes);
      const tookMs = Math.max(1, atMs - sinceMs);
      const bytesPerSecond = Math.round((total * 1000) / tookMs);
      const speed = `${formatBytes(bytesPerSecond)}/s`;
      const what = `${formatBytes(total)}${from({ donor: donor.name })}`;
      log("info", `the SST is over: ${what} in ${formatDuration(tookMs)} (${speed})`, {
        ...{ bytes: total, bytesPerSecond },
        ...(donor.name !== undefined && { donor: donor.name }),
      });
    },
  };
}

/** What a JSON log has beside the words. */
function numbers({ bytes, totalBytes, bytesPerSecond, donor }: Receiving): Fields {
  return {
    bytes,
    ...(totalBytes !== undefined && { totalBytes }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(donor !== undefined && { donor }),
  };
}
