/*
 * The last act of `run`: this process becomes the server. Same PID, nothing of ours left between
 * the container's runtime and the database. What Node has done to the process would outlive the
 * exec, so each trace of it is put back first:
 *
 * - Signals. exec keeps ignored signals ignored, and Node ignores SIGPIPE and SIGXFSZ; a signal with
 *   a handler goes back to its default. So both get a handler that never runs.
 * - SIGTERM and SIGINT. The caller has let the event loop poll for one that came before; ours are
 *   released first thing here, so that a later one has its default effect. For PID 1 that is none:
 *   what comes in the few milliseconds up to the exec is dropped by the kernel.
 * - Standard output and error. Node makes pipes non-blocking as soon as process.stdout is touched;
 *   mariadbd would lose log lines.
 * - Open files. Node raises the soft limit to the hard one before any script runs. A launcher that
 *   runs before Node (docker/launcher.sh) notes the limit, and a shell sets it again.
 * - Environment. NODE_* would reach every script that the server starts, and root's password is
 *   nobody's business any more.
 */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { exitCode, Failure } from "../system/failure.js";
import { isSecretVariable } from "../system/secret-variables.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Set by the launcher: the soft limit of open files before Node raised it. */
export const softLimitVariable = "GALERA_PEERS_NOFILE";

/**
 * Finds a program as execvp(3) does, and makes sure that exec will take it: a failing exec ends
 * Node 22 and 24 by SIGABRT.
 *
 * @throws Failure 127 where it is not found, 126 where it cannot be executed
 */
export function findProgram(command: string, env: Environment): string {
  const places = command.includes("/")
    ? [command]
    : (env.PATH ?? "/usr/local/bin:/usr/bin:/bin")
        .split(delimiter)
        .map((dir) => join(dir || ".", command));
  let denied: string | undefined;
  for (const place of places) {
    try {
      if (!statSync(place).isFile()) {
        denied ??= `${place} is not a file`;
        continue;
      }
      accessSync(place, constants.X_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EACCES")
        denied ??= `${place} is not executable`;
      continue;
    }
    checkFormat(place);
    return place;
  }
  if (denied !== undefined) throw new Failure(exitCode.notExecutable, `${command}: ${denied}`);
  throw new Failure(exitCode.notFound, `${command}: command not found`);
}

/** Whether a program can be found and executed. */
export function hasProgram(command: string, env: Environment): boolean {
  try {
    findProgram(command, env);
    return true;
  } catch {
    return false;
  }
}

/** The kernel takes ELF files and scripts whose interpreter exists (execve(2)). */
function checkFormat(path: string): void {
  const head = Buffer.alloc(256);
  let length: number;
  try {
    const file = openSync(path, "r");
    length = readSync(file, head);
    closeSync(file);
  } catch {
    return; // a binary may be executable and not readable
  }
  if (head.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"))) return;
  const [, interpreter] = /^#![ \t]*([^\s\0]+)/.exec(head.toString("latin1", 0, length)) ?? [];
  const refuse = (why: string) => {
    throw new Failure(exitCode.notExecutable, `${path}: ${why}`);
  };
  if (interpreter === undefined) refuse("neither a binary nor a script with a #! line");
  else
    try {
      accessSync(interpreter, constants.X_OK);
    } catch {
      refuse(`its interpreter ${interpreter} cannot be executed`);
    }
}

/** The server's environment: without NODE_*, without what is ours alone, without secrets. */
export function serverEnvironment(env: Environment): Record<string, string> {
  return keep(
    env,
    (name) => !name.startsWith("NODE_") && !isSecretVariable(name) && name !== softLimitVariable,
  );
}

/**
 * For the official script, which needs the passwords: all but what is the agent's alone. The script
 * knows of no agent; the account that it can make for the server's own user is the agent's too, unless
 * the user has decided about that one.
 *
 * @param privileges what a member's agent has to be allowed; undefined for a single node
 */
export function scriptEnvironment(
  env: Environment,
  privileges?: readonly string[],
): Record<string, string> {
  const own = keep(
    env,
    (name) => name !== softLimitVariable && !/^GALERA_AGENT_KEY(_FILE)?$/.test(name),
  );
  if (privileges === undefined) return own;
  return {
    MARIADB_MYSQL_LOCALHOST_USER: "1",
    MARIADB_MYSQL_LOCALHOST_GRANTS: privileges.join(", "),
    ...own,
  };
}

/** For a command that is none of our business: all but our own note. */
export function untouchedEnvironment(env: Environment): Record<string, string> {
  return keep(env, (name) => name !== softLimitVariable);
}

function keep(env: Environment, wanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && wanted(entry[0]),
    ),
  );
}

export interface Launch {
  /** The program as it was typed, and its arguments. */
  readonly argv: readonly string[];
  readonly env: Record<string, string>;
  /** The soft limit of open files to go back to. */
  readonly softLimit: string | undefined;
  /** Where programs are looked for. */
  readonly search: Environment;
}

/**
 * Becomes another program; never returns.
 *
 * @param release gives SIGTERM and SIGINT their default effect back
 */
export function launch({ argv, env, softLimit, search }: Launch, release: () => void): never {
  release();
  const [command = "", ...args] = argv;
  const path = findProgram(command, search);
  for (const name of ["SIGPIPE", "SIGXFSZ"] as const) process.on(name, () => {});
  restoreBlocking();
  const limited = softLimit !== undefined && /^(\d+|unlimited)$/.test(softLimit);
  const program = limited ? "/bin/sh" : path;
  const words = limited
    ? ["sh", "-c", 'ulimit -S -n "$1"; shift; exec "$@"', "sh", softLimit, path, ...args]
    : [command, ...args];
  // biome-ignore lint/style/noNonNullAssertion: start.ts refuses a Node without it
  return process.execve!(program, words, env);
}

/** Clears O_NONBLOCK where standard output or error has it. */
function restoreBlocking(): void {
  for (const [fd, name] of [
    [1, "stdout"],
    [2, "stderr"],
  ] as const) {
    const [, flags = "0"] =
      /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
    if ((Number.parseInt(flags, 8) & constants.O_NONBLOCK) === 0) continue;
    const stream = process[name] as unknown as { _handle?: { setBlocking(on: boolean): void } };
    stream._handle?.setBlocking(true);
  }
}
