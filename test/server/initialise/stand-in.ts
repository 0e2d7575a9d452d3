/** A server in the place of mariadbd: it greets on its socket and ends when it is asked to. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import type { ProcessEnd, ProcessOptions } from "../../../src/system/processes.js";

export interface StandIn {
  readonly run: (args: readonly string[], options: ProcessOptions) => Promise<ProcessEnd>;
  /** It ends by itself. */
  readonly crash: () => void;
}

/** @param startsMs how long it takes to listen */
export function createStandIn(startsMs = 0): StandIn {
  let crash = () => {};
  return {
    crash: () => crash(),
    run: (args, { signal, quit }) =>
      new Promise((resolve) => {
        const [socket = ""] = args.flatMap((arg) => arg.match(/(?<=^--socket=).*/) ?? []);
        rmSync(socket, { force: true });
        const server = createServer((client) => client.end("10.11.19-MariaDB\0"));
        const starting = setTimeout(() => server.listen(socket), startsMs);
        const end = (exitCode: number, output: string) => {
          clearTimeout(starting);
          server.close(() => resolve({ exitCode, output }));
          if (!server.listening) resolve({ exitCode, output });
        };
        crash = () => end(134, "[Note] a\n[ERROR] assertion\nb\n");
        signal.addEventListener("abort", () => end(143, ""));
        quit?.addEventListener("abort", () => end(0, ""));
      }),
  };
}

/** What answers on a socket, and says nothing: a server that a start has left behind. */
export async function listenAt(path: string): Promise<AsyncDisposable> {
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}
