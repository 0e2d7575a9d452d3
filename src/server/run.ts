import { prepareGaleraCnf } from "../cnf/prepare.js";
import { writeIfChanged } from "../cnf/write.js";
import { formatPosition, zeroUuid } from "../galera/grastate.js";
import { recoverPosition } from "../galera/recover.js";
import { createProgress, poll, TimeUp } from "../peers/poll.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import { hideSecrets, type Log } from "../system/log.js";
import type { RunProcess } from "../system/processes.js";
import { type Accounts, requireRoot } from "./accounts.js";
import type { StartCommand } from "./command.js";
import { clearInterrupted, initialise } from "./initialise.js";
import {
  findProgram,
  type Launch,
  serverEnvironment,
  softLimitVariable,
  untouchedEnvironment,
} from "./launch.js";
import { prepareDatadir, userArgs } from "./privileges.js";
import {
  gather,
  judge,
  type Member,
  needsInitialisation,
  refuseUnreadCnf,
  type Start,
  type StartPorts,
  serverArgv,
  type Verdict,
} from "./start.js";

export interface RunPorts extends StartPorts {
  readonly uid: number;
  /** The accounts that a founder makes. */
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly log: Log;
  readonly runProcess: RunProcess;
  readonly launch: BecomeProgram;
}

/** Becomes another program. */
export type BecomeProgram = (what: Launch) => Promise<never>;

/** A command that is none of our business. */
export async function launchUntouched(
  argv: readonly string[],
  env: StartPorts["env"],
  launch: BecomeProgram,
): Promise<never> {
  const softLimit = env[softLimitVariable];
  return launch({ argv, env: untouchedEnvironment(env), softLimit, search: env });
}

/**
 * The way of a start: settings, local evidence, peers, decision, galera.cnf, first-time
 * initialisation on a founder, exec.
 *
 * @throws Failure with the exit codes of DESIGN.md; the signal's reason when it ends the start
 */
export async function run(
  command: StartCommand,
  settings: Settings,
  ports: RunPorts,
): Promise<never> {
  const { env, uid, log, signal, accounts } = ports;
  const clean = serverEnvironment(env);
  const tools = { ...ports, runProcess: withEnvironment(clean, ports) };
  const start = gather(command, settings, ports);
  findProgram(start.script ?? start.argv[0] ?? "", env); // said now, not after a wait
  const { member } = start;
  let founding = false;
  if (member === undefined) log("info", "no namespace and no service: starting a single node");
  else {
    const verdict = await awaitVerdict(start, member, settings, ports);
    founding = verdict.decision.action === "found";
    log("info", `${founding ? "founding the cluster" : "joining"}: ${verdict.decision.why}`);
    if (founding && needsInitialisation(start)) requireRoot(accounts);
    const cnf = prepareGaleraCnf(member.cnf, verdict.galera);
    if (writeIfChanged(cnf.path, cnf.text) === "written") log("info", `${cnf.path} written`);
    refuseUnreadCnf(start.argv, env, cnf);
  }
  signal.throwIfAborted();
  prepareDatadir(start.datadir, uid, start.account);
  const user = userArgs(uid, start.account);
  const alone = founding || member === undefined;
  const { evidence } = start;
  if (alone && needsInitialisation(start)) {
    await initialiseFor(start, user, accounts, tools);
  } else if (evidence.kind === "interrupted" && evidence.by === "initialisation") {
    clearInterrupted(start.datadir, log); // or it would be taken for a later one
  }
  const position = member && (await startPosition(start, user, tools));
  const argv = serverArgv(start, founding, position, user);
  log("info", `becoming ${argv.map(hideSecrets).join(" ")}`);
  const delegated = argv[0] === start.script;
  const given = delegated ? untouchedEnvironment(env) : clean;
  return ports.launch({ argv, env: given, softLimit: env[softLimitVariable], search: env });
}

/** The server's tools get the environment that it gets itself, without secrets. */
function withEnvironment(
  clean: Readonly<Record<string, string>>,
  { env, runProcess }: RunPorts,
): RunProcess {
  const removed = Object.keys(env).filter((name) => clean[name] === undefined);
  const hidden = Object.fromEntries(removed.map((name) => [name, undefined]));
  return (file, args, options) => runProcess(file, args, { ...options, env: hidden });
}

/** Looks until the decision is neither to wait nor to hold. */
async function awaitVerdict(
  start: Start,
  member: Member,
  settings: Settings,
  { clock, log, signal }: RunPorts,
): Promise<Verdict> {
  const progress = createProgress(clock, log);
  const pace = { clock, signal, pollMs: settings.poll ?? 1000, timeoutMs: settings.timeout };
  try {
    for await (const sight of poll(member.look, pace)) {
      const verdict = judge(sight, start, member, settings);
      if (typeof verdict === "string") {
        progress.waiting(verdict);
        continue;
      }
      const { action, why } = verdict.decision;
      switch (action) {
        case "wait":
          progress.waiting(why);
          break;
        case "hold":
          throw new Failure(exitCode.held, `held: ${why}`);
        case "found":
        case "join":
          return verdict;
        default:
          action satisfies never;
      }
    }
    throw new Error("poll ended by itself");
  } catch (error) {
    throw error instanceof TimeUp ? progress.gaveUp(error.ms) : error;
  }
}

async function initialiseFor(
  { argv, datadir, member }: Start,
  user: readonly string[],
  accounts: Accounts,
  ports: RunPorts,
): Promise<void> {
  const [server = "mariadbd", ...serverArgs] = argv;
  const startedMs = ports.clock.now();
  const place = { datadir, byRoot: ports.uid === 0, member: member !== undefined };
  await initialise({ ...place, server, serverArgs, user, accounts }, ports);
  ports.log("info", `initialised in ${Math.round(ports.clock.now() - startedMs)} ms`);
}

/** The position that the server is to start from; undefined where it has none. */
async function startPosition(
  { evidence, argv }: Start,
  user: readonly string[],
  { runProcess, signal, log }: RunPorts,
): Promise<string | undefined> {
  if (evidence.kind !== "position") return undefined;
  if (evidence.seqno >= 0n) return formatPosition(evidence);
  const [server = "mariadbd", ...serverArgs] = argv;
  const position = await recoverPosition(server, [...serverArgs, ...user], runProcess, signal);
  if (position.startsWith(zeroUuid)) return undefined;
  log("info", `recovered position ${position}`);
  return position;
}
