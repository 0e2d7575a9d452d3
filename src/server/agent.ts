/*
 * `galera-peers agent`: builds the agent from the settings, and once more after each SIGHUP.
 */
import { statSync } from "node:fs";
import { runAgent } from "../agent/agent.js";
import { participate } from "../agent/consult.js";
import { agentHere } from "../agent/http/here.js";
import { readAgentKey } from "../agent/http/key.js";
import { createNeighbours } from "../agent/http/neighbours.js";
import { openPeerTls } from "../agent/http/own-tls.js";
import { accepts } from "../agent/http/port.js";
import type { PeerTls } from "../agent/http/secure.js";
import { keepTls } from "../agent/keep-tls.js";
import { createMetrics, type Metrics } from "../agent/metrics/metrics.js";
import type { HooksDone } from "../agent/peers/hooks.js";
import { createPeersWatch } from "../agent/peers/peers-watch.js";
import { agentAccount } from "../agent/sql/account.js";
import { createServerSql } from "../agent/sql/sql.js";
import { transfersOf } from "../agent/transfer/processes.js";
import { prepareGaleraCnf } from "../cnf/prepare.js";
import { readServerOptions } from "../cnf/server-options.js";
import { writeIfChanged } from "../cnf/write.js";
import type { PeerSet } from "../peers/peer-set.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { signalProcess } from "../system/proc.js";
import type { RunProcess } from "../system/processes.js";
import { defaultsArgs, serverOption } from "./command.js";
import { galeraSettings } from "./galera-cnf.js";
import { defaultSocket } from "./places.js";
import { prepareDatadir, prepareStateDir, userName } from "./privileges.js";
import type { Member, Start } from "./start.js";

/** All that an agent is built from. */
export interface AgentStart {
  readonly start: Start;
  readonly member: Member;
  readonly settings: Settings;
  readonly log: Log;
}

export interface StartAgentPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly newId: () => string;
  readonly runProcess: RunProcess;
  /** Calls back at each SIGHUP. */
  readonly onHangup: (act: () => void) => void;
}

/** The reason of an agent's end that begins anew. */
class Reload extends Error {}

/**
 * Runs until a signal, or until `parent` has ended.
 *
 * @param load reads the settings and all files; what fails after a SIGHUP is said, and nothing changes
 */
export async function startAgent(
  load: () => AgentStart,
  parent: number | undefined,
  ports: StartAgentPorts,
): Promise<void> {
  const first = prepared(load, parent, ports);
  becomeServerUser(first.start);
  const metrics = createMetrics();
  const done: HooksDone = { hasStarted: false, key: undefined };
  let reload = new AbortController();
  ports.onHangup(() => reload.abort(new Reload()));
  let build = await first.open();
  for (;;) {
    const signal = AbortSignal.any([ports.signal, reload.signal]);
    try {
      signal.throwIfAborted();
      return await build.run(metrics, done, signal);
    } catch (error) {
      if (!(error instanceof Reload)) throw error;
    }
    reload = new AbortController(); // one that comes while all is read counts too
    try {
      build = await prepared(load, parent, ports).open();
      const fixed = ports.env.GALERA_AGENT_KEY ? "; the key is a variable, and stays" : "";
      build.log("info", `SIGHUP: settings and key were read again${fixed}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      build.log("error", `SIGHUP: everything stays as it was: ${error.message}`);
    }
  }
}

/** Reads everything, so that all that is wrong shows before anything is given up. */
function prepared(load: () => AgentStart, parent: number | undefined, ports: StartAgentPorts) {
  const { start, member, settings, log } = load();
  const { env, clock, newId } = ports;
  const { datadir, stateDir } = start;
  const { me, addressType } = member;
  const { onStart, onChange, poll = 1000, tlsDir: dir } = settings;
  const { host: address, port } = agentHere(settings);
  const key = readAgentKey(env);
  const args = start.argv.slice(1);
  const inFiles = readServerOptions({ args: defaultsArgs(args), env });
  const socket = serverOption(args, "socket") ?? inFiles("socket") ?? defaultSocket;
  const run = async (
    tls: PeerTls | undefined,
    metrics: Metrics,
    done: HooksDone,
    outer: AbortSignal,
  ) => {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const common = { ...ports, log, signal, accepts };
    const peers = createPeersWatch(
      { me, addressType, pollMs: poll, onStart, onChange, hookTimeoutMs: settings.hookTimeout },
      {
        ...{ ...common, look: member.look, recorder: metrics },
        keepCnf: (set) => keepCnf(set, member, settings, log),
      },
      done,
    );
    const { look, renew } = peers;
    // It reads its ledger once it has its port.
    const place = { name: me.name, stateDir, ledger: undefined, look, addressType };
    const host = settings.podIp?.[0];
    const sql = createServerSql({ socket, ...sqlAccount(key) }, clock);
    const running = runAgent(
      { name: me.name, datadir, stateDir, host, port, key, tls, parent, address },
      {
        ...{ ...common, peers, metrics, lookAnew: renew },
        participant: participate(place, settings, key, { ...ports, tls }),
        neighbours: createNeighbours(
          { agentPort: port, key, tls },
          { newId, accepts },
          () => peers.sight().set,
        ),
        sql,
        parentNow: () => process.ppid,
        end: signalProcess,
        transfersOf,
      },
    );
    const others = () => peers.sight().set?.others ?? [];
    const tasks =
      tls && dir
        ? keepTls({ tls, dir, cnf: member.cnf.cnf, port }, { sql, others, clock, log, signal })
        : [];
    try {
      await Promise.race([running, ...tasks]);
    } finally {
      stop.abort();
      await Promise.allSettled([running, ...tasks]);
    }
  };
  /** By the account that reads the certificates from now on; they stay where a SIGHUP finds no better. */
  const open = async () => ({ log, run: run.bind(undefined, await openPeerTls(settings)) });
  return { start, open };
}

/** Brings the galera.cnf that a start has written up to date; where there is none, none is made. */
function keepCnf(peers: PeerSet, member: Member, settings: Settings, log: Log): void {
  const galera = galeraSettings(peers, member, settings);
  if (typeof galera === "string") return;
  const { path, current, text } = prepareGaleraCnf(member.cnf, galera);
  if (current === undefined) return;
  if (writeIfChanged(path, text) === "written") log("info", `${path} written`);
}

/**
 * A sidecar that root has started gives root up, as the server does: both write beside the datadir. On
 * a new volume it may be there first.
 */
function becomeServerUser({ datadir, stateDir, account }: Start): void {
  if (process.getuid?.() !== 0) return;
  prepareDatadir(datadir, 0, account);
  if (stateDir !== datadir) prepareStateDir(stateDir, 0, account);
  const { uid, gid } = statSync(stateDir);
  if (uid === 0) return; // root's own
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** How this process gets in at the server; without a name or a key it is denied. */
function sqlAccount(key: string | undefined): { user: string; password?: string } {
  const uid = process.getuid?.() ?? 0;
  return agentAccount(userName(uid), key) ?? { user: `${uid}` };
}
