/*
 * The composition root: the only place that builds the real adapters and chooses exit codes. What
 * the image's ENTRYPOINT needs on its way to exec is imported here; all else, the command line's
 * parser too, is imported when it is called (commands.ts).
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { Adapters } from "./adapters.js";
import { notify } from "./agent/notify.js";
import type { Flags } from "./cli/options.js";
import { createClient, type Query } from "./dns/client.js";
import { parseResolvConf } from "./dns/resolv-conf.js";
import { entrypointWords, isNotification, type Program } from "./entrypoint.js";
import { readCommand } from "./server/command.js";
import { consultFor } from "./server/consult.js";
import { readAccounts } from "./server/initialise/accounts.js";
import { launch } from "./server/launch.js";
import { type BecomeProgram, launchUntouched, type RunPorts, run } from "./server/run.js";
import { flagsAsVariables, readSettings, type Settings } from "./settings.js";
import { systemClock as clock } from "./system/clock.js";
import { exitCode, Failure, messageOf, readTogether } from "./system/failure.js";
import { type Host, readHost } from "./system/host.js";
import { createLog, type Log, writeLine } from "./system/log.js";
import type { RunProcess } from "./system/processes.js";
import { Interrupted, listenForSignals } from "./system/signals.js";

const print = writeLine(1, (error) => {
  throw new Failure(exitCode.software, `standard output cannot be written: ${messageOf(error)}`);
});
const printError = writeLine(2);

/** Runs one of the programs to its end; the result is its exit code. */
export async function main(
  program: Program,
  argv: readonly string[],
  env: Adapters["env"],
): Promise<number> {
  const adapters = createAdapters(env);
  try {
    if (isNotification(program, argv)) return notify(argv.slice(1));
    const words = entrypointWords(program, argv);
    if (words !== undefined) return await adapters.becomeServer(words, {});
    const { programs } = await import("./commands.js");
    return await programs[program](argv, adapters);
  } catch (error) {
    return end(program, error);
  }
}

function createAdapters(env: Adapters["env"]): Adapters {
  const { signal, release } = listenForSignals();
  const uid = process.getuid?.() ?? 0; // this package is for Linux: there is one
  const read = (flags: Flags) => readAll(flags, env);
  const ports = { env, signal, clock, uid, createQuery, runProcess, newId };
  const script = process.argv[1] ?? "galera-peers";
  const program = [process.execPath, script];
  const becoming: BecomeProgram = async (what) => {
    // What came while files were written is seen at the poll that lies between two turns.
    for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
    signal.throwIfAborted();
    return launch(what, release);
  };
  return {
    ...{ ...ports, print, printError, read, logFor },
    onHangup: (act) => void process.on("SIGHUP", act),
    becomeServer: async (words, flags) => {
      const command = readCommand(words);
      if (command.kind === "untouched") return launchUntouched(command.argv, env, becoming);
      const accountsOf = () => readAccounts(env);
      const [{ settings, host, log }, accounts] = readTogether(() => read(flags), accountsOf);
      const given = { words, settings: flagsAsVariables(flags), env, uid, program };
      const consult: RunPorts["consult"] = (start, member) =>
        consultFor(given, start, member, settings, { ...ports, log });
      const becomes = { log, accounts, launch: becoming, program, consult };
      return run(command, settings, { ...ports, ...becomes, host });
    },
  };
}

/** What most subcommands begin with; every problem of the settings is told here. */
function readAll(flags: Flags, env: Adapters["env"]) {
  const settings = readSettings(flags, env);
  const log = logFor(settings);
  const host = readHost((message) => log("warn", message));
  return { settings, log, host };
}

function logFor({ log = "text" }: Settings): Log {
  return createLog(log, printError, () => new Date());
}

/** At most so long for all tries of one look-up. */
const overallMs = 10_000;

function createQuery({ dns }: Settings, host: Host): Query {
  const conf = parseResolvConf(host.resolvConf);
  return createClient({
    ...{ overallMs, clock, randomId },
    servers: dns ?? conf.nameservers.map((address) => ({ host: address, port: 53 })),
    tryMs: conf.timeoutMs ?? 1000,
    attempts: conf.attempts,
    rotate: conf.rotate,
    tcp: conf.tcp,
  });
}

/** From the kernel: to load node:crypto takes longer than a look-up. */
function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const source = openSync("/dev/urandom", "r");
  readSync(source, bytes);
  closeSync(source);
  return bytes;
}

const randomId = () => randomBytes(2).readUInt16BE();
const newId = () => randomBytes(8).toString("hex");

const runProcess: RunProcess = async (...call) =>
  (await import("./system/processes.js")).runProcess(...call);

/** Tells why a program ended, and gives its exit code. */
function end(program: Program, error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof Failure) {
    for (const line of error.message.split("\n")) printError(`${program}: ${line}`);
    return error.exitCode;
  }
  const fault = error instanceof Error ? error.stack : String(error);
  printError(`${program}: a fault of this program, please report it: ${fault}`);
  return exitCode.software;
}
