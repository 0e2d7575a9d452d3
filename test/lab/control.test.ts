import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { askDown, askStatus, giveOrder, serveControl } from "../../src/lab/control.js";
import type { Order } from "../../src/lab/orders.js";
import type { LabStatus } from "../../src/lab/status.js";
import { Failure } from "../../src/system/failure.js";

const { signal } = new AbortController();
const status = { name: "lab", dir: "/d", replicas: 2 } as LabStatus;
const lab = { status: () => status, perform: vi.fn(async (_: Order) => {}), down: vi.fn() };
const order: Order = { kind: "pause", members: [0, 1] };

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

test("status, orders and down reach the lab", async () => {
  server = await serveControl(socket, lab);
  expect(await askStatus(socket, signal)).toEqual(status);
  expect(await giveOrder(socket, order, signal)).toEqual(status);
  expect(lab.perform).toHaveBeenCalledExactlyOnceWith(order);
  expect(await askDown(socket, signal)).toEqual(status);
  expect(lab.down).toHaveBeenCalledOnce();
});

test("what cannot be done is said, with its exit code", async () => {
  lab.perform.mockRejectedValueOnce(new Failure(69, "galera-1 is not created yet"));
  server = await serveControl(socket, lab);
  await expect(giveOrder(socket, order, signal)).rejects.toMatchObject({
    exitCode: 69,
    message: "galera-1 is not created yet",
  });
  lab.perform.mockRejectedValueOnce(new TypeError("oops"));
  await expect(giveOrder(socket, order, signal)).rejects.toMatchObject({ exitCode: 70 });
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
