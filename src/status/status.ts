/*
 * `galera-peers status`: all members, as their agents see them.
 */
import { agentHere } from "../agent/http/here.js";
import { readAgentKey } from "../agent/http/key.js";
import { openPeerTls } from "../agent/http/own-tls.js";
import type { Query } from "../dns/client.js";
import { identify } from "../peers/identity.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure, readTogether } from "../system/failure.js";
import type { Host } from "../system/host.js";
import { type Display, jsonDisplay, openDisplay } from "./display.js";
import { overviewOf } from "./overview.js";
import { createRounds, type Rounds } from "./rounds.js";

export interface StatusPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly createQuery: (settings: Settings, host: Host) => Query;
  readonly newId: () => string;
}

export interface StatusHow {
  readonly json?: true;
  readonly watch?: true;
}

/**
 * Shows the members once, or until a signal.
 *
 * @throws Failure 78 without a service and a namespace, 69 where nobody is known; the signal's reason
 */
export async function showStatus(
  settings: Settings,
  host: Host,
  how: StatusHow,
  { env, clock, signal, print, createQuery, newId }: StatusPorts,
): Promise<void> {
  const [me, key] = readTogether(
    () => identify(settings, host),
    () => readAgentKey(env),
  );
  if (me === undefined) {
    const missing = "no headless service and no namespace are known: set --service and --namespace";
    throw new Failure(exitCode.config, missing);
  }
  const { host: here, port: agentPort } = agentHere(settings);
  const tls = await openPeerTls(settings);
  const round = createRounds(
    { me, here, agentPort, key, tls },
    { query: createQuery(settings, host), newId },
  );
  const display = how.json ? jsonDisplay(print) : openDisplay(env, print);
  if (how.watch) return follow(round, display, { clock, signal });
  const overview = overviewOf(await round(signal));
  if (overview.members.length === 0) throw new Failure(exitCode.unavailable, overview.verdict.text);
  display.show(overview);
}

/** How often members are looked at anew. */
const everyMs = 1000;

async function follow(
  round: Rounds,
  display: Display,
  { clock, signal }: Pick<StatusPorts, "clock" | "signal">,
): Promise<never> {
  display.begin();
  try {
    for (;;) {
      const startedMs = clock.now();
      display.show(overviewOf(await round(signal)));
      await clock.sleep(Math.max(0, startedMs + everyMs - clock.now()), signal);
    }
  } finally {
    display.end();
  }
}
