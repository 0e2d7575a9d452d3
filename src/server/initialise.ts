import {
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { belongsToVolume, initialisationNote, readEvidence } from "../bootstrap/datadir.js";
import { describeEvidence } from "../bootstrap/evidence.js";
import type { Ledger } from "../bootstrap/ledger.js";
import { isOwnFile } from "../bootstrap/store.js";
import { formatGrastate, zeroUuid } from "../galera/grastate.js";
import { listed } from "../peers/peer-set.js";
import { exitCode, Failure } from "../system/failure.js";
import { flushDirectory } from "../system/files.js";
import type { Log } from "../system/log.js";
import type { RunProcess } from "../system/processes.js";
import { type Accounts, accountStatements } from "./accounts.js";
import { defaultsArgs } from "./command.js";

export interface InitialiseOptions {
  readonly datadir: string;
  /** The server's program and its arguments. */
  readonly server: string;
  readonly serverArgs: readonly string[];
  /** `--user=…` where the server gives up root. */
  readonly user: readonly string[];
  readonly accounts: Accounts;
  /** Root starts the server, which gives root up. */
  readonly byRoot: boolean;
  /** Of a cluster: a single node has no grastate.dat. */
  readonly member: boolean;
  readonly ledger: Ledger | undefined;
  /** The operating system's user that server and agent run as, where it has a name. */
  readonly serverUser: string | undefined;
  /** The key that the members share. */
  readonly key: string | undefined;
}

export interface InitialisePorts {
  readonly runProcess: RunProcess;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * What a datadir says that may found and has not yet. It is the note's text, so that the note becomes
 * grastate.dat in one step when all is done.
 */
const initialGrastate = formatGrastate({ uuid: zeroUuid, seqno: -1n, safeToBootstrap: true });

/** Replication and networking stay out of an initialisation, whatever the option files say. */
const alone = ["--wsrep-on=OFF", "--skip-log-bin", "--skip-networking", "--disable-log-error"];

/**
 * Makes a founder's datadir: `mariadb-install-db`, then the accounts by `mariadbd --bootstrap`, whose
 * standard input keeps passwords out of argv, files and logs.
 *
 * A note in the datadir says that it is under way; it is durable before the first step and gone
 * after the last. What an interrupted initialisation left behind is removed first.
 *
 * @throws Failure 78 without a root option, 70 with the end of the output of a step that failed
 */
export async function initialise(
  options: InitialiseOptions,
  ports: InitialisePorts,
): Promise<void> {
  const { datadir, server, serverArgs, user, accounts, member, serverUser, key } = options;
  const { log } = ports;
  const [{ randomBytes }, { agentAccount }] = await Promise.all([
    import("node:crypto"),
    import("../agent/sql/account.js"),
  ]);
  const password = randomBytes(24).toString("base64url");
  const agent = member ? agentAccount(serverUser, key) : undefined; // a single node has no agent
  const statements = accountStatements(accounts, password, agent);
  const defaults = defaultsArgs(serverArgs);
  const rest = serverArgs.slice(defaults.length);

  const note = beginInitialisation(options, log);
  log("info", `initialising ${datadir}`);
  const common = [...user, ...rest, `--datadir=${datadir}`, ...alone];
  await step(
    "mariadb-install-db",
    [...defaults, "--skip-test-db", "--auth-root-authentication-method=normal", ...common],
    "",
    ports,
  );
  await step(server, [...defaults, ...common, "--bootstrap"], `${statements.join("\n")}\n`, ports);
  if (member) renameSync(note, join(datadir, "grastate.dat"));
  else rmSync(note);
  flushDirectory(datadir);
  if (accounts.root?.kind === "random") {
    log("info", `GENERATED ROOT PASSWORD: ${password}`); // printed once, as the official image does
  }
}

/**
 * Says in the datadir that its initialisation is under way, and removes what an earlier one has left.
 *
 * @returns the note's path
 */
export function beginInitialisation(
  { datadir, ledger, byRoot }: Pick<InitialiseOptions, "datadir" | "ledger" | "byRoot">,
  log: Log,
): string {
  mkdirSync(datadir, { recursive: true });
  refuseToClear(datadir, ledger); // before the note: with it, anything is half an initialisation
  const note = join(datadir, initialisationNote);
  writeDurably(note, initialGrastate, byRoot);
  clear(datadir, log);
  return note;
}

async function step(
  file: string,
  args: readonly string[],
  input: string,
  { runProcess, signal }: InitialisePorts,
): Promise<void> {
  const { exitCode: code, output } = await runProcess(file, args, {
    input,
    output: "keep",
    signal,
  });
  signal.throwIfAborted();
  if (code === 0) return;
  const errors = output
    .split("\n")
    .filter((line) => /error/i.test(line))
    .slice(-5);
  const said = (errors.length > 0 ? errors : output.trimEnd().split("\n").slice(-5)).join(" | ");
  throw new Failure(exitCode.software, `initialisation: ${file} failed (${code}): ${said}`);
}

/** Removes what an initialisation that was cut off left in a datadir, its note last. */
export function clearInterrupted(datadir: string, ledger: Ledger | undefined, log: Log): void {
  refuseToClear(datadir, ledger);
  clear(datadir, log);
  rmSync(join(datadir, initialisationNote), { force: true });
  flushDirectory(datadir);
}

/** @throws Failure 75 for a datadir with anything in it that no initialisation has left */
function refuseToClear(datadir: string, ledger: Ledger | undefined): void {
  const evidence = readEvidence(datadir, ledger);
  const isInitialisation = evidence.kind === "interrupted" && evidence.by === "initialisation";
  if (evidence.kind !== "empty" && !isInitialisation) {
    const why = describeEvidence(evidence);
    throw new Failure(exitCode.held, `held: ${datadir} is not cleared, since ${why}`);
  }
}

function clear(datadir: string, log: Log): void {
  const entries = readdirSync(datadir).filter(
    (entry) => entry !== initialisationNote && !belongsToVolume(entry) && !isOwnFile(entry),
  );
  if (entries.length === 0) return;
  log("info", `clearing ${datadir} of what a start that was cut off left: ${listed(entries)}`);
  for (const entry of entries) rmSync(join(datadir, entry), { recursive: true });
}

/** What root writes gets the owner of its directory, the server's account. */
function writeDurably(path: string, text: string, byRoot: boolean): void {
  writeFileSync(path, text, { flush: true });
  const directory = dirname(path);
  if (byRoot) {
    const { uid, gid } = statSync(directory);
    chownSync(path, uid, gid);
  }
  flushDirectory(directory);
}
