import type { Consultation } from "../agent/consult.js";
import { readAgentKey } from "../agent/http/key.js";
import { notifyCommand } from "../agent/notify-command.js";
import { readEvidence } from "../bootstrap/datadir.js";
import { ownObstacle } from "../bootstrap/decide.js";
import { describeEvidence, withRecovered } from "../bootstrap/evidence.js";
import { toJson } from "../bootstrap/format.js";
import { prepareGaleraCnf } from "../cnf/prepare.js";
import { writeIfChanged } from "../cnf/write.js";
import { formatPosition, parsePosition } from "../galera/grastate.js";
import { recoverPosition } from "../galera/recover.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { exitCode, Failure } from "../system/failure.js";
import { hideSecrets, type Log } from "../system/log.js";
import type { RunProcess } from "../system/processes.js";
import { type Accounts, requireRoot } from "./accounts.js";
import { awaitOrder } from "./await-order.js";
import type { StartCommand } from "./command.js";
import { beginInitialisation, clearInterrupted, initialise } from "./initialise.js";
import {
  findProgram,
  type Launch,
  scriptEnvironment,
  serverEnvironment,
  softLimitVariable,
  untouchedEnvironment,
} from "./launch.js";
import { prepareDatadir, prepareStateDir, serverUser, userArgs } from "./privileges.js";
import { hasPosition, prepareState } from "./repair.js";
import {
  galeraSettings,
  gather,
  isNew,
  type Member,
  needsInitialisation,
  refuseUnreadCnf,
  type Start,
  type StartPorts,
  serverArgv,
} from "./start.js";

export interface RunPorts extends StartPorts {
  readonly uid: number;
  /** The accounts that a founder makes. */
  readonly accounts: Accounts;
  readonly clock: Clock;
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
 * @throws Failure with the exit codes of DESIGN.md; the signal's reason when it ends the start
 */
export async function run(
  command: StartCommand,
  settings: Settings,
  ports: RunPorts,
): Promise<never> {
  const { env, log, signal } = ports;
  const clean = serverEnvironment(env);
  const tools = { ...ports, runProcess: withEnvironment(clean, ports) };
  const start = gather(command, settings, ports);
  findProgram(start.script ?? start.argv[0] ?? "", env); // said now, not after a wait
  const argv = await prepare(start, settings, tools);
  signal.throwIfAborted();
  log("info", `becoming ${argv.map(hideSecrets).join(" ")}`);
  const delegated = argv[0] === start.script;
  const given = delegated ? scriptEnvironment(env) : clean;
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
  if (member === undefined) {
    log("info", "no namespace and no service: starting a single node");
    prepareDatadir(start.datadir, uid, start.account);
    if (needsInitialisation(start)) await initialiseFor(start, user, ports);
    return serverArgv(start, false, undefined, user);
  }
  return prepareMember(start, member, settings, ports);
}

async function prepareMember(
  gathered: Start,
  member: Member,
  settings: Settings,
  ports: RunPorts,
): Promise<readonly string[]> {
  const { env, uid, log, accounts } = ports;
  const user = userArgs(uid, gathered.account);
  if (gathered.evidence.kind === "unclustered") refuseUnclustered(gathered, settings);
  prepareDatadir(gathered.datadir, uid, gathered.account);
  if (gathered.stateDir !== gathered.datadir) {
    prepareStateDir(gathered.stateDir, uid, gathered.account);
  }
  const consultation = await ports.consult(gathered, member, settings);
  await consultation.ended(); // nobody is to join a server that is gone
  const { start, position } = await recovered(gathered, user, ports);
  await consultation.start(start.evidence);
  const { action, why, discard, peers } = await awaitOrder(consultation, member, settings, ports);
  const founding = action === "found";
  log("info", `${founding ? "founding the cluster" : "joining"}: ${why}`);
  if (founding && needsInitialisation(start)) requireRoot(accounts);
  const galera = galeraSettings(peers, member, settings);
  if (typeof galera === "string")
    throw new Failure(exitCode.unavailable, `${galera} is not known any more`);
  const cnf = prepareGaleraCnf(member.cnf, galera);
  if (writeIfChanged(cnf.path, cnf.text) === "written") log("info", `${cnf.path} written`);
  refuseUnreadCnf(start.argv, env, cnf);
  ports.signal.throwIfAborted();

  const { evidence, datadir, ledger } = start;
  refuseChanged(gathered);
  const purpose = founding ? "found" : discard ? "discard" : "join";
  if (founding && needsInitialisation(start)) await initialiseFor(start, user, ports);
  else if (founding && isNew(start)) {
    beginInitialisation({ datadir, ledger, byRoot: uid === 0 }, log); // the script goes on with it
  } else if (evidence.kind === "interrupted" && evidence.by === "initialisation") {
    clearInterrupted(datadir, ledger, log); // or it would be taken for a later one
  } else prepareState(datadir, evidence, purpose);
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

/** What DNS and the other members say cannot change it. */
function refuseUnclustered({ evidence, ledger }: Start, { bootstrap }: Settings): void {
  const obstacle = bootstrap === "sole-peer" ? undefined : ownObstacle(evidence, ledger);
  if (obstacle !== undefined) throw new Failure(exitCode.held, `held: ${obstacle}`);
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

async function initialiseFor(
  { argv, datadir, member, ledger, account }: Start,
  user: readonly string[],
  ports: RunPorts,
): Promise<void> {
  const [server = "mariadbd", ...serverArgs] = argv;
  const startedMs = ports.clock.now();
  const { uid, env } = ports;
  const place = { datadir, byRoot: uid === 0, member: member !== undefined, ledger };
  const names = { serverUser: serverUser(uid, account), key: readAgentKey(env), user };
  await initialise({ ...place, ...names, server, serverArgs, accounts: ports.accounts }, ports);
  ports.log("info", `initialised in ${Math.round(ports.clock.now() - startedMs)} ms`);
}

/** The start, once its position is known, and the text of that for the server. */
async function recovered(
  start: Start,
  user: readonly string[],
  { runProcess, signal, log }: RunPorts,
): Promise<{ readonly start: Start; readonly position: string | undefined }> {
  const { evidence } = start;
  if (evidence.kind !== "unrecovered") {
    const position = evidence.kind === "position" ? formatPosition(evidence) : undefined;
    return { start: { ...start, evidence }, position };
  }
  if (evidence.damage !== undefined) log("warn", `${evidence.damage}; InnoDB has the position too`);
  const [server = "mariadbd", ...serverArgs] = start.argv;
  const position = await recoverPosition(server, [...serverArgs, ...user], runProcess, signal);
  log("info", `recovered position ${position}`);
  const known = withRecovered(evidence, parsePosition(position), start.ledger);
  const hasOne = known.kind === "position" && known.seqno >= 0n;
  return { start: { ...start, evidence: known }, position: hasOne ? position : undefined };
}

/**
 * A start may have waited for hours, and somebody have put data into the datadir meanwhile.
 *
 * @throws Failure 70, to begin again from what is there now
 */
function refuseChanged({ datadir, ledger, evidence: before }: Start): void {
  const now = readEvidence(datadir, ledger);
  if (toJson(now) === toJson(before)) return;
  const what = describeEvidence(now);
  throw new Failure(exitCode.software, `${datadir} has changed while this start waited: ${what}`);
}
