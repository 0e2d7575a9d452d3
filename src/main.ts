/*
 * The composition root: the only place that builds the real adapters and chooses exit codes. What
 * `run` needs on its way to exec is imported here, so that the bundle has it in one file; all else
 * is imported when it is called (commands.ts).
 */
import { closeSync, openSync, readSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { configured, type Flags } from "./cli/options.js";
import { runCommand } from "./cli/run.js";
import type { Adapters } from "./commands.js";
import { createClient, type Query } from "./dns/client.js";
import { parseResolvConf } from "./dns/resolv-conf.js";
import { launch } from "./server/launch.js";
import { run } from "./server/run.js";
import { readSettings, type Settings } from "./settings.js";
import type { Program } from "./start.js";
import { systemClock as clock } from "./system/clock.js";
import { exitCode, Failure } from "./system/failure.js";
import { type Host, readHost } from "./system/host.js";
import { createLog, type Log, writeLine } from "./system/log.js";
import type { RunProcess } from "./system/processes.js";
import { Interrupted, listenForSignals } from "./system/signals.js";

const print = writeLine(1);
const printError = writeLine(2);

/** Runs one of the programs to its end; the result is its exit code. */
export async function main(
  program: Program,
  argv: readonly string[],
  env: Adapters["env"],
): Promise<number> {
  const { signal, release } = listenForSignals();
  const uid = process.getuid?.() ?? 0;
  const read = (flags: Flags) => readAll(flags, env);
  const adapters = {
    env,
    signal,
    clock,
    uid,
    print,
    printError,
    read,
    logFor,
    createQuery,
    runProcess,
  };
  try {
    switch (program) {
      case "galera-peers":
        return await galeraPeers(argv, adapters, release);
      case "peer-finder":
        return await (await import("./commands.js")).peerFinder(argv, adapters);
      case "configure-galera":
        return await (await import("./commands.js")).configureGalera(argv, adapters);
      default:
        return program satisfies never;
    }
  } catch (error) {
    return end(program, error);
  }
}

async function galeraPeers(
  argv: readonly string[],
  adapters: Adapters,
  release: () => void,
): Promise<number> {
  const words = argv.map((word) => word.replace(/^-ns(?=$|=)/, "--namespace"));
  const root = configured(new Command("galera-peers"))
    .description(
      "Starts MariaDB Galera nodes: finds the peers, decides who founds, writes galera.cnf.",
    )
    .option("--version", "print the version")
    .enablePositionalOptions();
  root.addCommand(configured(defineRun(adapters, release)));
  if (words[0] !== "run") await (await import("./commands.js")).addCommands(root, words, adapters);
  await root.parseAsync(words, { from: "user" });
  return 0;
}

function defineRun({ read, ...adapters }: Adapters, release: () => void): Command {
  const { signal } = adapters;
  return runCommand(async (words, flags) => {
    const { settings, host, log } = read(flags);
    await run(words, settings, {
      ...{ ...adapters, host, log },
      launch: async (what) => {
        await new Promise(setImmediate); // a signal that has come is seen in this turn
        signal.throwIfAborted();
        return launch(what, release);
      },
    });
  });
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
function randomId(): number {
  const bytes = Buffer.alloc(2);
  const source = openSync("/dev/urandom", "r");
  readSync(source, bytes);
  closeSync(source);
  return bytes.readUInt16BE();
}

const runProcess: RunProcess = async (...call) =>
  (await import("./system/processes.js")).runProcess(...call);

/** Tells why a program ended, and gives its exit code. */
function end(program: Program, error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof Failure) {
    for (const line of error.message.split("\n")) printError(`${program}: ${line}`);
    return error.exitCode;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // help was asked for
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    if (error.code !== "commander.help") printError(`${program}: ${message} (see --help)`);
    return exitCode.usage;
  }
  const fault = error instanceof Error ? error.stack : String(error);
  printError(`${program}: a fault of this program, please report it: ${fault}`);
  return exitCode.software;
}
