import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createServerSql, type ServerSql, type SqlOptions } from "../../../src/agent/sql/sql.js";
import { systemClock } from "../../../src/system/clock.js";
import { type TestClock, testClock } from "../../system/test-clock.js";
import { passing, scratch } from "../members.js";

/** A packet of the client/server protocol. */
function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

function failure(sequence: number, errno: number, state: string, message: string): Buffer {
  const number = Buffer.from([errno & 255, errno >> 8]);
  return packet(
    sequence,
    Buffer.concat([Buffer.from([255]), number, Buffer.from(`#${state}${message}`)]),
  );
}

const greeting = packet(
  0,
  Buffer.concat([
    Buffer.from("\x0a5.5.5-10.11.19-MariaDB\0", "latin1"),
    Buffer.from([7, 0, 0, 0]), // the connection's number
    Buffer.from("saltsalt\0"),
    Buffer.from([0xfe, 0xf7, 33, 2, 0, 0xff, 0x81, 21]),
    Buffer.alloc(10),
    Buffer.from("saltsaltsalt\0mysql_native_password\0"),
  ]),
);
const denial = "Access denied for user 'mysql'@'localhost'";

/** A server on a Unix socket that does with each connection what a test says. */
async function fakeServer(accept: (socket: Socket) => void) {
  const path = join(scratch(), "sock");
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {}); // the asker may hang up whenever it likes
    accept(socket);
    socket.resume();
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { path, open, count: () => count };
}

function ask(socket: string, clock = testClock(), rest: Partial<SqlOptions> = {}) {
  const sql = createServerSql({ socket, user: "mysql", ...rest }, clock);
  onTestFinished(() => within(clock, sql.close()));
  return { clock, sql };
}

/** What a promise comes to while the clock runs. */
async function within<T>(clock: TestClock, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  promise.then(done, done);
  await passing(clock, () => isDone);
  return promise;
}

async function statuses(sql: ServerSql, clock: TestClock, times: number) {
  const answers: unknown[] = [];
  for (let turn = 0; turn < times; turn += 1) answers.push(await within(clock, sql.status()));
  return answers;
}

describe("a server that", () => {
  test.each<[string, (socket: Socket) => void, object]>([
    ["accepts and never answers", () => {}, { kind: "silent", why: "no answer within 400 ms" }],
    [
      "greets and never answers",
      (socket) => socket.write(greeting),
      { kind: "silent", why: "no answer within 400 ms" },
    ],
    [
      "hangs up",
      (socket) => socket.destroy(),
      { kind: "silent", why: "socket has unexpectedly been closed" },
    ],
    [
      "hangs up after its greeting",
      (socket) => socket.end(greeting),
      { kind: "silent", why: "socket has unexpectedly been closed" },
    ],
    [
      "has too many connections",
      (socket) => socket.end(failure(0, 1040, "08004", "Too many connections")),
      { kind: "refuses", why: "Too many connections" },
    ],
    [
      "is about to end",
      (socket) => {
        socket.write(greeting);
        socket.once("data", () =>
          socket.end(failure(2, 1053, "08S01", "Server shutdown in progress")),
        );
      },
      { kind: "refuses", why: "Server shutdown in progress" },
    ],
  ])("%s: the same words each time, and a connection each", async (_, accept, answer) => {
    const server = await fakeServer(accept);
    const { sql, clock } = ask(server.path);
    expect(await statuses(sql, clock, 3)).toEqual([answer, answer, answer]);
    expect(server.count()).toBe(3);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test("denies the account is asked twice a minute: each time is a warning in its log", async () => {
    const server = await fakeServer((socket) => {
      socket.write(greeting);
      socket.once("data", () => socket.end(failure(2, 1045, "28000", denial)));
    });
    const { sql, clock } = ask(server.path);
    const refusal = { kind: "refuses", why: denial, denied: true };
    expect(await statuses(sql, clock, 5)).toEqual(Array(5).fill(refusal));
    expect(server.count()).toBe(1);
    await clock.advance(30_000);
    expect(await statuses(sql, clock, 5)).toEqual(Array(5).fill(refusal));
    expect(server.count()).toBe(2);
  });

  test("speaks another protocol", async () => {
    const server = await fakeServer((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const { sql, clock } = ask(server.path);
    const [first, second] = await statuses(sql, clock, 2);
    expect(first).toMatchObject({ kind: "silent" });
    expect(second).toEqual(first);
  });

  test("is not there", async () => {
    const directory = scratch();
    const { sql, clock } = ask(join(directory, "none"));
    const nobody = { kind: "silent", why: `connect ENOENT ${join(directory, "none")}` };
    expect(await statuses(sql, clock, 2)).toEqual([nobody, nobody]);
  });

  test("has left its socket behind", async () => {
    const path = join(scratch(), "sock");
    writeFileSync(path, "");
    const { sql, clock } = ask(path);
    const nobody = { kind: "silent", why: `connect ECONNREFUSED ${path}` };
    expect(await statuses(sql, clock, 2)).toEqual([nobody, nobody]);
  });
});

describe("an order", () => {
  const orders = [
    ["pc.bootstrap", (sql: ServerSql) => sql.bootstrap()],
    ["SHUTDOWN", (sql: ServerSql) => sql.shutdown()],
    ["reload of TLS", (sql: ServerSql) => sql.reloadTls()],
  ] as const;

  test.each(orders)("%s that is not answered fails, and says where", async (_, order) => {
    const server = await fakeServer(() => {});
    const { sql, clock } = ask(server.path);
    const failed = await within(
      clock,
      order(sql).catch((error: Error) => error.message),
    );
    expect(failed).toBe(`mysql on ${server.path}: no answer within 2000 ms`);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test.each(orders)("%s that is denied shows no password", async (_, order) => {
    const server = await fakeServer((socket) => {
      socket.write(greeting);
      socket.once("data", () => socket.end(failure(2, 1045, "28000", denial)));
    });
    const { sql, clock } = ask(server.path, testClock(), { password: "geheim-Aa1" });
    const error = await within(
      clock,
      order(sql).catch((thrown: Error) => thrown),
    );
    expect(error).toMatchObject({ message: `mysql on ${server.path}: ${denial}` });
    expect(`${JSON.stringify(error)}${(error as Error).stack}`).not.toContain("geheim");
  });
});

const descriptors = () => readdirSync("/proc/self/fd").length;

test("a thousand failed connections leave nothing open", async () => {
  const server = await fakeServer((socket) => socket.destroy());
  const sql = createServerSql({ socket: server.path, user: "mysql" }, systemClock);
  await sql.status();
  const before = descriptors();
  for (let turn = 0; turn < 1000; turn += 1) {
    expect(await sql.status()).toMatchObject({ kind: "silent" });
  }
  await sql.close();
  await expect.poll(() => server.open.size).toBe(0);
  expect(server.count()).toBe(1001);
  expect(descriptors()).toBeLessThanOrEqual(before + 2);
}, 30_000);

test("once it is closed, nothing is asked, and nothing keeps the process", async () => {
  const server = await fakeServer((socket) => socket.write(greeting));
  const sql = createServerSql({ socket: server.path, user: "mysql" }, systemClock);
  const asked = sql.status();
  await expect.poll(server.count).toBe(1);
  await sql.close();
  expect(await asked).toMatchObject({ kind: "silent" });
  expect(await sql.status()).toEqual({ kind: "silent", why: "closed" });
  expect(server.count()).toBe(1);
  await expect.poll(() => server.open.size).toBe(0);
});
