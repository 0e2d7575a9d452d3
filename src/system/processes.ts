import { closeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { exitCode, Failure } from "./failure.js";
import { openUnnamed } from "./files.js";
import { exitCodeOfSignal, signalGroup } from "./signals.js";

export interface ProcessOptions {
  /** What its standard input has, which is a pipe. */
  readonly input: string;
  /** That standard input is to be a regular file, for a program that opens it by its path. */
  readonly inputIsFile?: boolean | undefined;
  /** Variables over those of this process; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `pass`: the output goes where ours goes. `keep`: the last of it is returned, for a message. */
  readonly output: "pass" | "keep";
  /** Ends the process group with SIGTERM, and after `graceMs` with SIGKILL. */
  readonly signal: AbortSignal;
  /** Asks the process group to end, with SIGTERM, for as long as that takes. */
  readonly quit?: AbortSignal;
  /** Whom root runs it as, without any further group; left out: as this process. */
  readonly account?: ProcessAccount | undefined;
}

/** Ids of the operating system. */
export interface ProcessAccount {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessEnd {
  /** The exit code; 128+n where a signal ended it. */
  readonly exitCode: number;
  /** Standard output and error together, at most the last 64 KiB; empty with `pass`. */
  readonly output: string;
}

/**
 * Runs a program to its end, in a process group of its own.
 *
 * @throws Failure 127 where it is not found, 126 where it cannot be started
 */
export type RunProcess = (
  file: string,
  args: readonly string[],
  options: ProcessOptions,
) => Promise<ProcessEnd>;

/** How long a process group has between SIGTERM and SIGKILL: we must be gone within a second. */
const graceMs = 400;
const keptBytes = 65_536;

export const runProcess: RunProcess = async (file, args, options) => {
  const { input, inputIsFile = false, env = {}, output, signal, quit, account } = options;
  signal.throwIfAborted();
  const inputFile = inputIsFile ? openUnnamed(input) : undefined;
  const passes = output === "pass" ? "inherit" : "pipe";
  const child = execa(file, args, {
    ...(inputFile === undefined ? { input } : {}),
    stdin: inputFile === undefined ? "pipe" : (inputFile as 3), // execa's types end at 9
    stdout: passes,
    stderr: passes,
    env,
    ...account,
    // A group of its own: what the child starts in turn must get our signals too.
    detached: true,
    buffer: false,
    reject: false,
    cleanup: false,
  });
  if (inputFile !== undefined) closeSync(inputFile);
  let kept = "";
  const keep = (chunk: Buffer) => {
    kept = (kept + chunk.toString("latin1")).slice(-keptBytes);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);

  let graceIsOver = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    signalGroup(child.pid, "SIGTERM");
    timer = setTimeout(() => {
      graceIsOver = true;
      signalGroup(child.pid, "SIGKILL");
    }, graceMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  const ask = () => void signalGroup(child.pid, "SIGTERM");
  quit?.addEventListener("abort", ask, { once: true });
  if (quit?.aborted) ask();
  try {
    const end = await child;
    if (end.exitCode === undefined && end.signal === undefined) throw cannotStart(file, end.code);
    const code = end.exitCode ?? exitCodeOfSignal(end.signal ?? "");
    return { exitCode: code, output: Buffer.from(kept, "latin1").toString("utf8") };
  } finally {
    signal.removeEventListener("abort", stop);
    quit?.removeEventListener("abort", ask);
    // What the child started in turn has the grace too; an orphan nobody reaps looks alive.
    while (signal.aborted && !graceIsOver && signalGroup(child.pid, 0)) await delay(10);
    clearTimeout(timer);
  }
};

function cannotStart(file: string, code: string | undefined): Failure {
  if (code === "ENOENT") return new Failure(exitCode.notFound, `${file}: command not found`);
  return new Failure(exitCode.notExecutable, `${file}: cannot be started (${code})`);
}
