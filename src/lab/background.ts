/*
 * Processes that outlive whoever starts them, so plain child_process: execa is for those that are
 * run to their end.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { exitCode, Failure } from "../system/failure.js";

/** A process that leads a session of its own. */
export interface Background {
  readonly pid: number;
  /** How it ended: `exit 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Starts a program in the background.
 *
 * @param env its whole environment
 * @param log the file that all its output is added to
 * @throws Failure 70 where no process can be made
 */
export function startInBackground(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  log: string,
): Background {
  const [file = "", ...args] = argv;
  const output = openSync(log, "a");
  const child = spawn(file, args, { env, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.on("error", () => {}); // or it would be thrown once more, out of reach
    throw new Failure(exitCode.software, `${file} cannot be started`);
  }
  const ended = once(child, "exit").then(([code, signal]) => signal ?? `exit ${code}`);
  return { pid, ended };
}
