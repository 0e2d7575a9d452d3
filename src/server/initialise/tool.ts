/*
 * How programs are run that work on a datadir before its server does.
 */
import { statSync } from "node:fs";
import { exitCode, Failure } from "../../system/failure.js";
import { lastWords } from "../../system/last-words.js";
import type { ProcessAccount, RunProcess } from "../../system/processes.js";

/** Replication and networking stay out of it, whatever the option files say, and faults are told here. */
export const alone = ["--wsrep-on=OFF", "--skip-networking", "--disable-log-error"];

export interface Task {
  /** What it is a step of, for a message. */
  readonly name: string;
  /** What to do where it fails. */
  readonly advice?: string;
  readonly input?: string;
  /** See ProcessOptions. */
  readonly inputIsFile?: boolean;
  /** Whom root runs it as. */
  readonly account?: ProcessAccount | undefined;
}

export interface ToolPorts {
  readonly runProcess: RunProcess;
  readonly signal: AbortSignal;
}

/**
 * Runs a program that has to succeed.
 *
 * @throws Failure 70 with the end of its output
 */
export async function runTool(
  file: string,
  args: readonly string[],
  { name, advice, input = "", inputIsFile, account }: Task,
  { runProcess, signal }: ToolPorts,
): Promise<void> {
  const common = { input, inputIsFile, output: "keep", signal, account } as const;
  const end = await runProcess(file, args, common);
  signal.throwIfAborted();
  if (end.exitCode === 0) return;
  const failed = `${name}: ${file} failed (${end.exitCode}): ${lastWords(end)}`;
  throw new Failure(exitCode.software, advice === undefined ? failed : `${failed}; ${advice}`);
}

/** The server's account: its datadir is its own. */
export function ownerOf(datadir: string): ProcessAccount {
  const { uid, gid } = statSync(datadir);
  return { uid, gid };
}
