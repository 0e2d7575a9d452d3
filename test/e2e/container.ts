/** Containers for tests: a program that is PID 1, with a directory of the test's at a fixed place. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { signalProcess } from "../../src/system/proc.js";
import { atEnd, until } from "./cli.js";

export const initdb = "/docker-entrypoint-initdb.d";

/** The place has to be there to be mounted over; empty it means nothing to anybody else. */
export function withInitdb(): void {
  beforeAll(() => mkdirSync(initdb, { recursive: true }));
  afterAll(() => rmdirSync(initdb));
}

const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));
const mounted = `mount --bind "$0" ${initdb} && exec "$@"`;

/** Starts galera-peers with `scripts` in its place. What runs in the container ends with it. */
export function startContainer(
  scripts: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const own = ["--mount", "--pid", "--fork", "--mount-proc"];
  const command = ["sh", "-c", mounted, scripts, process.execPath, program, ...args];
  const child = spawn("unshare", [...own, ...command], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
  });
  const pid = child.pid ?? 0;
  let output = "";
  let isOver = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on("close", (code, signal) => {
      isOver = true;
      resolve(code ?? signal);
    }),
  );
  /** The container's first process, as it is numbered outside of it. */
  const firstOf = () => {
    const children = `/proc/${pid}/task/${pid}/children`;
    return (existsSync(children) && Number(readFileSync(children, "utf8").trim())) || undefined;
  };
  /** All of it ends with that one; unshare itself would not do, since who gives up root outlives it. */
  const kill = async () => {
    const leader = await until(() => (isOver ? 0 : firstOf()), "the container to run or to end");
    if (leader > 0) signalProcess(leader, "SIGKILL");
    await ended;
  };
  const first = () => until(firstOf, "the container to run");
  atEnd(kill);
  return {
    ...{ output: () => output, ended, kill, first },
    /** Waits for what the container is to come to. */
    until: <T>(condition: () => T | undefined | false | Promise<T | undefined | false>) =>
      until(
        () => {
          if (isOver) throw new Error(`the container has ended: ${output}`);
          return condition();
        },
        "the container to come so far",
        60_000,
      ),
  };
}
