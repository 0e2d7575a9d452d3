import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { chooseMember, startForward } from "../../../src/lab/proxy/forward.js";

const host = "127.0.86.200";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("members are chosen in turn, out of those that are ready", () => {
  const chosen = [0, 1, 2, 3].map((turn) => chooseMember(["a", "b", "c"], turn));
  expect(chosen).toEqual(["a", "b", "c", "a"]);
  expect(chooseMember(["b"], 7)).toBe("b");
  expect(chooseMember([], 1)).toBeUndefined();
});

/** Members that say their address, then echo; all on one port. */
async function startMembers(...addresses: string[]) {
  let port = 0;
  const servers = new Map<string, { server: Server; sockets: Socket[] }>();
  for (const address of addresses) {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.write(`${address}\n`);
      socket.pipe(socket);
    });
    server.listen(port, address);
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
    servers.set(address, { server, sockets });
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }
  return { port, servers };
}

async function start(addresses: readonly string[], more: { readonly triesNext?: true } = {}) {
  const members = await startMembers(...addresses);
  let ready: readonly string[] = addresses;
  const forward = await startForward({
    ...{ host, port: 0, memberPort: members.port },
    ...{ ready: () => ready, ...more },
  });
  closing.push(forward.close);
  const dial = () => {
    const socket = connect({ host, port: forward.port, allowHalfOpen: true });
    closing.push(() => socket.destroy());
    return socket;
  };
  return {
    ...members,
    ...{ forward, dial },
    setReady: (...now: string[]) => {
      ready = now;
    },
  };
}

async function line(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString().trim();
}

async function resetOf(socket: Socket): Promise<string | undefined> {
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error.code;
}

const [a, b] = ["127.0.86.201", "127.0.86.202"];

test("new connections go to ready members in turn; one that there is stays where it is", async () => {
  const { dial, setReady } = await start([a, b]);
  const first = dial();
  expect(await line(first)).toBe(a);
  expect(await line(dial())).toBe(b);
  setReady(b);
  expect(await line(dial())).toBe(b);
  first.write("still here");
  expect(await line(first)).toBe("still here");
});

test("an end of one side reaches the other one, which may still answer", async () => {
  const { dial } = await start([a]);
  const client = dial();
  expect(await line(client)).toBe(a);
  client.end("last words");
  expect(await line(client)).toBe("last words");
  await once(client, "end");
});

test("a member that breaks a connection off breaks the client's off", async () => {
  const { dial, servers } = await start([a]);
  const client = dial();
  await line(client);
  for (const socket of servers.get(a)?.sockets ?? []) socket.resetAndDestroy();
  expect(await resetOf(client)).toBe("ECONNRESET");
});

test("a client that breaks off breaks the member's connection off", async () => {
  const { dial, servers } = await start([a]);
  const client = dial();
  await line(client);
  const [socket] = servers.get(a)?.sockets ?? [];
  expect(socket).toBeDefined();
  const broken = resetOf(socket as Socket);
  client.resetAndDestroy();
  expect(await broken).toBe("ECONNRESET");
});

test("a member that refuses is an error for the client, and no other member is tried", async () => {
  const { dial, servers } = await start([a, b]);
  servers.get(a)?.server.close();
  expect(await resetOf(dial())).toBe("ECONNRESET");
  expect(await line(dial())).toBe(b);
});

test("with `triesNext` each of the others is tried, and the client resets only after the last", async () => {
  const { dial, servers } = await start([a, b], { triesNext: true });
  servers.get(a)?.server.close();
  expect(await line(dial())).toBe(b);
  const client = dial(); // b's turn, which is there
  expect(await line(client)).toBe(b);
  client.write("still here");
  expect(await line(client)).toBe("still here");
  servers.get(b)?.server.close();
  expect(await resetOf(dial())).toBe("ECONNRESET");
});

test("nobody is ready: the connection is reset", async () => {
  const { dial, setReady } = await start([a]);
  setReady();
  expect(await resetOf(dial())).toBe("ECONNRESET");
});

test("close ends every connection", async () => {
  const { dial, forward } = await start([a]);
  const client = dial();
  client.on("error", () => {});
  await line(client);
  const closed = once(client, "close");
  client.on("end", () => client.end());
  await forward.close();
  await closed;
});

test("members see the address that connections are to come from", async () => {
  const from = "127.0.86.209";
  const { port, servers } = await startMembers("127.0.86.201");
  const forward = await startForward({
    ...{ host, port: 0, memberPort: port, from },
    ready: () => ["127.0.86.201"],
  });
  closing.push(forward.close);
  await once(connect({ host, port: forward.port }), "data");
  expect(servers.get("127.0.86.201")?.sockets[0]?.remoteAddress).toBe(from);
});
