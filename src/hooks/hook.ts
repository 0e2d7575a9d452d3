import { existsSync } from "node:fs";
import { isV6 } from "../dns/address.js";
import type { Clock } from "../system/clock.js";
import { formatDuration } from "../system/duration.js";
import { Failure } from "../system/failure.js";
import type { RunProcess } from "../system/processes.js";
import { signalOfExitCode } from "../system/signals.js";

/** As timeout(1) ends a command that ran too long. */
const timedOut = 124;

/**
 * A pipe for a hook's standard input, as the Go program made it: Node would give it a socket, which
 * nobody can open as /dev/stdin, and for which bash reads ~/.bashrc (it takes itself for rshd's;
 * run_startup_files in shell.c). The POSIX shell does not.
 */
const pipingShell = "/bin/sh";
const piped = 'cat | "$0" -c "$1"';

export type HookName = "on-start" | "on-change";

/** What a hook is told: on standard input and, as kmodules/peer-finder does, in its environment. */
export interface HookInput {
  /** What names each peer, in order; standard input has one a line. */
  readonly peers: readonly string[];
  /** What names me among them. */
  readonly self: string;
  /** My IP address, if one is known. */
  readonly podIp: string | undefined;
}

export interface HookPorts {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Variables of this process that a hook does not get. */
  readonly hidden?: readonly string[];
}

/**
 * Runs a hook: a shell command line, as peer-finder takes it. The peers go to its standard input
 * and are never part of what the shell reads; its output passes through.
 *
 * @throws Failure with the hook's own exit code (128+n by signal), 124 after `timeoutMs`; the
 *   signal's reason when that ends the hook
 */
export async function runHook(
  name: HookName,
  command: string,
  input: HookInput,
  timeoutMs: number | undefined,
  { runProcess, clock, signal, hidden = [] }: HookPorts,
): Promise<void> {
  const stop = new AbortController();
  const done = new AbortController();
  let isTimeUp = false;
  // What AbortSignal.any makes is let go of by garbage collection alone; an agent runs many hooks.
  const abort = () => stop.abort();
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  if (timeoutMs !== undefined) {
    clock.sleep(timeoutMs, done.signal).then(
      () => {
        isTimeUp = true;
        stop.abort();
      },
      () => {},
    );
  }
  const shell = findShell();
  try {
    const { exitCode } = await runProcess(pipingShell, ["-c", piped, shell, command], {
      input: input.peers.map((peer) => `${peer}\n`).join(""),
      env: {
        ...Object.fromEntries(hidden.map((one) => [one, undefined])),
        ...hookEnvironment(input),
      },
      output: "pass",
      signal: stop.signal,
    });
    signal.throwIfAborted();
    if (isTimeUp) {
      const after = formatDuration(timeoutMs ?? 0);
      throw new Failure(timedOut, `the ${name} hook ran longer than ${after} (--hook-timeout)`);
    }
    if (exitCode !== 0) {
      const endedBy = signalOfExitCode(exitCode);
      const why = endedBy === undefined ? `failed (${exitCode})` : `was ended by ${endedBy}`;
      throw new Failure(exitCode, `the ${name} hook ${why}: ${command}`);
    }
  } finally {
    done.abort();
    signal.removeEventListener("abort", abort);
  }
}

/** The names and values that kmodules/peer-finder sets. */
function hookEnvironment({ self, podIp }: HookInput): Record<string, string> {
  const type = (address: string) =>
    isV6(address) ? "IPv6" : /^[\d.]+$/.test(address) ? "IPv4" : "DNS";
  return {
    HOST_ADDRESS: self,
    HOST_ADDRESS_TYPE: type(self),
    ...(podIp === undefined ? {} : { POD_IP: podIp, POD_IP_TYPE: type(podIp) }),
  };
}

/** peer-finder ran its hooks with bash; an image without it gets the POSIX shell. */
function findShell(): string {
  return existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
}
