import { statSync } from "node:fs";
import { userInfo } from "node:os";
import { runAgent } from "../agent/agent.js";
import { defaultAgentPort, participate } from "../agent/consult.js";
import { readAgentKey } from "../agent/key.js";
import { accepts } from "../agent/port.js";
import { createServerSql } from "../agent/sql.js";
import { readServerOptions } from "../cnf/server-options.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { defaultsArgs, serverOption } from "./command.js";
import type { Member, Start } from "./start.js";

export interface StartAgentPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly newId: () => string;
}

/** Where Debian's and the official image's servers have their socket. */
const defaultSocket = "/run/mysqld/mysqld.sock";

/** `galera-peers agent`: runs until a signal, or until `parent` has ended. */
export async function startAgent(
  { argv, stateDir, ledger }: Start,
  { me: { name }, look, addressType }: Member,
  settings: Settings,
  parent: number | undefined,
  ports: StartAgentPorts,
): Promise<void> {
  const { env } = ports;
  const { podIp, agentPort: port = defaultAgentPort } = settings;
  const key = readAgentKey(env);
  const args = argv.slice(1);
  const inFiles = readServerOptions({ args: defaultsArgs(args), env });
  const socket = serverOption(args, "socket") ?? inFiles("socket") ?? defaultSocket;
  const [host] = podIp ?? [];
  becomeOwner(stateDir);
  await runAgent(
    { name, stateDir, host, port, key, parent, address: host ?? "127.0.0.1" },
    {
      ...ports,
      accepts,
      participant: participate({ name, stateDir, ledger, look, addressType }, settings, key, ports),
      sql: createServerSql({ socket, user: accountName() }),
      parentNow: () => process.ppid,
      terminate: (pid) => void process.kill(pid, "SIGTERM"),
    },
  );
}

/** A sidecar that root has started gives root up, as the server does: both write beside the datadir. */
function becomeOwner(stateDir: string): void {
  const owner = statSync(stateDir, { throwIfNoEntry: false });
  if (process.getuid?.() !== 0 || owner === undefined || owner.uid === 0) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}

/** The account of this process: a UID that has no name has no way in. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `${process.getuid?.()}`;
  }
}
