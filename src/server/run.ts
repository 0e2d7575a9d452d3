import type { Consultation } from "../agent/consult.js";
import { notifyCommand } from "../agent/notify-command.js";
import { agentPrivileges } from "../agent/sql/account.js";
import { withRecovered } from "../bootstrap/evidence.js";
import { writeIfChanged } from "../cnf/write.js";
import { formatPosition, parsePosition } from "../galera/grastate.js";
import { recoverPosition } from "../galera/recover.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import { hideSecrets, type Log } from "../system/log.js";
import type { RunProcess } from "../system/processes.js";
import { awaitOrder } from "./await-order.js";
import type { StartCommand } from "./command.js";
import {
  argumentsOfMissingCnf,
  galeraSettings,
  startCnf,
  unreadCnf,
  unreadPlace,
} from "./galera-cnf.js";
import { type Accounts, requireRoot } from "./initialise/accounts.js";
import { initialiseFor, scriptsFor, upgradeFor } from "./initialise/at-start.js";
import type { Script } from "./initialise/scripts.js";
import { refuseWhileServed } from "./initialise/socket.js";
import { beginInitialisation, clearInterrupted } from "./initialise/under-way.js";
import {
  findProgram,
  type Launch,
  scriptEnvironment,
  serverEnvironment,
  softLimitVariable,
  untouchedEnvironment,
} from "./launch.js";
import { prepareDatadir, prepareRunDirectories, prepareStateDir, userArgs } from "./privileges.js";
import { refuseChanged, refuseStrayFiles, refuseUnclustered, refuseUnread } from "./refuse.js";
import { hasPosition, prepareState } from "./repair.js";
import {
  gather,
  isNew,
  type Member,
  needsInitialisation,
  type Start,
  type StartPorts,
  serverArgv,
} from "./start.js";

