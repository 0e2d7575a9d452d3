/*
 * The peers, for the pod's life: looks at DNS once a second, keeps galera.cnf current, and runs the
 * hooks. DNS that fails leaves everything as it was.
 */
import type { Identity } from "../../peers/identity.js";
import type { Look, Sight } from "../../peers/look.js";
import { type PacedLook, paceLook } from "../../peers/paced-look.js";
import { type AddressType, listed, type PeerSet } from "../../peers/peer-set.js";
import { type View, viewOf } from "../../peers/view.js";
import { messageOf } from "../../system/failure.js";
import { isSecretVariable } from "../../system/secret-variables.js";
import { createCnfKeeper } from "./cnf-keeper.js";
import {
  createHooks,
  type Hooks,
  type HooksDone,
  type HooksOptions,
  type HooksPorts,
} from "./hooks.js";
import { createOutage } from "./outage.js";

export interface PeersWatchOptions extends HooksOptions {
  readonly me: Identity;
  readonly addressType: AddressType;
  readonly pollMs: number;
}

export interface PeersWatchPorts extends Omit<HooksPorts, "signal" | "hidden"> {
  /** Asks DNS each time. */
  readonly look: Look;
  /** This process's environment, of which hooks get all but credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Brings galera.cnf up to date. */
  readonly keepCnf: (peers: PeerSet) => void;
}

/** What DNS has said, for whoever asks the agent. */
export interface PeersSight {
  /** As of the last answer that names me; undefined before it. */
  readonly set: PeerSet | undefined;
  /** When that came. */
  readonly answeredMs: number | undefined;
  /** What is wrong since then. */
  readonly problem: string | undefined;
}

export interface PeersWatch {
  readonly sight: () => PeersSight;
  /** Until the signal's abort, with whose reason it ends. */
  readonly run: (signal: AbortSignal) => Promise<never>;
}

/**
 * @param done what the hooks of an agent before this one have done, in this process
 * @returns the watch, and its looks for the decision to share: DNS is asked once for both
 */
export function createPeersWatch(
  { me, addressType, pollMs, ...options }: PeersWatchOptions,
  { look, env, keepCnf, ...ports }: PeersWatchPorts,
  done: HooksDone = { hasStarted: false, key: undefined },
): PeersWatch & Pick<PacedLook, "look" | "renew"> {
  const { clock, log, recorder } = ports;
  const outage = createOutage(clock, log);
  const cnf = createCnfKeeper(keepCnf, clock, log);
  let sight: PeersSight = { set: undefined, answeredMs: undefined, problem: undefined };
  let known: View | undefined;
  let hooks: Hooks | undefined;

  const awaiting = (what: string) => {
    sight = { ...sight, problem: what };
    outage.goesOn(what, known !== undefined);
  };

  const take = (seen: Sight) => {
    if (seen.kind === "awaiting") return awaiting(seen.what);
    const { set } = seen;
    sight = { set, answeredMs: clock.now(), problem: undefined };
    const now = viewOf(set, me, addressType, false);
    if (typeof now === "string") return awaiting(now);
    outage.over();
    const isNews = now.key !== known?.key;
    if (isNews) {
      const before = known === undefined ? "" : ` (before: ${listed(known.peers)})`;
      log("info", `peers: ${listed(now.peers)}${before}`);
      known = now;
    }
    cnf(now, set); // before the hooks, which may read it
    if (isNews) hooks?.tell(now);
  };

  let begun = 0;
  let taken = 0;
  const paced = paceLook(async (signal) => {
    begun += 1;
    const mine = begun;
    const startedMs = clock.now();
    const seen = await look(signal);
    recorder.looked(seen, clock.now() - startedMs);
    if (mine < taken) return seen; // a start's look has overtaken it
    taken = mine;
    take(seen);
    return seen;
  }, clock);

  return {
    look: paced.look,
    renew: paced.renew,
    sight: () => sight,
    run: async (signal) => {
      const hidden = Object.keys(env).filter(isSecretVariable);
      const own = createHooks(options, { ...ports, hidden, signal }, done);
      hooks = own;
      if (known !== undefined) own.tell(known);
      try {
        for (;;) {
          try {
            await paced.look(signal);
          } catch (error) {
            signal.throwIfAborted();
            awaiting(`DNS: ${messageOf(error)}`);
          }
          await paced.pause(pollMs, signal);
        }
      } finally {
        hooks = undefined;
        await own.ended();
      }
    },
  };
}
