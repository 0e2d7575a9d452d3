/** Asks pods over their network, by node.ts in a container there: from here it need not be within reach. */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startContainer } from "./engine.js";
import type { Request, Result } from "./node.js";

export type Prober = Awaited<ReturnType<typeof startProber>>;

export async function startProber(network: string, address: string) {
  const container = startContainer({
    name: `${network}-node`,
    options: [
      ...["--interactive", "--network", network, "--ip", address],
      `--volume=${fileURLToPath(new URL("node.ts", import.meta.url))}:/node.ts:ro`,
      ...["--entrypoint", "/usr/lib/galera-peers/node"],
    ],
    args: ["/node.ts"],
  });
  const waiting = new Map<number, (result: Result) => void>();
  const up = Promise.withResolvers<void>();
  createInterface({ input: container.stdout }).on("line", (line) => {
    const { id, ...result } = JSON.parse(line);
    if (id === undefined) up.resolve();
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  container.ended.then((code) => up.reject(new Error(`the prober ended: ${code}`)), up.reject);
  let asked = 0;
  await up.promise;
  return {
    ask: (request: Omit<Request, "id">): Promise<Result> => {
      asked += 1;
      const { promise, resolve } = Promise.withResolvers<Result>();
      waiting.set(asked, resolve);
      container.stdin.write(`${JSON.stringify({ id: asked, ...request })}\n`);
      return promise;
    },
    close: async () => {
      await container.kill("KILL");
      await container.ended;
      for (const resolve of waiting.values()) resolve({ ok: false, why: "the prober has ended" });
    },
  };
}
