/*
 * The composition root: the only place that builds the real adapters and chooses exit codes. Each
 * subcommand's definition and code are imported when it is called, so that the way to exec loads
 * nothing else.
 */
import { randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { Command, CommanderError } from "commander";
import type { Flags } from "./cli/options.js";
import { createClient, type Query } from "./dns/client.js";
import { parseResolvConf } from "./dns/resolv-conf.js";
import { identify, namespaceOf, ownNames } from "./peers/identity.js";
import { readSettings, type Settings } from "./settings.js";
import type { Program } from "./start.js";
import { systemClock as clock } from "./system/clock.js";
import { exitCode, Failure } from "./system/failure.js";
import { type Host, readHost } from "./system/host.js";
import { createLog, type Log, writeLine } from "./system/log.js";
import type { RunProcess } from "./system/processes.js";
import { Interrupted, listenForSignals } from "./system/signals.js";

/** What every subcommand gets from the process that it runs in. */
interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Gives SIGTERM and SIGINT their default effect back. */
  readonly release: () => void;
}

const print = writeLine(1);
const printError = writeLine(2);

/** Runs one of the programs to its end; the result is its exit code. */
export async function main(
  program: Program,
  argv: readonly string[],
  env: Process["env"],
): Promise<number> {
  try {
    return await programs[program](argv, { env, ...listenForSignals() });
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof CommanderError) return commandLineEnd(program, error);
    if (error instanceof Failure) {
      for (const line of error.message.split("\n")) printError(`${program}: ${line}`);
      return error.exitCode;
    }
    const fault = error instanceof Error ? error.stack : String(error);
    printError(`${program}: a fault of this program, please report it: ${fault}`);
    return exitCode.software;
  }
}

const programs: Record<Program, (argv: readonly string[], process: Process) => Promise<number>> = {
  "galera-peers": galeraPeers,
  "peer-finder": peerFinder,
  "configure-galera": configureGalera,
};

async function galeraPeers(argv: readonly string[], process: Process): Promise<number> {
  const words = argv.map((word) => word.replace(/^-ns(?=$|=)/, "--namespace"));
  const root = configured(new Command("galera-peers"))
    .description("Starts MariaDB Galera nodes: finds the peers by DNS, decides who founds, joins.")
    .option("--version", "print the version")
    .enablePositionalOptions();
  const [first = ""] = words;
  const called = subcommands.get(first);
  if (called === undefined && first !== "help" && /^[^-]/.test(first)) {
    throw new Failure(exitCode.usage, `unknown command '${first}' (see galera-peers --help)`);
  }
  const wanted = called === undefined ? [...subcommands.values()] : [called];
  for (const define of wanted) root.addCommand(configured(await define(process)));
  root.action(async ({ version }: { version?: true }) => {
    if (version)
      print((await import("../package.json", { with: { type: "json" } })).default.version);
    else root.help({ error: true });
  });
  await root.parseAsync(words, { from: "user" });
  return 0;
}

type Define = (process: Process) => Promise<Command>;

const subcommands = new Map<string, Define>([
  ["run", defineRun],
  ["find", defineFind],
  ["configure", (process) => defineConfigure("configure", process)],
  ["plan", definePlan],
  ["fake-dns", defineFakeDns],
]);

async function defineRun({ env, signal, release }: Process): Promise<Command> {
  const { runCommand } = await import("./cli/run.js");
  return runCommand(async (words, flags) => {
    const { settings, host, log } = read(flags, env);
    const [{ run }, { launch }] = await Promise.all([
      import("./server/run.js"),
      import("./server/launch.js"),
    ]);
    await run(words, settings, {
      ...{ env, signal, clock, log, host, createQuery, runProcess, uid: uid() },
      launch: async (what) => {
        await new Promise(setImmediate); // a signal that has come is seen in this turn
        signal.throwIfAborted();
        return launch(what, release);
      },
    });
  });
}

async function definePlan({ env, signal }: Process): Promise<Command> {
  const { planCommand } = await import("./cli/plan.js");
  return planCommand(async (words, flags, json) => {
    const { settings, host } = read(flags, env);
    const { plan, formatPlan } = await import("./server/plan.js");
    const result = await plan(words, settings, { signal, host, createQuery, uid: uid() });
    print(json ? JSON.stringify(result, undefined, 2) : formatPlan(result));
  });
}

async function defineFind(process: Process): Promise<Command> {
  const { findCommand } = await import("./cli/find.js");
  return findCommand((flags, watchAddresses) => findPeers(flags, watchAddresses, process));
}

