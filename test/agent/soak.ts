/*
 * An agent's day in minutes: the real agent on a clock that only passes when everything is still, over
 * real sockets to a fake DNS, a fake server and one other member. Things go wrong on the way, in turn.
 */
import { getEventListeners } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { askState } from "../../src/agent/http/ask.js";
import { createLocalAgent } from "../../src/agent/http/local.js";
import { serve } from "../../src/agent/http/server.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import { begun } from "../../src/bootstrap/member.js";
import { saveTold } from "../../src/bootstrap/store.js";
import { createClient } from "../../src/dns/client.js";
import { startFakeDns } from "../../src/lab/fake-dns/server.js";
import { startAgent } from "../../src/server/agent.js";
import { readCommand } from "../../src/server/command.js";
import { gather } from "../../src/server/start.js";
import { readSettings } from "../../src/settings.js";
import { systemClock } from "../../src/system/clock.js";
import { readHost } from "../../src/system/host.js";
import { runProcess } from "../../src/system/processes.js";
import { heapMiB } from "../system/heap.js";
import { soakClock } from "./soak-clock.js";
import { startFakeSql } from "./sql/fake-sql.js";

const galeraPort = 4567;
const key = "a key that the members share";
const uuid = "8b1f9d4e-0000-4000-8000-000000000001";
const founding = { epoch: 1, id: "00ff00ff00ff00ff", seqno: -1n };

/** What must not grow. */
export interface Usage {
  readonly polls: number;
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  /** The most on any one signal, since this was asked last. */
  readonly listeners: number;
  readonly sleepers: number;
  /** Sockets, timers, processes and requests that keep the event loop alive. */
  readonly active: number;
}

export type Soak = Awaited<ReturnType<typeof startSoak>>;

/**
 * @param block the members are on 127.0.block.11 and 12, which a soak has for itself
 * @param agentPort one that is free on both
 */