export interface RunPorts extends StartPorts {
  readonly uid: number;
  /** The accounts that a founder makes. */
  readonly accounts: Accounts;
  /** Where the user's files for a new server are; left out: as in the official image. */
  readonly scriptsDirectory?: string;
  readonly clock: Clock;
  /** An id that nobody else makes: 16 hex digits. */
  readonly newId: () => string;
  readonly log: Log;
  readonly runProcess: RunProcess;
  readonly launch: BecomeProgram;
  /** Node and the script that is this program. */
  readonly program: readonly string[];
  /** Finds whom to ask what to do. */
  readonly consult: (start: Start, member: Member, settings: Settings) => Promise<Consultation>;
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
 * @throws Failure with the exit codes that README.md lists; the signal's reason when it ends the start
 */
export async function run(
  command: StartCommand,
  settings: Settings,
  ports: RunPorts,
): Promise<never> {
  const { env, log, signal } = ports;
  const clean = serverEnvironment(env);
  const tools = { ...ports, runProcess: withEnvironment(clean, ports) };
  const start = gather(command, settings, ports, ports.uid);
  findProgram(start.script ?? start.argv[0] ?? "", env); // said now, not after a wait
  const argv = await prepare(start, settings, tools);
  signal.throwIfAborted();
  log("info", `becoming ${argv.map(hideSecrets).join(" ")}`);
  const delegated = argv[0] === start.script;
  const given = delegated ? scriptEnvironment(env, start.member && agentPrivileges) : clean;
  return ports.launch({ argv, env: given, softLimit: env[softLimitVariable], search: env });
}

/** All that comes before the exec; gives the server's command line. */
async function prepare(
  start: Start,
  settings: Settings,
  ports: RunPorts,
): Promise<readonly string[]> {
  const { uid, log } = ports;
  const { member } = start;
  const user = userArgs(uid, start.account);
  await refuseWhileServed(start.datadir);
  const scripts = scriptsFor(start, ports.env, ports.scriptsDirectory);
  prepareRunDirectories(start.places, uid, start.account);
  if (member === undefined) {
    log("info", "no namespace and no service: starting a single node");
    refuseStrayFiles(start);
    prepareDatadir(start.datadir, uid, start.account);
    if (needsInitialisation(start)) await initialiseFor(start, scripts, user, ports);
    else await upgradeFor(start, "found", user, ports);
    return serverArgv(start, false, undefined, user);
  }
  return prepareMember(start, member, scripts, settings, ports);
}

async function prepareMember(
  gathered: Start,
  member: Member,
  scripts: readonly Script[],
  settings: Settings,
  ports: RunPorts,
): Promise<readonly string[]> {
  const { env, uid, log, accounts } = ports;
  const user = userArgs(uid, gathered.account);
  if (gathered.evidence.kind === "unclustered") refuseUnclustered(gathered, settings);
  refuseUnread(unreadPlace(gathered.argv, env, member, settings));
  prepareDatadir(gathered.datadir, uid, gathered.account);
  if (gathered.stateDir !== gathered.datadir) {
    prepareStateDir(gathered.stateDir, uid, gathered.account);
  }
  const consultation = await ports.consult(gathered, member, settings);
  await consultation.ended(); // nobody is to join a server that is gone
  const { start, position } = await recovered(gathered, member, settings, user, ports);
  await consultation.start(start.evidence);
  const { action, why, discard, peers } = await awaitOrder(consultation, member, settings, ports);
  const founding = action === "found";
  log("info", `${founding ? "founding the cluster" : "joining"}: ${why}`);
  if (founding && needsInitialisation(start)) requireRoot(accounts);
  const galera = galeraSettings(peers, member, settings);
  if (typeof galera === "string")
    throw new Failure(exitCode.unavailable, `${galera} is not known any more`);
  const cnf = await startCnf(galera, peers, !founding, start, member, settings, ports);
  if (writeIfChanged(cnf.path, cnf.text) === "written") log("info", `${cnf.path} written`);
  refuseUnread(unreadCnf(start.argv, env, cnf));
  ports.signal.throwIfAborted();

  const { evidence, datadir } = start;
  refuseChanged(gathered);
  const purpose = founding ? "found" : discard ? "discard" : "join";
  if (founding && needsInitialisation(start)) await initialiseFor(start, scripts, user, ports);
  else if (founding && isNew(start)) {
    await beginInitialisation(start, log); // the script goes on with it
  } else if (evidence.kind === "interrupted" && evidence.by === "initialisation") {
    await clearInterrupted(start, log); // or it would be taken for a later one
  } else {
    prepareState(datadir, evidence, purpose, settings.bootstrap === "sole-peer");
    await upgradeFor(start, purpose, user, ports);
  }
  const { stateDir, notifyCommand: own } = start;
  const further = [
    ...user,
    // The server tells its agent what becomes of it, then whom the user wants it told.
    `--wsrep-notify-cmd=${notifyCommand(ports.program, datadir, stateDir, own)}`,
  ];
  return serverArgv(
    start,
    founding,
    hasPosition(evidence, purpose) ? position : undefined,
    further,
  );
}

/** The server's tools get the environment that it gets itself, without secrets. */
function withEnvironment(
  clean: Readonly<Record<string, string>>,
  { env, runProcess }: RunPorts,
): RunProcess {
  const removed = Object.keys(env).filter((name) => clean[name] === undefined);
  const hidden = Object.fromEntries(removed.map((name) => [name, undefined]));
  return (file, args, options) =>
    runProcess(file, args, { ...options, env: { ...hidden, ...options.env } });
}

/** The start, once its position is known, and the text of that for the server. */
async function recovered(
  start: Start,
  member: Member,
  settings: Settings,
  user: readonly string[],
  { env, runProcess, signal, log }: RunPorts,
): Promise<{ readonly start: Start; readonly position: string | undefined }> {
  const { evidence } = start;
  if (evidence.kind !== "unrecovered") {
    const position = evidence.kind === "position" ? formatPosition(evidence) : undefined;
    return { start: { ...start, evidence }, position };
  }
  if (evidence.damage !== undefined) log("warn", `${evidence.damage}; InnoDB has the position too`);
  const [server = "mariadbd", ...serverArgs] = start.argv;
  const missing = argumentsOfMissingCnf(start.argv, env, member, settings);
  const args = [...serverArgs, ...user, ...missing];
  const position = await recoverPosition(server, args, runProcess, signal);
  log("info", `recovered position ${position}`);
  const known = withRecovered(evidence, parsePosition(position), start.ledger);
  const hasOne = known.kind === "position" && known.seqno >= 0n;
  return {
    start: { ...start, evidence: known },
    position: hasOne ? formatPosition(known) : undefined,
  };
}
