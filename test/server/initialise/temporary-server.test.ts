import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type TemporaryServerPorts,
  withTemporaryServer,
} from "../../../src/server/initialise/temporary-server.js";
import { systemClock } from "../../../src/system/clock.js";
import type { RunProcess } from "../../../src/system/processes.js";
import { createStandIn, listenAt } from "./stand-in.js";

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), "temporary-"));
});
afterEach(() => rmSync(datadir, { recursive: true }));

const place = () => ({ datadir, server: "mariadbd", serverArgs: ["--x"], user: ["--user=mysql"] });

function ports(runProcess: RunProcess, signal = new AbortController().signal) {
  return { runProcess, signal, clock: systemClock } satisfies TemporaryServerPorts;
}

/** Never on its own: only the signal ends it. */
const until = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("work begins when the server answers, and the server has ended after it", async () => {
  const { run } = createStandIn(120);
  const socket = join(datadir, "galera-peers.sock");
  writeFileSync(socket, ""); // one that a crash has left
  let words: readonly string[] = [];
  let isOver = false;
  const runProcess: RunProcess = async (file, args, options) => {
    words = [file, ...args];
    const end = await run(args, options);
    isOver = true;
    return end;
  };
  await withTemporaryServer(place(), ["--skip-log-bin"], ports(runProcess), async (where) => {
    expect(where).toBe(socket);
    expect(existsSync(socket)).toBe(true);
    expect(isOver).toBe(false);
  });
  expect(isOver).toBe(true);
  expect(existsSync(socket)).toBe(false);
  expect(words.slice(0, 5)).toEqual([
    "mariadbd",
    "--x",
    "--user=mysql",
    `--datadir=${datadir}`,
    `--socket=${socket}`,
  ]);
  for (const own of ["--wsrep-on=OFF", "--skip-networking", "--event-scheduler=OFF"]) {
    expect(words).toContain(own);
  }
  expect(words.at(-1)).toBe("--skip-log-bin");
});

test("a failure of the work is thrown when the server has ended", async () => {
  const { run } = createStandIn();
  let isOver = false;
  const runProcess: RunProcess = (_, args, options) =>
    run(args, options).finally(() => {
      isOver = true;
    });
  const failing = withTemporaryServer(place(), [], ports(runProcess), async () => {
    throw new Error("the work");
  });
  await expect(failing).rejects.toThrow("the work");
  expect(isOver).toBe(true);
});

test("a server that does not come up is told with its errors", async () => {
  const runProcess: RunProcess = async () => ({ exitCode: 1, output: "[ERROR] full\nAborting\n" });
  await expect(
    withTemporaryServer(place(), [], ports(runProcess), async () => {}),
  ).rejects.toMatchObject({
    ...{ exitCode: 70, message: "the temporary mariadbd has ended (1): [ERROR] full" },
  });
});

test("a server that ends under the work ends the work", async () => {
  const { run, crash } = createStandIn();
  const running = withTemporaryServer(
    place(),
    [],
    ports((_, args, options) => run(args, options)),
    (_, signal) => {
      setTimeout(crash, 10);
      return until(signal);
    },
  );
  await expect(running).rejects.toMatchObject({
    message: "the temporary mariadbd has ended (134): [ERROR] assertion",
  });
});

test("a server that does not end cleanly is a failure, whatever the work came to", async () => {
  const runProcess: RunProcess = async (_, args, options) => ({
    ...(await createStandIn().run(args, options)),
    exitCode: 139,
  });
  await expect(withTemporaryServer(place(), [], ports(runProcess), async () => {})).rejects.toThrow(
    /has ended \(139\)/,
  );
});

test.each(["before it answers", "while work goes on"])("a signal ends it %s", async (when) => {
  const stop = new AbortController();
  const { run } = createStandIn(when === "before it answers" ? 60_000 : 0);
  const reason = new Error("SIGTERM");
  const running = withTemporaryServer(
    place(),
    [],
    ports((_, args, options) => run(args, options), stop.signal),
    (_, signal) => until(signal),
  );
  setTimeout(() => stop.abort(reason), 50);
  await expect(running).rejects.toBe(reason);
});

test("none is started where another one runs, which stays as it is", async () => {
  const socket = join(datadir, "galera-peers.sock");
  await using _ = await listenAt(socket);
  const runProcess: RunProcess = () => expect.unreachable();
  await expect(
    withTemporaryServer(place(), [], ports(runProcess), async () => {}),
  ).rejects.toMatchObject({
    exitCode: 70,
    message: `a temporary server of an earlier start, which was killed, still runs on ${datadir}: end the mariadbd that has --socket=${socket} in its command line, by SIGTERM, and start again`,
  });
  expect(existsSync(socket)).toBe(true);
});
