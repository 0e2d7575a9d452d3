import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { systemClock as clock } from "../../src/system/clock.js";
import { startService } from "./service.js";

const host = "127.0.86.210";
const member = "127.0.86.211";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A member whose agent answers with this status; a database that says hello. */
async function startMember() {
  let status = 503;
  const paths: (string | undefined)[] = [];
  const agent = createServer(({ url }, response) => {
    paths.push(url);
    response.writeHead(status).end();
  });
  const database = createTcpServer((socket) => socket.end("hello"));
  for (const server of [agent, database]) {
    server.listen(0, member);
    await once(server, "listening");
    closing.push(() => server.close());
  }
  const port = (server: typeof agent | typeof database) =>
    (server.address() as { port: number }).port;
  return {
    ...{ agentPort: port(agent), memberPort: port(database), paths },
    setStatus: (now: number) => {
      status = now;
    },
  };
}

async function becomes(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.sleep(5);
}

test("clients reach a member while its agent says that it is ready", async () => {
  const { agentPort, memberPort, paths, setStatus } = await startMember();
  const service = await startService({
    ...{ host, port: 0, memberPort, agentPort, periodMs: 20, clock },
    members: () => [member],
  });
  closing.push(service.close);
  await becomes(() => paths.length > 1);
  expect(service.ready()).toEqual([]);
  expect(new Set(paths)).toEqual(new Set(["/readyz"]));

  setStatus(200);
  await becomes(() => service.ready().length === 1);
  const [hello] = (await once(connect({ host, port: service.port }), "data")) as [Buffer];
  expect(hello.toString()).toBe("hello");

  setStatus(503);
  await becomes(() => service.ready().length === 0);
  const [error] = await once(connect({ host, port: service.port }), "error");
  expect(error.code).toBe("ECONNRESET");
});

test("an address that is taken is an error, and nobody is probed on", async () => {
  const { agentPort, memberPort, paths } = await startMember();
  const taken = {
    ...{ host: member, port: memberPort, memberPort, agentPort },
    periodMs: 5,
    clock,
  };
  await expect(startService({ ...taken, members: () => [member] })).rejects.toThrow(/EADDRINUSE/);
  const before = paths.length;
  await clock.sleep(50);
  expect(paths.length - before).toBeLessThanOrEqual(1);
});
