/*
 * Stands on a namespace's network for the node whose kubelet probes its pods; run by the image's own Node
 * in a container there. A request a line of JSON on standard input, an answer a line on standard output.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";

export interface Request {
  readonly id: number;
  /** One of the two. */
  readonly url?: string;
  readonly address?: readonly [host: string, port: number];
  readonly timeoutMs: number;
}

export interface Result {
  readonly ok: boolean;
  readonly why: string;
}

async function get(url: string, timeoutMs: number): Promise<Result> {
  try {
    const headers = { connection: "close" };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    return { ok: response.status < 400, why: (await response.text()).trim() };
  } catch (error) {
    return { ok: false, why: `${error} ${(error as Error).cause ?? ""}` };
  }
}

function open([host, port]: readonly [string, number], timeoutMs: number): Promise<Result> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (ok: boolean, why: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ok, why });
    };
    const timer = setTimeout(() => end(false, "no answer"), timeoutMs);
    socket.on("connect", () => end(true, "open"));
    socket.on("error", (error) => end(false, String(error)));
  });
}

console.log("{}");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, url, address = ["", 0], timeoutMs }: Request = JSON.parse(line);
  const asked = url === undefined ? open(address, timeoutMs) : get(url, timeoutMs);
  asked.then((result) => console.log(JSON.stringify({ id, ...result })));
}
