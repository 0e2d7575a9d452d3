/*
 * A server on a Unix socket that lets everybody in and says that it is Synced: as much of the
 * client/server protocol as the agent's connection uses.
 */
import { createServer, type Socket } from "node:net";

export interface FakeSql {
  /** Every connection is cut, as by a server that ends. */
  readonly cut: () => void;
  readonly connections: () => number;
  readonly close: () => void;
}

const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
const endOfRows = Buffer.from([0xfe, 0, 0, 2, 0]);
const query = 3;

const greeting = Buffer.concat([
  Buffer.from("\x0a5.5.5-10.11.19-MariaDB\0", "latin1"),
  Buffer.from([7, 0, 0, 0]), // the connection's number
  Buffer.from("saltsalt\0"),
  Buffer.from([0xfe, 0xf7, 33, 2, 0, 0xff, 0x80, 21]), // without CLIENT_DEPRECATE_EOF
  Buffer.alloc(10),
  Buffer.from("saltsaltsalt\0mysql_native_password\0"),
]);

/** @param rows what a SELECT gives, by name */
export async function startFakeSql(
  path: string,
  rows: Readonly<Record<string, string>>,
): Promise<FakeSql> {
  const open = new Set<Socket>();
  let connections = 0;
  const answers = { ok: packets(2, [ok]), ready: packets(1, [ok]), rows: packets(1, table(rows)) };
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    let isIn = false;
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const isSelect = bytes[4] === query && bytes.includes("VARIABLE_VALUE");
      if (!isIn) socket.write(answers.ok);
      else socket.write(isSelect ? answers.rows : answers.ready);
      isIn = true;
    });
    socket.write(packets(0, [greeting]));
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    cut,
    connections: () => connections,
    close: () => {
      cut();
      server.close();
    },
  };
}

/** Numbers the payloads and gives each its head. */
function packets(first: number, payloads: readonly Buffer[]): Buffer {
  const parts = payloads.flatMap((payload, n) => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(payload.length, 0, 3);
    head[3] = first + n;
    return [head, payload];
  });
  return Buffer.concat(parts);
}

function table(rows: Readonly<Record<string, string>>): readonly Buffer[] {
  const column = (name: string) =>
    Buffer.concat([
      ...["def", "", "", "", name, ""].map(text),
      Buffer.from([0x0c, 33, 0, 255, 0, 0, 0, 253, 0, 0, 0, 0, 0]),
    ]);
  const lines = Object.entries(rows).map((row) => Buffer.concat(row.map(text)));
  return [
    Buffer.from([2]),
    ...[column("VARIABLE_NAME"), column("VARIABLE_VALUE")],
    ...[endOfRows, ...lines, endOfRows],
  ];
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)]);
}
