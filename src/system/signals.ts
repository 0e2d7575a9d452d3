import { constants } from "node:os";

/** The reason of an abort that a signal asked for. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: NodeJS.Signals) {
    super(`ended by ${name}`);
    this.exitCode = 128 + constants.signals[name];
  }
}

/** The signals that end a start; a container's runtime sends the first, a terminal the second. */
const ending = ["SIGTERM", "SIGINT"] as const;

/**
 * Turns SIGTERM and SIGINT into the abort of a signal, until `release`: then they have their
 * default effect again. As PID 1 a process without handlers ignores both, so this comes first.
 */
export function listenForSignals(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const abort = (name: NodeJS.Signals) => controller.abort(new Interrupted(name));
  for (const name of ending) process.on(name, abort);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of ending) process.removeListener(name, abort);
    },
  };
}

/** 128+n, as a shell reports a process that a signal ended. */
export function exitCodeOfSignal(name: string): number {
  return 128 + (constants.signals[name as NodeJS.Signals] ?? 0);
}

/** Sends a signal to a process group; one that is gone already is no error. */
export function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
