/* A lab of the campaign: begun, filled, waited for, and asked why it does not come back. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exchange } from "../../src/agent/http/exchange.js";
import { defaultAgentPort } from "../../src/agent/http/here.js";
import { defaultLab, type RunningLab, startLab } from "../../src/lab/lab.js";
import { createLabDirectory, removeLabDirectory } from "../../src/lab/leftovers.js";
import { oldWay } from "../../src/lab/old-way.js";
import type { Lab } from "../../src/lab/options.js";
import { controllerPaths, podName, podPaths } from "../../src/lab/pod.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { messageOf } from "../../src/system/failure.js";
import { type Era, replicas } from "./plan.js";
import { createRecords, type Records } from "./records.js";
import { schema } from "./schema.js";
import { withSession } from "./session.js";
import { type Watcher, watch } from "./watcher.js";

/** As the campaign's bundle lies in node_modules, and this file in test. */
const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));

export interface RunningEra extends Era {
  readonly place: Lab;
  readonly lab: RunningLab;
  readonly watcher: Watcher;
  readonly records: Records;
  /** The cluster's uuid, once there is one. */
  uuid: string | undefined;
}

export interface EraOptions extends Era {
  /** Where the lab's directory and the record of acknowledged rows go. */
  readonly parent: string;
  readonly number: number;
  readonly oldWay: boolean;
}

export const members = Array.from({ length: replicas }, (_, ordinal) => podName(ordinal));

/** Returns at once: no member is up yet. */
export async function startEra(options: EraOptions): Promise<RunningEra> {
  const { parent, number, policy, failover } = options;
  const place = { name: "chaos", dir: join(parent, `lab-${number}`) };
  createLabDirectory(place, 0);
  const way = options.oldWay ? oldWay : { settings: {} };
  const lab = await startLab(
    place,
    {
      ...{ ...defaultLab, replicas, policy, network: "namespaces", ...way },
      settings: { ...(failover === "fast" && { GALERA_FAILOVER: failover }), ...way.settings },
    },
    { clock, uid: 0, program, env: process.env, log: () => {} },
  );
  const records = createRecords(join(parent, `acknowledged-${number}`));
  return { policy, failover, place, lab, watcher: watch(place, lab), records, uuid: undefined };
}

export async function endEra({ watcher, lab, place }: RunningEra): Promise<void> {
  await watcher.end();
  await lab.abandon();
  removeLabDirectory(place);
}

/** Makes the tables, for all members to see; the cluster is whole. */
export async function fillEra({ place }: RunningEra): Promise<void> {
  const run = (member: string, statements: readonly string[]) =>
    withSession({ path: podPaths(place, member).socket }, 30_000, async (session) => {
      for (const statement of statements) await session.query(statement);
    });
  await run(podName(0), schema);
  const wait = ["SET SESSION wsrep_sync_wait = 15", "SELECT * FROM chaos.accounts"];
  await Promise.all(members.map((member) => run(member, wait)));
}

/** All members, and no others, are ready and one cluster's Synced. */
export function isWhole({ lab, watcher }: RunningEra): boolean {
  const { ready, members: pods } = lab.status();
  const views = watcher.latest()?.views ?? [];
  return (
    String([...ready].sort()) === String(members) &&
    pods.every((pod) => pod.phase === "Running" && pod.ready) &&
    String(views.map(({ member }) => member)) === String(members) &&
    new Set(views.map(({ uuid }) => uuid)).size === 1 &&
    new Set(views.map(({ component }) => component)).size === 1 &&
    views.every(({ primary, state, size }) => primary && state === "Synced" && size === replicas)
  );
}

/** What has just been deleted, or told to end, looks well for a moment. */
const steadyMs = 2000;

/** Waits until it is whole by itself, and stays so: since when; undefined if not within this time. */
export async function awaitWhole(era: RunningEra, limitMs: number): Promise<number | undefined> {
  const begunMs = clock.now();
  let sinceMs: number | undefined;
  for (;;) {
    const nowMs = clock.now();
    const isFresh = (era.watcher.latest()?.atMs ?? 0) >= begunMs;
    if (isFresh && isWhole(era)) sinceMs ??= nowMs;
    else sinceMs = undefined;
    if (sinceMs !== undefined && nowMs - sinceMs >= steadyMs) return sinceMs;
    if (sinceMs === undefined && nowMs - begunMs > limitMs) return undefined;
    await clock.sleep(100);
  }
}

/** For each member, why it is not there. */
export async function whyNotWhole({ lab, watcher }: RunningEra): Promise<readonly string[]> {
  const views = watcher.latest()?.views ?? [];
  return Promise.all(
    lab.status().members.map(async (member) => {
      const { name, phase, ready, why, ended, address } = member;
      const view = views.find((one) => one.member === name);
      const seen = view === undefined ? "its server does not answer" : JSON.stringify(view);
      const readiness = ready ? "ready" : `not ready: ${why ?? ended}`;
      const state = address === null || member.agent === null ? [] : [await askState(address)];
      return [`${name}: ${phase}, ${readiness}`, seen, ...state].join("; ");
    }),
  );
}

async function askState(host: string): Promise<string> {
  const { signal } = new AbortController();
  try {
    const reply = await exchange({
      ...{
        host,
        port: defaultAgentPort,
        method: "GET",
        path: "/v1/state",
        timeoutMs: 2000,
        signal,
      },
    });
    return reply.kind === "reply" ? reply.body : `its agent: ${reply.why}`;
  } catch (error) {
    return `its agent: ${messageOf(error)}`;
  }
}

/** Copies what tells of the lab's past: logs, events, and what members know of their cluster. */
export function keepLogs({ place }: RunningEra, into: string): void {
  const keep = (from: string, name: string) => {
    if (existsSync(from)) copyFileSync(from, join(into, name));
  };
  const paths = controllerPaths(place);
  keep(paths.events, "events.jsonl");
  keep(paths.log, "controller.log");
  for (const member of [...members, podName(3), podName(4)]) {
    const pod = podPaths(place, member);
    keep(pod.log, `${member}.log`);
    keep(pod.agentLog, `${member}.agent.log`);
    for (const file of ["galera-peers.ledger.log", "galera-peers.view.log", "grastate.dat"]) {
      keep(join(pod.datadir, file), `${member}.${file}`);
    }
  }
}
