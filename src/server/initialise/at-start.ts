/*
 * What a start does to the datadir's databases: makes them, or brings them up to the server.
 */
import { readAgentKey } from "../../agent/http/key.js";
import { readServerOptions } from "../../cnf/server-options.js";
import { defaultsArgs } from "../command.js";
import { serverEnvironment } from "../launch.js";
import { serverUser } from "../privileges.js";
import type { Purpose } from "../repair.js";
import { needsInitialisation, type Start } from "../start.js";
import type { Accounts } from "./accounts.js";
import { initialise } from "./initialise.js";
import { requirePrograms } from "./script-programs.js";
import { runInitScripts, type ScriptPorts } from "./script-runner.js";
import { findScripts, type Script } from "./scripts.js";
import { readTimeZones } from "./time-zones.js";
import { beginsWithOwnData, upgradeIfOlder } from "./upgrade.js";

export interface DatabasePorts extends ScriptPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** The accounts that a founder makes. */
  readonly accounts: Accounts;
}

/**
 * The user's files for a new server. Whoever may come to found is told of what is wrong with them
 * before anybody is asked: a founding that was granted is used up.
 *
 * @param directory where they are; left out: as in the official image
 * @throws Failure 78 for files that could not be run
 */
export function scriptsFor(
  start: Start,
  env: DatabasePorts["env"],
  directory?: string,
): readonly Script[] {
  if (!needsInitialisation(start)) return [];
  const scripts = findScripts(directory);
  requirePrograms(scripts, env);
  return scripts;
}

/** @param user `--user=…` where the server gives up root */
export async function initialiseFor(
  { argv, datadir, member, ledger, account }: Start,
  scripts: readonly Script[],
  user: readonly string[],
  ports: DatabasePorts,
): Promise<void> {
  const [server = "mariadbd", ...serverArgs] = argv;
  const startedMs = ports.clock.now();
  const { uid, env, accounts } = ports;
  const place = { datadir, byRoot: uid === 0, member: member !== undefined, ledger };
  const names = { serverUser: serverUser(uid, account), key: readAgentKey(env), user };
  const inFiles = readServerOptions({ args: defaultsArgs(serverArgs), env });
  await initialise(
    { ...place, ...names, accounts, scripts, server, serverArgs, inFiles },
    {
      ...ports,
      readTimeZones: (signal) => readTimeZones(serverEnvironment(env), signal),
      runScripts: (files, where) => runInitScripts(files, where, ports),
    },
  );
  ports.log("info", `initialised in ${Math.round(ports.clock.now() - startedMs)} ms`);
}

/** @param user `--user=…` where the server gives up root */
export async function upgradeFor(
  { argv, datadir, evidence, script }: Start,
  purpose: Purpose,
  user: readonly string[],
  ports: DatabasePorts,
): Promise<void> {
  if (script !== undefined && purpose === "found") return; // the official script's business
  if (!beginsWithOwnData(evidence, purpose)) return;
  const [server = "mariadbd", ...serverArgs] = argv;
  await upgradeIfOlder({ datadir, server, serverArgs, user, byRoot: ports.uid === 0 }, ports);
}
