/*
 * Whoever issues the certificates renews them while server and agent run: the mounted files are replaced.
 */
import { createComplaint } from "../agent/complaint.js";
import type { Clock } from "../system/clock.js";
import { messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { loadTls, type TlsPem } from "./files.js";

export interface RenewalPorts {
  readonly clock: Clock;
  /** The wall clock's time, in milliseconds. */
  readonly time: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What the agent uses now. */
  readonly inUse: () => TlsPem;
  /**
   * The agent takes these from its next connection on.
   *
   * @throws where it cannot; what was in use is then in use
   */
  readonly use: (pem: TlsPem) => void;
  /**
   * Has the server read its files anew; "later" where there is none to do so.
   *
   * @throws what it said
   */
  readonly reload: () => Promise<"done" | "later">;
}

/** The kubelet takes a minute to bring a Secret's change. */
const everyMs = 30_000;

/**
 * Follows the files until the signal's abort, with whose reason it ends. Files that will not do are told
 * of once, and what is in use stays. Those that are replaced while they are read are seen whole at the
 * next look.
 *
 * The server is told at the beginning too: it may have been started with others than these.
 */
export async function followTls(dir: string, ports: RenewalPorts): Promise<never> {
  const { clock, time, log, signal, inUse, use, reload } = ports;
  const renewal = createComplaint(log);
  const reloading = createComplaint(log);
  let warned: string | undefined;
  let isServerBehind = true;

  /** Whether they will do. */
  const look = (): boolean => {
    try {
      const { files, pem, warning } = loadTls(dir, time());
      if (!isSame(pem, inUse())) {
        use(pem);
        isServerBehind = true;
        log("info", `${files.cert} was renewed: the agent uses it`);
      }
      renewal.over();
      if (warning !== undefined && warning !== warned) log("warn", warning);
      warned = warning;
      return true;
    } catch (error) {
      renewal.say(`TLS stays as it was: ${messageOf(error).split("\n").join("; ")}`);
      return false;
    }
  };

  const tellServer = async () => {
    try {
      if ((await reload()) === "later") return;
      isServerBehind = false;
      reloading.over();
    } catch (error) {
      const why = messageOf(error);
      reloading.say(`the server does not read its certificate anew: ${why} (GRANT RELOAD?)`);
    }
  };

  for (;;) {
    if (look() && isServerBehind) await tellServer();
    await clock.sleep(everyMs, signal);
  }
}

function isSame(one: TlsPem, other: TlsPem): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key;
}
