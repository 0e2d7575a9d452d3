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

/** The signal that such an exit code tells of; undefined for any other code. */
export function signalOfExitCode(code: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => 128 + number === code)?.[0];
}

/**
 * Sends a signal to a process group; 0 only asks whether it is there.
 *
 * @returns false for a group that is gone already, or that has become another user's
 */
export function signalGroup(pid: number | undefined, name: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, name);
  } catch {
    return false;
  }
}