export async function startSoak(block: number, agentPort: number) {
  const host = `127.0.${block}.11`;
  const neighbour = `127.0.${block}.12`;
  const clock = soakClock();
  const dir = mkdtempSync(join(tmpdir(), "soak-"));
  const path = (name: string) => join(dir, name);
  writeFileSync(path("my.cnf"), `[mariadbd]\n!include ${path("galera.cnf")}\n`);
  const members = [
    { name: "galera-0", addresses: [host] },
    { name: "galera-1", addresses: [neighbour] },
  ];
  const dns = await startFakeDns({ clock: systemClock, log: () => {}, members });
  const sql = await startFakeSql(path("sock"), serverSays);
  let view = 1;
  const running = () => ({ number: view, members: ["galera-0", "galera-1"] });
  const other = await serve(
    {
      ...unasked,
      state: async () => ({
        ...begun("galera-1", "agent-of-galera-1", {
          ...{ uuid, foundings: [founding], view: running(), joining: undefined, discarded: [] },
        }),
        phase: { kind: "running", primary: true, status: "synced", view: running(), seqno: 41n },
      }),
    },
    { host: neighbour, port: agentPort, key, signal: new AbortController().signal },
    { clock: systemClock, fault: () => {}, isAwaited: async () => false },
  );

  const stop = new AbortController();
  const listeners = countListeners();
  let hangup = () => {};
  let ids = 0;
  const env = {
    ...{ GALERA_SERVICE: "galera", POD_NAMESPACE: "galera", GALERA_HOSTNAME: "galera-0" },
    ...{ POD_IP: host, GALERA_AGENT_PORT: `${agentPort}`, GALERA_AGENT_KEY: key },
    ...{ GALERA_CNF: path("galera.cnf"), GALERA_ON_CHANGE: "cat >/dev/null" },
  };
  const words = ["mariadbd", `--defaults-file=${path("my.cnf")}`, `--datadir=${dir}`];
  words.push(`--user=${userInfo().username}`); // this process stays who it is
  const load = () => {
    const settings = readSettings({}, env);
    const command = readCommand([...words, `--socket=${path("sock")}`]);
    if (command.kind !== "server") throw new Error("no server's command line");
    const { signal } = stop;
    const start = gather(command, settings, {
      ...{ env, signal, host: readHost(() => {}) },
      createQuery: () =>
        createClient({
          ...{ servers: [{ host: dns.host, port: dns.port }], tryMs: 1000, overallMs: 10_000 },
          ...{ attempts: 2, rotate: false, tcp: false, clock },
          randomId: () => Math.floor(Math.random() * 65_536),
        }),
    });
    if (start.member === undefined) throw new Error("no member");
    return { start, member: start.member, settings, log: () => {} };
  };
  const ended = startAgent(load, undefined, {
    ...{ env, clock, signal: stop.signal, runProcess },
    newId: () => (ids++).toString(16).padStart(16, "0"),
    onHangup: (act) => {
      hangup = act;
    },
  }).catch((reason: unknown) => reason);

  const agent = createLocalAgent({ host, port: agentPort, key });
  let galera: Server | undefined;
  const { signal } = stop;

  /** The server ends, and another one joins in its place. */
  const restart = async () => {
    galera?.close();
    sql.cut();
    await clock.advance(3000);
    await agent.ended(signal);
    await agent.start(position, signal);
    await passUntil(async () => {
      const ordered = await agent.decision(signal);
      return "action" in ordered && ordered.action === "join";
    });
    galera = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => galera?.listen(galeraPort, host, listening));
    view += 1;
    const current = { primary: true, view: running() };
    saveTold(dir, {
      ...{ status: "synced", current, primary: { uuid, view: running(), synced: true } },
    });
    await passUntil(async () => (await phase()) === "running");
  };

  const passUntil = async (isSo: () => Promise<boolean>) => {
    for (let pass = 0; !(await isSo()); pass += 1) {
      if (pass > 1000) throw new Error(`not within ${pass} s`);
      await clock.advance(1000);
      await systemClock.sleep(5); // hooks are processes, and take real time
    }
  };

  const state = async () => {
    const nonce = `${ids++}`;
    const of = { name: "galera-0", address: host, port: agentPort, key, nonce, signal };
    const answer = await askState(of);
    return answer.kind === "told" ? answer.told : undefined;
  };
  const phase = async () => (await state())?.phase.kind;

  /** The agent begins anew in the same process, once its hook has ended. */
  const reload = async () => {
    const before = (await state())?.incarnation;
    hangup();
    await passUntil(async () => ![before, undefined].includes((await state())?.incarnation));
  };

  const requested = (target: string) =>
    new Promise<number>((resolve, reject) => {
      get({ host, port: agentPort, path: target, agent: false }, (reply) => {
        reply.resume().on("end", () => resolve(reply.statusCode ?? 0));
      }).on("error", reject);
    });

  /** What happens in a second of the day, besides the polls. */
  const happenings: readonly { everyS: number; atS: number; what: () => unknown }[] = [
    { everyS: 5, atS: 1, what: phase },
    { everyS: 5, atS: 2, what: () => requested("/livez") },
    { everyS: 5, atS: 3, what: () => requested("/readyz") },
    { everyS: 15, atS: 4, what: () => requested("/metrics") },
    { everyS: 30, atS: 6, what: () => requested("/nowhere") },
    { everyS: 120, atS: 20, what: () => dns.setFaults({ servfail: true }) },
    { everyS: 120, atS: 25, what: () => dns.setFaults({ truncate: true }) },
    { everyS: 120, atS: 30, what: () => dns.setFaults({ drop: 1 }) },
    { everyS: 120, atS: 40, what: () => dns.setFaults({}) },
    { everyS: 200, atS: 50, what: () => dns.setMembers([...members, joiner]) },
    { everyS: 200, atS: 150, what: () => dns.setMembers(members) },
    { everyS: 60, atS: 55, what: sql.cut },
    { everyS: 300, atS: 290, what: restart },
    { everyS: 50_000, atS: 700, what: reload },
  ];

  await clock.advance(1000);
  await restart();
  let seconds = 0;
  return {
    /** Seconds of the agent's clock, each with its poll. */
    pass: async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        seconds += 1;
        for (const { everyS, atS, what } of happenings) if (seconds % everyS === atS) await what();
        await clock.advance(1000);
      }
    },
    /** As it is when nothing is under way. */
    usage: async (): Promise<Usage> => {
      dns.setFaults({});
      await clock.advance(3000);
      await systemClock.sleep(100);
      return {
        polls: dns.queries(),
        heapMiB: heapMiB(),
        rssMiB: process.memoryUsage.rss() / 2 ** 20,
        descriptors: readdirSync("/proc/self/fd").length,
        listeners: listeners.most(),
        sleepers: clock.sleepers(),
        active: process.getActiveResourcesInfo().length,
      };
    },
    agentS: () => clock.now() / 1000,
    connections: sql.connections,
    phase,
    close: async () => {
      stop.abort(new Error("the day is over"));
      await ended;
      galera?.close();
      sql.close();
      other.close();
      other.closeAllConnections();
      await dns.close();
      listeners.end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Whoever listens on a signal that lives long, and does not end, is one more at each poll. */
function countListeners() {
  const { addEventListener } = EventTarget.prototype;
  let most = 0;
  EventTarget.prototype.addEventListener = function add(this: EventTarget, ...given) {
    addEventListener.apply(this, given);
    if (this instanceof AbortSignal) most = Math.max(most, getEventListeners(this, "abort").length);
  };
  return {
    most: () => {
      const counted = most;
      most = 0;
      return counted;
    },
    end: () => {
      EventTarget.prototype.addEventListener = addEventListener;
    },
  };
}

const joiner = { name: "galera-2", addresses: ["127.0.77.13"] };
const position: Evidence = {
  ...{ kind: "position", uuid, seqno: 41n, safeToBootstrap: false, certain: true },
};

/** Of the other member only its state is asked. */
const unasked = {
  report: async () => ({}),
  health: async () => ({ ok: true, why: "" }),
  metrics: async () => ({ contentType: "text/plain", body: "" }),
  about: () => ({}),
  ended: () => {},
  start: () => {},
  decision: () => ({}),
  drain: () => ({}),
};

const serverSays: Readonly<Record<string, string>> = {
  ...{ wsrep_ready: "ON", wsrep_cluster_status: "Primary", wsrep_local_state: "4" },
  ...{ wsrep_local_state_comment: "Synced", wsrep_cluster_size: "2", wsrep_last_committed: "41" },
  ...{ wsrep_flow_control_paused_ns: "0", wsrep_local_recv_queue: "0" },
  ...{ wsrep_local_send_queue: "0", wsrep_desync: "OFF", wsrep_reject_queries: "NONE" },
  wsrep_sst_method: "rsync",
};
