/*
 * The command lines: the definition of each subcommand and program, joined to the code that it calls.
 */
import { tmpdir } from "node:os";
import { Command, CommanderError } from "commander";
import type { Adapters } from "./adapters.js";
import { defineAgent, defineDrain, defineProbe, defineStatus } from "./agent-commands.js";
import { configureCommand } from "./cli/configure.js";
import { fakeDnsCommand } from "./cli/fake-dns.js";
import { findCommand } from "./cli/find.js";
import { incomplete, parseGoFlags } from "./cli/go-flags.js";
import { labCommand } from "./cli/lab.js";
import { configured, type Flags, withLongNamespace } from "./cli/options.js";
import { planCommand } from "./cli/plan.js";
import { runCommand } from "./cli/run.js";
import { configure } from "./cnf/configure.js";
import { writeIfChanged } from "./cnf/write.js";
import type { Program } from "./entrypoint.js";
import { find } from "./peers/find.js";
import { identify, namespaceOf, ownNames } from "./peers/identity.js";
import { createLook } from "./peers/look.js";
import { cnfSources } from "./server/image.js";
import { formatPlan, plan } from "./server/plan.js";
import { readSettings } from "./settings.js";
import { exitCode, Failure } from "./system/failure.js";

/** What each program does with its arguments; the result is the exit code. */
export const programs: Record<
  Program,
  (argv: readonly string[], adapters: Adapters) => Promise<number>
> = {
  "galera-peers": galeraPeers,
  "peer-finder": peerFinder,
  "configure-galera": configureGalera,
};

async function galeraPeers(argv: readonly string[], adapters: Adapters): Promise<number> {
  const words = withLongNamespace(argv);
  const root = configured(new Command("galera-peers"))
    .description(
      "Starts MariaDB Galera nodes: finds the peers, decides who founds, writes galera.cnf.",
    )
    .option("--version", "print the version")
    .enablePositionalOptions();
  for (const define of subcommands) root.addCommand(configured(define(adapters)));
  const known = ["help", ...root.commands.map((command) => command.name())];
  const [first = "--help"] = words;
  if (!first.startsWith("-") && !known.includes(first)) {
    throw new Failure(exitCode.usage, `unknown command '${first}' (see galera-peers --help)`);
  }
  root.action(async ({ version }: { version?: true }) => {
    if (version !== true) root.help({ error: true });
    const { default: about } = await import("../package.json", { with: { type: "json" } });
    adapters.print(about.version);
  });
  return parse(root, words, adapters);
}

const subcommands: readonly ((adapters: Adapters) => Command)[] = [
  ({ becomeServer }) => runCommand(becomeServer),
  definePlan,
  defineStatus,
  defineAgent,
  defineProbe,
  defineDrain,
  defineFind,
  (adapters) => defineConfigure("configure", adapters),
  defineFakeDns,
  defineLab,
];

/** Parses a command line and does what it says; what commander refuses is told in one line. */
async function parse(
  command: Command,
  words: readonly string[],
  { printError }: Adapters,
): Promise<number> {
  try {
    await command.parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0; // help was asked for
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    if (error.code !== "commander.help") printError(`${command.name()}: ${message} (see --help)`);
    return exitCode.usage;
  }
}

function definePlan({ read, print, ...adapters }: Adapters): Command {
  return planCommand(async (words, flags, json) => {
    const { settings, host } = read(flags);
    const result = await plan(words, settings, { ...adapters, host });
    print(json ? JSON.stringify(result, undefined, 2) : formatPlan(result));
  });
}

function defineFind(adapters: Adapters): Command {
  return findCommand((flags, watchAddresses) =>
    findPeers(readForFind(flags, adapters), watchAddresses, adapters),
  );
}

/** The variables for hooks are the agent's: whoever looks for peers in its pod runs none of them. */
function readForFind(flags: Flags, { read }: Adapters): ReturnType<Adapters["read"]> {
  const { settings, ...given } = read(flags);
  const { onStart, onChange, ...rest } = settings;
  const hooks = {
    ...(flags.onStart !== undefined && { onStart }),
    ...(flags.onChange !== undefined && { onChange }),
  };
  return { ...given, settings: { ...rest, ...hooks } };
}

/** The drop-in for the Go program. */
async function peerFinder(argv: readonly string[], adapters: Adapters): Promise<number> {
  const line = parseGoFlags(argv);
  if (line.kind === "end") return endAsGo(line, adapters);
  const given = readForFind(line.flags, adapters);
  if (namespaceOf(given.settings, given.host) === undefined) return endAsGo(incomplete, adapters);
  await findPeers(given, false, adapters);
  return 0;
}

function endAsGo(end: { exitCode: number; text: string }, { printError }: Adapters): number {
  printError(end.text);
  return end.exitCode;
}

async function findPeers(
  { settings, host, log }: ReturnType<Adapters["read"]>,
  watchAddresses: boolean,
  { createQuery, ...ports }: Adapters,
): Promise<void> {
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
    { ...ports, log },
  );
}

function defineConfigure(name: string, { env, signal, read }: Adapters): Command {
  return configureCommand(name, async (flags) => {
    const { settings, host, log } = read(flags);
    const { clusterName = settings.service, providerOptions, sstMethod } = settings;
    const { path, text } = configure(await standardInput(signal), {
      ...{ ...ownNames(settings, host), clusterName, providerOptions, sstMethod },
      cnf: cnfSources(settings),
      self: env.HOST_ADDRESS,
      solePeerFounds: settings.bootstrap === "sole-peer",
    });
    if (writeIfChanged(path, text) === "written") log("info", `${path} written`);
  });
}

/** The drop-in for configure-galera.sh: its file, and a new cluster for a sole peer. */
async function configureGalera(argv: readonly string[], adapters: Adapters): Promise<number> {
  const read = (flags: Flags) =>
    adapters.read({
      cnf: adapters.env.GALERA_CNF || "/etc/my.cnf.d/galera.cnf",
      bootstrap: adapters.env.GALERA_BOOTSTRAP || "sole-peer",
      ...flags,
    });
  const command = configured(defineConfigure("configure-galera", { ...adapters, read }));
  return parse(command, argv, adapters);
}

function defineFakeDns({ env, clock, logFor, print, signal }: Adapters): Command {
  return fakeDnsCommand(async (options) => {
    const { runFakeDns } = await import("./lab/fake-dns/run.js");
    const log = logFor(readSettings({}, { GALERA_LOG: env.GALERA_LOG }));
    return runFakeDns(options, { clock, log, write: print, signal });
  });
}

function defineLab(adapters: Adapters): Command {
  return labCommand(async (call) => {
    const { runLab } = await import("./lab/commands.js");
    const log = adapters.logFor(readSettings({}, { GALERA_LOG: adapters.env.GALERA_LOG }));
    const [, program = "galera-peers"] = process.argv;
    return runLab(call, { ...adapters, log, program, tmp: tmpdir() });
  });
}

/** All of standard input; a signal ends the wait for it. */
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