async function findPeers(
  flags: Flags,
  watchAddresses: boolean,
  { env, signal }: Process,
): Promise<void> {
  const { settings, host, log } = read(flags, env);
  const [{ find }, { createLook }] = await Promise.all([
    import("./peers/find.js"),
    import("./peers/look.js"),
  ]);
  const me = identify(settings, host);
  if (me === undefined) {
    const missing = "no headless service and no namespace are known: set --service and --namespace";
    throw new Failure(exitCode.config, missing);
  }
  const { addressType = "dns", onStart, onChange, hookTimeout, poll = 1000, timeout } = settings;
  await find(
    {
      ...{ me, addressType, watchAddresses, onStart, onChange },
      look: createLook(createQuery(settings, host), me, addressType, watchAddresses),
      hookTimeoutMs: hookTimeout,
      pollMs: poll,
      timeoutMs: timeout,
    },
    { runProcess, clock, signal, log, print },
  );
}

async function peerFinder(argv: readonly string[], process: Process): Promise<number> {
  const { parseGoFlags } = await import("./cli/go-flags.js");
  const host = readHost(() => {});
  const line = parseGoFlags(argv, process.env.POD_NAMESPACE || namespaceOf({}, host));
  if (line.kind === "end") {
    printError(line.text);
    return line.exitCode;
  }
  await findPeers(line.flags, false, process);
  return 0;
}

async function defineConfigure(name: string, { env, signal }: Process): Promise<Command> {
  const { configureCommand } = await import("./cli/configure.js");
  return configureCommand(name, async (flags) => {
    const { settings, host, log } = read(flags, env);
    const [{ configure }, { cnfSources }, { writeIfChanged }] = await Promise.all([
      import("./cnf/configure.js"),
      import("./server/image.js"),
      import("./cnf/write.js"),
    ]);
    const { clusterName = settings.service, providerOptions, sstMethod } = settings;
    const { path, text } = configure(await standardInput(signal), {
      ...{ ...ownNames(settings, host), clusterName, providerOptions, sstMethod },
      cnf: cnfSources(settings),
      self: env.HOST_ADDRESS,
      solePeerFounds: settings.bootstrap === "sole-peer",
    });
    if ((await writeIfChanged(path, text)) === "written") log("info", `${path} written`);
  });
}

/** The drop-in for configure-galera.sh: its file, and a new cluster for a sole peer. */
async function configureGalera(argv: readonly string[], process: Process): Promise<number> {
  const env = { GALERA_CNF: "/etc/my.cnf.d/galera.cnf", GALERA_BOOTSTRAP: "sole-peer" };
  const command = await defineConfigure("configure-galera", {
    ...process,
    env: { ...env, ...process.env },
  });
  await configured(command).parseAsync(argv, { from: "user" });
  return 0;
}

async function defineFakeDns({ signal, env }: Process): Promise<Command> {
  const { fakeDnsCommand } = await import("./cli/fake-dns.js");
  return fakeDnsCommand(async (options) => {
    const { runFakeDns } = await import("./lab/fake-dns/run.js");
    return runFakeDns(options, { clock, log: logFor(readSettings({}, env)), write: print, signal });
  });
}

/** What most subcommands begin with; every problem of the settings is told here. */
function read(flags: Flags, env: Process["env"]) {
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
    ...{ overallMs, clock },
    servers: dns ?? conf.nameservers.map((address) => ({ host: address, port: 53 })),
    tryMs: conf.timeoutMs ?? 1000,
    attempts: conf.attempts,
    rotate: conf.rotate,
    tcp: conf.tcp,
    randomId: () => randomInt(0x1_0000),
  });
}

const runProcess: RunProcess = async (...call) =>
  (await import("./system/processes.js")).runProcess(...call);

/** This package is for Linux: there is a uid. */
function uid(): number {
  return process.getuid?.() ?? 0;
}

async function standardInput(signal: AbortSignal): Promise<string> {
  const [{ addAbortSignal }, { text }] = await Promise.all([
    import("node:stream"),
    import("node:stream/consumers"),
  ]);
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** A definition with its ends and its output in our hands. */
function configured(command: Command): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => void writeSync(1, text),
    writeErr: (text) => void writeSync(2, text),
    outputError: () => {}, // told by commandLineEnd
  });
}

/** The end of a command line that commander refuses or answers by itself. */
function commandLineEnd(
  program: Program,
  { code, exitCode: ended, message }: CommanderError,
): number {
  if (ended === 0) return 0;
  if (code === "commander.help") return exitCode.usage;
  printError(`${program}: ${message.replace(/^error: /, "").replaceAll("\n", " ")} (see --help)`);
  return exitCode.usage;
}
