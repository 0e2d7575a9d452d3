/*
 * The hooks, for the pod's life: one at a time, each told the newest peers, and tried again until it
 * succeeds. What a hook does wrong is said and counted, and touches nobody else.
 */
import { type HookName, type HookPorts, runHook } from "../../hooks/hook.js";
import type { View } from "../../peers/view.js";
import { createBackOff } from "../../system/back-off.js";
import { formatDuration } from "../../system/duration.js";
import { messageOf } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { createNap } from "../../system/nap.js";
import type { Recorder } from "../metrics/recorder.js";

export interface HooksOptions {
  readonly onStart: string | undefined;
  readonly onChange: string | undefined;
  readonly hookTimeoutMs: number | undefined;
}

export interface HooksPorts extends HookPorts {
  readonly log: Log;
  readonly recorder: Recorder;
}

/** What the hooks have done: it outlives an agent's reading its settings again. */
export interface HooksDone {
  /** The first of them has succeeded. */
  hasStarted: boolean;
  /** The view that the last one was told; undefined where that has not succeeded. */
  key: string | undefined;
}

export interface Hooks {
  /** The peers are these now. */
  readonly tell: (peers: View) => void;
  /** Once the signal is aborted: until no hook runs any more. */
  readonly ended: () => Promise<void>;
}

/** @param done is brought up to date */
export function createHooks(options: HooksOptions, ports: HooksPorts, done: HooksDone): Hooks {
  const { onStart, onChange, hookTimeoutMs } = options;
  const { clock, signal, log, recorder } = ports;
  const backOff = createBackOff();
  const nap = createNap(clock);
  let newest: View | undefined;
  let isAtWork = false;
  let working = Promise.resolve();

  /** As peer-finder: on-change takes the place of an on-start that there is not. */
  const next = (): { readonly name: HookName; readonly command: string } | undefined => {
    if (!done.hasStarted && onStart !== undefined) return { name: "on-start", command: onStart };
    return onChange === undefined ? undefined : { name: "on-change", command: onChange };
  };

  /** @returns why it failed, if it did */
  const run = async (name: HookName, command: string, peers: View): Promise<string | undefined> => {
    const startedMs = clock.now();
    try {
      await runHook(name, command, peers, hookTimeoutMs, ports);
      recorder.hookRan(name, "success", clock.now() - startedMs);
      return undefined;
    } catch (error) {
      if (!signal.aborted) recorder.hookRan(name, "failure", clock.now() - startedMs);
      return messageOf(error);
    }
  };

  const catchUp = async (): Promise<void> => {
    let hasFailed = false;
    while (!signal.aborted) {
      const hook = next();
      const peers = newest;
      if (hook === undefined || peers === undefined || peers.key === done.key) return;
      if (!hasFailed) log("info", `${hook.name}: ${hook.command}`);
      done.key = undefined; // one that fails may do half of it: the peers of before are news then
      const why = await run(hook.name, hook.command, peers);
      if (why === undefined) {
        if (hasFailed) log("info", `the ${hook.name} hook has succeeded after all`);
        hasFailed = false;
        backOff.over();
        done.hasStarted = true;
        done.key = peers.key;
        continue;
      }
      if (signal.aborted) return;
      hasFailed = true;
      const waitMs = newest === peers ? backOff.failed() : 0;
      const when = waitMs === 0 ? "at once, with the peers of now" : `in ${formatDuration(waitMs)}`;
      log("error", `${why}; it is tried again ${when}`);
      if (waitMs > 0) await nap.sleep(waitMs, signal).catch(() => {});
      if (newest !== peers) backOff.over();
    }
  };

  const work = async (): Promise<void> => {
    isAtWork = true;
    try {
      await catchUp();
    } finally {
      isAtWork = false; // in the same turn as it has found nothing to do
    }
  };

  return {
    tell: (peers) => {
      newest = peers;
      nap.wake();
      if (!isAtWork) working = work();
    },
    ended: () => working,
  };
}
