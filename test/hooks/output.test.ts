import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const scripts = join(import.meta.dirname, "../fixtures/hooks");
const directory = mkdtempSync(join(tmpdir(), "hook-output-"));
const program = join(directory, "program.mjs");

/** A program that runs one hook and then says how much memory it took. */
const source = `
  import { runHook } from "../../src/hooks/hook.js";
  import { systemClock as clock } from "../../src/system/clock.js";
  import { runProcess } from "../../src/system/processes.js";

  const { signal } = new AbortController();
  const input = { peers: ["galera-0"], self: "galera-0", podIp: undefined };
  await runHook("on-start", process.argv[2], input, undefined, { runProcess, clock, signal });
  process.send(process.resourceUsage().maxRSS);
`;

beforeAll(async () => {
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: "ts" },
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    banner: { js: "import{createRequire}from'node:module';const require=createRequire('/');" },
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Counts the bytes of a stream, all of which must be the same one. */
async function count(stream: Readable | null, byte: string): Promise<number> {
  let length = 0;
  for await (const chunk of stream ?? []) {
    const bytes = chunk as Buffer;
    if (!bytes.equals(Buffer.alloc(bytes.length, byte))) throw new Error(bytes.toString());
    length += bytes.length;
  }
  return length;
}

test("a hook's output passes through, however much it is, and is not kept", async () => {
  const child = spawn(process.execPath, [program, join(scripts, "flood.sh")], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const [out, err, [maxRssKiB]] = await Promise.all([
    count(child.stdout, "o"),
    count(child.stderr, "e"),
    once(child, "message"),
  ]);
  expect({ out, err }).toEqual({ out: 50_000_000, err: 50_000_000 });
  expect(maxRssKiB).toBeLessThan(120_000);
});
