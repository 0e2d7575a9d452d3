import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Handlers, type ListenOptions, serve } from "../../src/agent/http/server.js";
import { begun, type MemberState } from "../../src/bootstrap/member.js";
import type { WsrepStatus } from "../../src/galera/wsrep-status.js";
import { systemClock } from "../../src/system/clock.js";
import type { Log } from "../../src/system/log.js";
import type { TestClock } from "../system/test-clock.js";

export const key = "a key that the members share";
export const uuid = "8b1f9d4e-0000-4000-8000-000000000001";
export const host = "127.0.50.1";

/** A signal that never comes. */
export const { signal } = new AbortController();

export function stateOf(name: string, rest: Partial<MemberState> = {}): MemberState {
  return { ...begun(name, `agent-of-${name}`, undefined), ...rest };
}

/** What a server says that is Synced in the primary component of three. */
export const synced: WsrepStatus = {
  ...{ ready: true, primary: true, state: 4, comment: "Synced", clusterSize: 3 },
  ...{ lastCommitted: 41n, pausedNs: 0n, receiveQueue: 0, sendQueue: 0 },
  ...{ desync: false, rejects: false, backup: true },
};

/** A directory that is gone after the test. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "agent-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What was logged, a line each: `info: …`. */
export function collect(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: (level, message) => lines.push(`${level}: ${message}`), lines };
}

/** Lets a clock's time pass, and real sockets have theirs, until something is so. */
export async function passing(clock: TestClock, isSo: () => unknown, stepMs = 100): Promise<void> {
  const deadline = performance.now() + 4000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${clock.now()} ms`);
    await clock.advance(stepMs);
    await systemClock.sleep(1);
  }
}

/** An id that nobody else makes. */
export const newId = () => Math.random().toString(16).slice(2).padEnd(16, "0").slice(0, 16);

/** An agent with nothing to do. */
export const idleHandlers: Handlers = {
  state: async () => stateOf("galera-1"),
  report: async () => ({}),
  health: async () => ({ ok: true, why: "nothing to do" }),
  metrics: async () => ({ contentType: "text/plain", body: "" }),
  about: () => ({ name: "galera-0", parent: undefined }),
  ended: () => {},
  start: () => {},
  decision: () => ({ action: "wait", why: "DNS", discard: false }),
  drain: () => ({ state: "drained", why: "nothing to do" }),
};

/** The agent's server on a port of its own, until the test's end. */
export async function serving(
  handlers: Partial<Handlers> = {},
  options: Partial<ListenOptions> = {},
) {
  const faults: string[] = [];
  const server = await serve(
    { ...idleHandlers, ...handlers },
    { host, port: 0, key: undefined, signal, ...options },
    { clock: systemClock, fault: (what) => faults.push(what), isAwaited: async () => false },
  );
  const port = portOf(server.address());
  const close = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  onTestFinished(() => void close());
  return { port, faults, close };
}

/** A server that does with a connection what a test says; what came in is kept. */
export async function handMade(behaviour: (socket: Socket, received: string) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = "";
    socket.on("error", () => {}); // the asker may hang up whenever it likes
    socket.on("data", (bytes) => {
      received += bytes;
      behaviour(socket, received);
    });
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server.address()), sockets };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const port = portOf(server.address());
  await new Promise((closed) => server.close(closed));
  return port;
}

export function http(status: number, body: string, headers: Readonly<Record<string, string>> = {}) {
  const lines = Object.entries({ ...headers, "content-length": `${Buffer.byteLength(body)}` });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} OK\r\n${head}\r\n${body}`;
}

export function portOf(address: unknown): number {
  return (address as { port: number }).port;
}
