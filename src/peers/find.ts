import { type HookName, type HookPorts, runHook } from "../hooks/hook.js";
import type { Log } from "../system/log.js";
import type { Identity } from "./identity.js";
import type { Look } from "./look.js";
import { type AddressType, listed } from "./peer-set.js";
import { createProgress, type PollOptions, poll, TimeUp } from "./poll.js";
import { type View, viewOf } from "./view.js";

export interface FindOptions {
  readonly me: Identity;
  readonly look: Look;
  readonly addressType: AddressType;
  /** Run on-change also where a peer's addresses alone have changed. */
  readonly watchAddresses: boolean;
  readonly onStart: string | undefined;
  readonly onChange: string | undefined;
  readonly hookTimeoutMs: number | undefined;
  readonly pollMs: number;
  readonly timeoutMs: number | undefined;
}

export interface FindPorts extends HookPorts {
  readonly log: Log;
  /** Prints a line to standard output. */
  readonly print: (line: string) => void;
}

/**
 * peer-finder: waits until DNS names me, runs on-start (on-change in its place if there is none),
 * then on-change for every later change. Without on-change it ends; without either hook it prints
 * the peers, one a line.
 *
 * @throws Failure with a failing hook's code; 69 after `timeoutMs`, which bounds the first answer
 */
export async function find(options: FindOptions, ports: FindPorts): Promise<void> {
  const { onStart, onChange, timeoutMs } = options;
  const { log, print } = ports;
  if (onStart === undefined && onChange !== undefined) {
    log("info", "no on-start hook: on-change runs in its place at first");
  }
  let known: View | undefined;
  for await (const now of views(options, ports, { timeoutMs })) {
    known = now;
    break;
  }
  if (known === undefined) return;
  log("info", `peers: ${listed(known.peers)}`);
  if (onStart !== undefined) await hook("on-start", onStart, known, options, ports);
  else if (onChange !== undefined) await hook("on-change", onChange, known, options, ports);
  else for (const peer of known.peers) print(peer);

  if (onChange === undefined) return;
  await ports.clock.sleep(options.pollMs, ports.signal);
  for await (const now of views(options, ports, { timeoutMs: undefined, settled: true })) {
    if (now.key === known.key) continue;
    log("info", `peers: ${listed(now.peers)} (before: ${listed(known.peers)})`);
    await hook("on-change", onChange, now, options, ports);
    known = now;
  }
}

/** Polls; what is not a view of the peers yet is said as a wait. */
async function* views(
  { me, look, addressType, watchAddresses, pollMs }: FindOptions,
  { clock, signal, log }: FindPorts,
  pace: Pick<PollOptions, "timeoutMs" | "settled">,
): AsyncGenerator<View> {
  const progress = createProgress(clock, log);
  try {
    for await (const seen of poll(look, { clock, signal, pollMs, ...pace })) {
      const now =
        seen.kind === "peers" ? viewOf(seen.set, me, addressType, watchAddresses) : seen.what;
      if (typeof now === "string") progress.waiting(now);
      else {
        progress.settled();
        yield now;
      }
    }
  } catch (error) {
    throw error instanceof TimeUp ? progress.gaveUp(error.ms) : error;
  }
}

async function hook(
  name: HookName,
  command: string,
  now: View,
  { hookTimeoutMs }: FindOptions,
  ports: FindPorts,
): Promise<void> {
  ports.log("info", `${name}: ${command}`);
  await runHook(name, command, now, hookTimeoutMs, ports);
}
