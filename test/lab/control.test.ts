import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { askMember, askStatus, callController, serveControl } from "../../src/lab/control.js";
import type { Controller } from "../../src/lab/controller.js";
import { created } from "../../src/lab/statefulset.js";
import { type LabStatus, memberStatuses } from "../../src/lab/status.js";

const { signal } = new AbortController();
const pods = [created(0, 1, 100, 0)];
const status: LabStatus = {
  ...{ name: "lab", dir: "/d", service: "s", dns: "d", replicas: 2 },
  members: memberStatuses(pods, 2, 7),
};
const controller = {
  replicas: () => 2,
  pods: () => pods,
  signal: vi.fn((ordinal: number) => ordinal === 0),
  delete: vi.fn((ordinal: number) => ordinal === 0),
  down: vi.fn(),
  run: async () => {},
} satisfies Controller;

let dir: string;
let socket: string;
let server: Server | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-"));
  socket = join(dir, "s");
});
afterEach(() => {
  server?.close();
  rmSync(dir, { recursive: true });
});

test("status, kill, delete and down reach the controller", async () => {
  server = await serveControl(socket, controller, () => status);
  expect(await askStatus(socket, signal)).toEqual(status);
  const path = "/galera-0/kill?signal=SIGKILL";
  expect(await askMember(socket, path, signal)).toMatchObject({ name: "galera-0", pid: 100 });
  expect(controller.signal).toHaveBeenCalledWith(0, "SIGKILL");
  await askMember(socket, "/galera-0/delete?disk=true", signal);
  expect(controller.delete).toHaveBeenCalledWith(0, true);
  await callController(socket, "POST", "/down", signal);
  expect(controller.down).toHaveBeenCalledOnce();
});

test("what cannot be done is said", async () => {
  server = await serveControl(socket, controller, () => status);
  const ask = (path: string) => askMember(socket, path, signal);
  await expect(ask("/galera-7/kill")).rejects.toMatchObject({
    exitCode: 64,
    message: "no member galera-7 (there is: galera-0, galera-1)",
  });
  await expect(ask("/galera-1/kill?signal=SIGKILL")).rejects.toMatchObject({
    exitCode: 69,
    message: "galera-1 has no process now: it is Pending",
  });
  await expect(ask("/galera-1/delete")).rejects.toMatchObject({ exitCode: 69 });
  await expect(ask("/galera-0/frobnicate")).rejects.toMatchObject({ exitCode: 64 });
});

test("without a controller there is no status", async () => {
  expect(await askStatus(socket, signal)).toBeUndefined();
  writeFileSync(socket, "");
  expect(await askStatus(socket, signal)).toBeUndefined();
});

test("a controller that answers garbage, and a signal while it does not answer", async () => {
  server = createServer((_, response) => response.end("garbage")).listen(socket);
  await expect(askStatus(socket, signal)).rejects.toMatchObject({ exitCode: 69 });
  server.close();
  server.closeAllConnections();
  const silent = join(dir, "silent");
  server = createServer(() => {}).listen(silent);
  await expect(askStatus(silent, AbortSignal.timeout(50))).rejects.toThrow("timeout");
  server.closeAllConnections();
});
