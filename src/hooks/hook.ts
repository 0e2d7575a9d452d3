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
 * nobody can open as /dev/stdin.
 */
const piped = 'cat | "$0" -c "$1"';

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
}

/**
 * Runs a hook: a shell command line, as peer-finder takes it. The peers go to its standard input
 * and are never part of what the shell reads; its output passes through.
 *
 * @throws Failure with the hook's own exit code (128+n by signal), 124 after `timeoutMs`; the
 *   signal's reason when that ends the hook
 */
export async function runHook(
  name: "on-start" | "on-change",
  command: string,
  input: HookInput,
  timeoutMs: number | undefined,
  { runProcess, clock, signal }: HookPorts,
): Promise<void> {
  const timeUp = new AbortController();
  const done = new AbortController();
  if (timeoutMs !== undefined) {
    clock.sleep(timeoutMs, done.signal).then(
      () => timeUp.abort(),
      () => {},
    );
  }
  const shell = findShell();
  try {
    const { exitCode } = await runProcess(shell, ["-c", piped, shell, command], {
      input: input.peers.map((peer) => `${peer}\n`).join(""),
      env: hookEnvironment(input),
      output: "pass",
      signal: AbortSignal.any([signal, timeUp.signal]),
    });
    signal.throwIfAborted();
    if (timeUp.signal.aborted) {
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
