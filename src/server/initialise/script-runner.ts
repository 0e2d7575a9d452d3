import { rmSync } from "node:fs";
import { join } from "node:path";
import { exitCode, Failure } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import type { ProcessAccount } from "../../system/processes.js";
import { writeNew } from "./new-file.js";
import { scriptArgs, sqlArgs } from "./script-shell.js";
import { runnable, type Script } from "./scripts.js";
import { temporarySocket } from "./socket.js";
import {
  type ServerPlace,
  type TemporaryServerPorts,
  withTemporaryServer,
} from "./temporary-server.js";

export interface ScriptPlace extends ServerPlace {
  /** Whom scripts run as where this is root: the server's user, as in the official image. */
  readonly account: ProcessAccount | undefined;
  /** root@localhost's while scripts run; undefined: empty. */
  readonly rootPassword: string | undefined;
  /** MARIADB_DATABASE: the default of SQL files. */
  readonly database: string | undefined;
  /** What scripts see beside this process's own variables, secrets too; the server sees none of it. */
  readonly env: Readonly<Record<string, string>>;
  /** SQL to run after the last script. */
  readonly finalStatements: readonly string[];
}

export interface ScriptPorts extends TemporaryServerPorts {
  readonly log: Log;
}

/**
 * Runs the user's files one after the other with a temporary server, which has no binary log; that it
 * runs depends on at least one file being there that is not ignored. What they print goes where our own
 * output goes.
 *
 * @throws Failure 70 for a file that fails, or a server that does
 */
export async function runInitScripts(
  scripts: readonly Script[],
  place: ScriptPlace,
  ports: ScriptPorts,
): Promise<void> {
  const { log } = ports;
  for (const { path, kind } of scripts) {
    if (kind === "ignored") log("warn", `ignoring ${path}: neither .sh nor .sql(.gz|.xz|.zst)`);
  }
  const files = runnable(scripts);
  if (files.length === 0) return;
  const options = writeClientOptions(place);
  try {
    await withTemporaryServer(place, ["--skip-log-bin"], ports, async (socket, signal) => {
      const { account } = place;
      const env = scriptVariables(place, socket);
      const bash = async (what: string, args: readonly string[], input: string) => {
        log("info", `running ${what}`);
        const common = { input, env, account, signal };
        const { exitCode: code } = await ports.runProcess("bash", args, {
          ...{ ...common, output: "pass" },
        });
        signal.throwIfAborted();
        if (code === 0) return;
        throw new Failure(
          exitCode.software,
          `initialisation: ${what} failed (${code}): what it said is above; the next start begins anew, with an empty datadir`,
        );
      };
      for (const { kind, path } of files) await bash(path, scriptArgs(kind, path), "");
      const statements = place.finalStatements.join("\n");
      if (statements !== "") await bash("the last statements", sqlArgs, `${statements}\n`);
    });
  } finally {
    rmSync(options, { force: true });
  }
}

function scriptVariables(
  { datadir, rootPassword = "", database = "", env }: ScriptPlace,
  socket: string,
): Record<string, string> {
  return {
    ...env,
    ...{ MARIADB_ROOT_PASSWORD: rootPassword, MYSQL_ROOT_PASSWORD: rootPassword },
    ...{ MARIADB_DATABASE: database, MYSQL_DATABASE: database },
    ...{ SOCKET: socket, DATADIR: datadir },
    ...{ MARIADB_HOME: datadir, MYSQL_HOME: datadir },
  };
}

/**
 * A script that calls the client itself is to find the server. Clients read `$MYSQL_HOME/my.cnf` after
 * the image's option files, which name the socket that the real server will have (my_default.c).
 *
 * @returns the file's path
 */
function writeClientOptions({ datadir }: ScriptPlace): string {
  const path = join(datadir, "my.cnf");
  writeNew(path, `[client]\nsocket="${temporarySocket(datadir)}"\n`);
  return path;
}
