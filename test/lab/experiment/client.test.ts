import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startLoop } from "../../../src/lab/experiment/client.js";
import { systemClock as clock } from "../../../src/system/clock.js";

const host = "127.0.0.1";
let server: Server | undefined;

afterEach(() => server?.close());

async function listen(own: Server): Promise<number> {
  server = own;
  own.listen(0, host);
  await once(own, "listening");
  return (own.address() as { port: number }).port;
}

test("each query that fails is tried once more, and nothing counts as written", async () => {
  const port = await listen(createServer((socket) => socket.resetAndDestroy()));
  const { signal } = new AbortController();
  const loop = startLoop({ host, port, beginMs: clock.now() }, { clock, signal });
  await clock.sleep(250);
  await loop.end();
  const kinds = loop.calls.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "read").length).toBeGreaterThanOrEqual(2);
  expect(kinds).toContain("write");
  for (const { first, again } of loop.calls) {
    expect([first.error, again?.error]).toEqual(Array(2).fill("ECONNRESET"));
  }
  expect(loop.written.size).toBe(0);
});

test("an interruption cuts a query that nobody answers", async () => {
  const port = await listen(createServer((socket) => socket.on("error", () => {})));
  const interruption = new AbortController();
  const { signal } = interruption;
  const beginMs = clock.now();
  const loop = startLoop({ host, port, beginMs }, { clock, signal });
  await clock.sleep(100);
  interruption.abort();
  await loop.end();
  expect(clock.now() - beginMs).toBeLessThan(1000);
  expect(loop.calls.map(({ kind }) => kind).sort()).toEqual(["read", "write"]);
  expect(loop.calls[0]?.first.error).toBe("interrupted");
});
