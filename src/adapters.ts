import type { Flags } from "./cli/options.js";
import type { Query } from "./dns/client.js";
import type { Settings } from "./settings.js";
import type { Clock } from "./system/clock.js";
import type { Host } from "./system/host.js";
import type { Log } from "./system/log.js";
import type { RunProcess } from "./system/processes.js";

/** The real parts of this process, as `main` makes them. */
export interface Adapters {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly uid: number;
  /** A line to standard output. */
  readonly print: (line: string) => void;
  /** A line to standard error. */
  readonly printError: (line: string) => void;
  readonly read: (flags: Flags) => { settings: Settings; log: Log; host: Host };
  readonly logFor: (settings: Settings) => Log;
  readonly createQuery: (settings: Settings, host: Host) => Query;
  readonly runProcess: RunProcess;
  /** An id that nobody else makes: 16 hex digits. */
  readonly newId: () => string;
  /** Calls back at each SIGHUP. */
  readonly onHangup: (act: () => void) => void;
  /** `run`, for a server's command line. */
  readonly becomeServer: (words: readonly string[], flags: Flags) => Promise<never>;
}
