import { describe, expect, test } from "vitest";
import { createNeighbours } from "../../../src/agent/http/neighbours.js";
import { accepts } from "../../../src/agent/http/port.js";
import type { DrainStage } from "../../../src/agent/report.js";
import type { PeerSet } from "../../../src/peers/peer-set.js";
import {
  freePort,
  handMade,
  host,
  http,
  key,
  newId,
  serving,
  signal,
  stateOf,
} from "../members.js";
import { syncedReport } from "../reports.js";

function peersAt(...names: readonly string[]): PeerSet {
  const peers = names.map((name) => ({ name: `${name}.galera.db`, addresses: [host], ordinal: 0 }));
  return { peers, self: undefined, others: peers, fresh: true };
}

const two = peersAt("galera-1", "galera-2");

function reportOf(name: string, draining?: DrainStage) {
  return syncedReport({ state: stateOf(name), draining });
}

/** Asks for members' reports; Galera's port is open where `isOpen` says so. */
function asking(
  agentPort: number,
  {
    peers = () => two as PeerSet | undefined,
    isOpen = () => true as boolean,
    shared = key as string | undefined,
  } = {},
) {
  const tried: string[] = [];
  const neighbours = createNeighbours(
    { agentPort, key: shared },
    {
      newId,
      accepts: async (where, port) => {
        tried.push(`${where}:${port}`);
        return isOpen();
      },
    },
    peers,
  );
  return { tried, look: (...names: string[]) => neighbours(names, signal) };
}

test("what the agents say, each asked at its own address", async () => {
  const { port } = await serving({ report: async () => reportOf("galera-1", "leaving") }, { key });
  const { tried, look } = asking(port);
  const others = await look("galera-1");
  expect(others).toEqual(
    new Map([["galera-1", { kind: "answers", report: reportOf("galera-1", "leaving") }]]),
  );
  expect(tried).toEqual([]);
});

test("a server that its agent cannot ask: Galera's port decides", async () => {
  const report = { ...reportOf("galera-1"), server: undefined };
  const { port } = await serving({ report: async () => report }, { key });
  let isOpen = true;
  const { look } = asking(port, { isOpen: () => isOpen });
  expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "answers", report }]]));
  isOpen = false; // it has been killed, and its agent does not know that yet
  expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "gone" }]]));
});

describe("an agent that says nothing of use", () => {
  test.each<[string, () => Promise<number>]>([
    ["nobody listens", freePort],
    [
      "another member's",
      async () => (await serving({ report: async () => reportOf("galera-0") }, { key })).port,
    ],
    ["another key", async () => (await serving({ report: async () => reportOf("galera-1") })).port],
    [
      "a fault",
      async () =>
        (await serving({ report: () => Promise.reject(new Error("full")) }, { key })).port,
    ],
    ["no agent", async () => (await handMade((socket) => socket.end(http(200, "<html>")))).port],
    ["silence", async () => (await handMade(() => {})).port],
  ])("%s: mute where Galera's port is open, else gone", async (_, listening) => {
    let isOpen = true;
    const { tried, look } = asking(await listening(), { isOpen: () => isOpen });
    expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "mute", looks: 1 }]]));
    expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "mute", looks: 2 }]]));
    isOpen = false;
    expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "gone" }]]));
    isOpen = true;
    expect(await look("galera-1")).toEqual(new Map([["galera-1", { kind: "mute", looks: 1 }]]));
    expect(tried).toEqual(Array(4).fill(`${host}:4567`));
  });
});

test("an answer between two silences begins the count anew", async () => {
  let isSlow = false;
  const report = async () => {
    if (isSlow) throw new Error("a fault");
    return reportOf("galera-1");
  };
  const { port } = await serving({ report }, { key });
  const { look } = asking(port);
  for (const [slow, kind] of [
    [true, { kind: "mute", looks: 1 }],
    [true, { kind: "mute", looks: 2 }],
    [false, { kind: "answers" }],
    [true, { kind: "mute", looks: 1 }],
  ] as const) {
    isSlow = slow;
    expect((await look("galera-1")).get("galera-1")).toMatchObject(kind);
  }
});

test("a pod that DNS has forgotten is asked where it was last", async () => {
  let set: PeerSet | undefined = two;
  const { port } = await serving({ report: async () => reportOf("galera-1") }, { key });
  const { look } = asking(port, { peers: () => set });
  await look("galera-1");
  for (const after of [peersAt("galera-2"), undefined]) {
    set = after;
    expect((await look("galera-1")).get("galera-1")).toMatchObject({ kind: "answers" });
  }
  // Nobody is remembered whom the server does not count in any more.
  await look("galera-2");
  expect((await look("galera-1")).get("galera-1")).toEqual({ kind: "mute", looks: 1 });
});

test("where DNS has never named it, Galera's word stands: it is there", async () => {
  const { tried, look } = asking(1, { peers: () => undefined });
  expect((await look("galera-1")).get("galera-1")).toEqual({ kind: "mute", looks: 1 });
  expect(tried).toEqual([]);
});

test("all at once: one that is silent keeps nobody waiting for longer than itself", async () => {
  const { port } = await handMade(() => {});
  const { look } = asking(port);
  const startedMs = performance.now();
  const names = ["galera-1", "galera-2", "galera-3", "galera-4"];
  expect((await look(...names)).size).toBe(4);
  expect(performance.now() - startedMs).toBeLessThan(1900);
});

test("a signal ends it with its reason", async () => {
  const { port } = await handMade(() => {});
  const neighbours = createNeighbours({ agentPort: port, key }, { newId, accepts }, () => two);
  const reason = new Error("ended by SIGTERM");
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), 30);
  await expect(neighbours(["galera-1"], stop.signal)).rejects.toBe(reason);
});
