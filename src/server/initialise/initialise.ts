/*
 * The first-time initialisation of a founder, or of a single node: one pass of `mariadb-install-db`, which
 * takes time zones, accounts and database from its standard input, so that passwords are in no argv, file
 * or log; then the user's scripts, for which alone a server has to run.
 */
import { type AgentAccount, agentAccount } from "../../agent/sql/account.js";
import { flushTree } from "../../system/files.js";
import type { Log } from "../../system/log.js";
import { argumentOf, defaultsArgs } from "../command.js";
import { type Accounts, requireRoot } from "./accounts.js";
import type { ScriptPlace } from "./script-runner.js";
import { runnable, type Script } from "./scripts.js";
import { accountStatements, rootSecret, rootStatement, sessionStatements } from "./statements.js";
import type { ReadTimeZones, TimeZones } from "./time-zones.js";
import { alone, ownerOf, runTool, type ToolPorts } from "./tool.js";
import { beginInitialisation, endInitialisation, type NewDatadir } from "./under-way.js";
import { exportedVariables } from "./variables.js";

export interface InitialiseOptions extends NewDatadir {
  /** Root starts the server, which gives root up. */
  readonly byRoot: boolean;
  /** The server's program and its arguments. */
  readonly server: string;
  readonly serverArgs: readonly string[];
  /** What the server's option files give an option. */
  readonly inFiles: (name: string) => string | undefined;
  /** `--user=…` where the server gives up root. */
  readonly user: readonly string[];
  readonly accounts: Accounts;
  /** Of a cluster: a single node has no grastate.dat, and no agent. */
  readonly member: boolean;
  /** The operating system's user that server and agent run as, where it has a name. */
  readonly serverUser: string | undefined;
  /** The key that the members share. */
  readonly key: string | undefined;
  /** The user's files for a new server. */
  readonly scripts: readonly Script[];
}

export interface InitialisePorts extends ToolPorts {
  readonly readTimeZones: ReadTimeZones;
  /** Runs the user's files, with a server for them alone. */
  readonly runScripts: (scripts: readonly Script[], place: ScriptPlace) => Promise<void>;
  readonly log: Log;
}

/**
 * As the official image has it: the program leaves the PAM plugin's files as they are (`--rpm`), and makes
 * no accounts for this host's name, which need not have an address (`--cross-bootstrap`).
 */
const tablesOnly = [
  ...["--rpm", "--cross-bootstrap", "--skip-test-db"],
  "--auth-root-authentication-method=normal",
];

/** What `mariadb-install-db` runs after its own SQL. */
const furtherSql = "--extra-file=/dev/stdin";

/** What the server makes may be half as long as it is not done: it is flushed once, at the end. */
const unflushed = "--debug-no-sync";

/** Options by which a server has files elsewhere than in its datadir. */
const elsewhere = [
  ...["innodb_data_home_dir", "innodb_data_file_path", "innodb_log_group_home_dir"],
  ...["innodb_undo_directory", "aria_log_dir_path"],
] as const;

/**
 * Makes a datadir's databases. A kill at any point leaves what the next start begins anew: the note goes
 * last.
 *
 * @throws Failure 78 without a root option, 70 with the end of the output of a step that failed
 */
export async function initialise(
  options: InitialiseOptions,
  ports: InitialisePorts,
): Promise<void> {
  const { datadir, server, serverArgs, user, accounts, member } = options;
  const { log, signal } = ports;
  const random = randomPassword();
  const granted = rootSecret(requireRoot(accounts), random);
  const statements = accountStatements(accounts, random, agentOf(options));
  const hasScripts = runnable(options.scripts).length > 0;
  // Nobody knows a hash's password, so scripts get in by another one.
  const meanwhile =
    granted.kind === "password" ? granted : ({ kind: "password", password: random } as const);
  const last = hasScripts && granted.kind === "hash" ? [rootStatement(granted)] : [];
  if (last.length > 0) statements.push(rootStatement(meanwhile));

  await beginInitialisation(options, log);
  for (const note of accounts.notes ?? []) log("warn", note);
  log("info", `initialising ${datadir}`);
  const zones = accounts.skipsTimeZones ? undefined : ports.readTimeZones(signal);
  const sql = [...sessionStatements, ...zoneStatements(await zones, log), ...statements];
  await makeDatabases(options, sql, ports);
  if (options.scripts.length > 0) {
    await ports.runScripts(options.scripts, {
      ...{ server, serverArgs, user, datadir, database: accounts.database },
      account: options.byRoot ? ownerOf(datadir) : undefined,
      rootPassword: meanwhile.password || undefined,
      env: exportedVariables(accounts.variables ?? {}),
      finalStatements: last,
    });
  }
  // Not after the end: one that a kill has kept from being printed nobody would ever know.
  if (accounts.root?.kind === "random") log("info", `GENERATED ROOT PASSWORD: ${random}`);
  endInitialisation(datadir, member);
}

async function makeDatabases(
  { datadir, serverArgs, inFiles, user }: InitialiseOptions,
  sql: readonly string[],
  ports: InitialisePorts,
): Promise<void> {
  const defaults = defaultsArgs(serverArgs);
  const rest = serverArgs.slice(defaults.length);
  const words = rest.filter((arg) => !/\s/.test(arg)); // the script would take others apart
  const isInDatadir = elsewhere.every((name) => !(argumentOf(rest, name) ?? inFiles(name)));
  const args = [
    ...[...defaults, ...tablesOnly, furtherSql, ...user, ...words],
    ...[`--datadir=${datadir}`, ...alone, "--skip-log-bin"],
    ...(isInDatadir ? [unflushed] : []),
  ];
  const input = `${sql.join("\n")}\n`;
  const task = { name: "initialisation", input, inputIsFile: true };
  await runTool("mariadb-install-db", args, task, ports);
  if (isInDatadir) flushTree(datadir);
}

/** Has a character of each class that simple_password_check asks for. */
function randomPassword(): string {
  const { randomBytes } = process.getBuiltinModule("node:crypto"); // loaded by who needs it only
  return `${randomBytes(21).toString("base64url")}-Aa1`;
}

function agentOf({ member, serverUser, key }: InitialiseOptions): AgentAccount | undefined {
  return member ? agentAccount(serverUser, key) : undefined;
}

function zoneStatements(zones: TimeZones | undefined, log: Log): readonly string[] {
  if (zones?.kind === "sql") return [zones.sql];
  if (zones !== undefined) log("info", `no named time zones: ${zones.why}`);
  return [];
}
