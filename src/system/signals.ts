import { readFileSync } from "node:fs";
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
  const before = process.pid === 1 ? heardBefore(ownStatus()) : undefined;
  for (const name of ending) process.on(name, abort);
  if (before !== undefined) abort(before);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of ending) process.removeListener(name, abort);
    },
  };
}

/**
 * The signal that has come while Node itself began. Node has handlers from its first milliseconds on
 * (node.cc, RegisterSignalHandler), which count once and send the signal anew with its default effect: to
 * PID 1 none. What is left of that is the handler's absence.
 *
 * @param status /proc/self/status, proc_pid_status(5)
 */
export function heardBefore(status: string): NodeJS.Signals | undefined {
  const [, caught] = /^SigCgt:\s*([\da-f]+)$/m.exec(status) ?? [];
  if (caught === undefined) return undefined;
  const bits = BigInt(`0x${caught}`);
  return ending.find((name) => ((bits >> BigInt(constants.signals[name] - 1)) & 1n) === 0n);
}

function ownStatus(): string {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return "";
  }
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
