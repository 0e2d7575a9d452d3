import { beforeEach, onTestFinished } from "vitest";
import { runAgent } from "../../src/agent/agent.js";
import { askState } from "../../src/agent/http/ask.js";
import { createContact } from "../../src/agent/http/contact.js";
import { createLocalAgent } from "../../src/agent/http/local.js";
import { accepts } from "../../src/agent/http/port.js";
import { createMetrics } from "../../src/agent/metrics/metrics.js";
import type { PeersWatch } from "../../src/agent/peers/peers-watch.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { Ledger } from "../../src/bootstrap/ledger.js";
import type { Phase } from "../../src/bootstrap/member.js";
import { createParticipant } from "../../src/bootstrap/participant.js";
import { saveLedger, saveTold, type Told } from "../../src/bootstrap/store.js";
import type { WsrepStatus } from "../../src/galera/wsrep-status.js";
import { ordinalOf } from "../../src/peers/identity.js";
import { type TestClock, testClock } from "../system/test-clock.js";
import { collect, freePort, newId, passing, scratch, signal, synced, uuid } from "./members.js";

export const empty: Evidence = { kind: "empty" };
export const founding = { epoch: 1, id: "00ff00ff00ff00ff", seqno: -1n };

export function ledgerOf(...members: string[]): Ledger {
  const view = { number: 3, members };
  return { uuid, foundings: [founding], view, joining: undefined, discarded: [] };
}

/** What a server tells in a component of these members. */
export function toldOf(primary: boolean, number: number, ...members: string[]): Told {
  const view = { number, members };
  return {
    status: primary ? "synced" : "connected",
    current: { primary, view },
    primary: primary ? { uuid, view, synced: true } : undefined,
  };
}

/** DNS and the members' servers, as all agents of a test see them. */
interface World {
  readonly clock: TestClock;
  /** By name; whom DNS names. */
  readonly addresses: Map<string, string>;
  /** Where Galera's port is open. */
  readonly servers: Set<string>;
}

/** Another one for each test. */
export let world: World;
beforeEach(() => {
  world = { clock: testClock(), addresses: new Map(), servers: new Set() };
});

interface MemberOptions {
  readonly ledger?: Ledger;
  readonly parent?: number;
  readonly port?: number;
  readonly address?: string;
  readonly shared?: string;
}

/** The agent of a pod, with all that it is told in memory but its files and its sockets. */
export async function member(name: string, options: MemberOptions = {}) {
  const { clock, addresses, servers } = world;
  const { ledger, parent, shared } = options;
  const { address = `127.0.50.${11 + (ordinalOf(name) ?? 0)}` } = options;
  const port = options.port ?? (await freePort());
  const stateDir = scratch();
  if (ledger !== undefined) saveLedger(stateDir, ledger);
  addresses.set(name, address);
  const { log, lines } = collect();
  const pod = {
    parent,
    seqno: 41n as bigint | undefined,
    /** What its server says otherwise than one that is Synced. */
    server: {} as Partial<WsrepStatus>,
    /** What its server says to pc.bootstrap and SHUTDOWN, if not yes. */
    refusal: undefined as string | undefined,
    shutdowns: 0,
    signals: [] as string[],
  };
  const asked: number[] = [];
  const stop = new AbortController();
  const participant = createParticipant(
    {
      ...{ name, ledger, incarnation: newId(), mode: "safe", replicas: undefined },
      ...{ force: undefined, discard: undefined, addressType: "dns" },
    },
    {
      ...{ clock, newId },
      look: async () => {
        const peers = [...addresses].map(([one, where]) => ({
          ...{ name: `${one}.galera.db`, ordinal: ordinalOf(one), addresses: [where] },
        }));
        const isMe = (peer: { name: string }) => peer.name === `${name}.galera.db`;
        const set = { peers, self: peers.find(isMe), others: peers.filter((peer) => !isMe(peer)) };
        return { kind: "peers", set: { ...set, fresh: true }, ttlS: 5 };
      },
      save: (next) => saveLedger(stateDir, next),
      contact: createContact(
        { agentPort: port, key: shared },
        { clock, newId, accepts: async (where) => servers.has(where) },
      ),
    },
  );
  const end = { done: false, reason: undefined as unknown };
  const ended = runAgent(
    { name, datadir: stateDir, stateDir, host: address, port, key: shared, parent, address },
    {
      ...{ participant, clock, log, signal: stop.signal, parentNow: () => pod.parent ?? 1 },
      ...{ peers: noPeers(clock), lookAnew: () => {}, metrics: createMetrics() },
      neighbours: async () => new Map(),
      end: (pid, signal) => void pod.signals.push(`${signal} ${pid}`),
      transfersOf: () => [],
      accepts: async (where) => servers.has(where),
      sql: {
        isConnected: () => true,
        status: async () =>
          pod.seqno === undefined || !servers.has(address)
            ? { kind: "silent", why: "no such file" }
            : { kind: "status", status: { ...synced, ...pod.server, lastCommitted: pod.seqno } },
        bootstrap: async () => {
          asked.push(clock.now());
          if (pod.refusal !== undefined) throw new Error(pod.refusal);
        },
        shutdown: async () => {
          if (pod.refusal !== undefined) throw new Error(pod.refusal);
          pod.shutdowns += 1;
        },
        reloadTls: async () => {},
        close: async () => {},
      },
    },
  ).then(
    () => Object.assign(end, { done: true }),
    (reason) => Object.assign(end, { done: true, reason }),
  );
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await ended;
  });
  const local = createLocalAgent({ host: address, port, key: shared });
  const state = async () => {
    const nonce = newId();
    const answer = await askState({ name, address, port, key: shared, nonce, signal });
    if (answer.kind === "told") return answer.told;
    throw new Error(answer.what);
  };
  await passing(clock, () => end.done || accepts(address, port, signal), 0);
  return {
    ...{ name, address, port, stateDir, lines, pod, asked, stop, end, state, local },
    /** `run` begins a start. */
    start: (evidence: Evidence) => local.start(evidence, signal),
    decision: async () => {
      const ordered = await local.decision(signal);
      if ("state" in ordered) throw new Error(ordered.why);
      return ordered;
    },
    /** The server's port is open. */
    up: () => servers.add(address),
    down: () => servers.delete(address),
    tell: (told: Told) => saveTold(stateDir, told),
    reaches: (phase: Partial<Phase>) =>
      passing(clock, async () => {
        const now: Phase = (await state()).phase;
        return JSON.stringify({ ...now, ...phase }, bigints) === JSON.stringify(now, bigints);
      }),
  };
}

/** A watch of the peers that sees none. */
function noPeers(clock: TestClock): PeersWatch {
  return {
    sight: () => ({ set: undefined, answeredMs: undefined, problem: undefined }),
    run: async (signal) => {
      for (;;) await clock.sleep(60_000, signal);
    },
  };
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

/** A founder in a primary component. */
export async function founder(options: MemberOptions = {}) {
  const pod = await member("galera-0", options);
  await pod.start(empty);
  await passing(world.clock, async () => (await pod.decision()).action === "found");
  pod.up();
  pod.tell(toldOf(true, 1, "galera-0"));
  await pod.reaches({ kind: "running", primary: true });
  return pod;
}
