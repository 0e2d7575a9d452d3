import { existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryServerSocket } from "../../bootstrap/datadir.js";
import { exitCode, Failure } from "../../system/failure.js";

/** Where a temporary server listens, and nobody else. */
export function temporarySocket(datadir: string): string {
  return join(datadir, temporaryServerSocket);
}

/**
 * Makes sure that no temporary server works on a datadir. In a container it ends with the start that
 * has begun it; elsewhere SIGKILL leaves it behind, in a process group of its own.
 *
 * @throws Failure 70 that says how to end it
 */
export async function refuseWhileServed(datadir: string): Promise<void> {
  const socket = temporarySocket(datadir);
  if (!existsSync(socket) || !(await isListening(socket))) return;
  throw new Failure(
    exitCode.software,
    `a temporary server of an earlier start, which was killed, still runs on ${datadir}: end the mariadbd that has --socket=${socket} in its command line, by SIGTERM, and start again`,
  );
}

function isListening(path: string): Promise<boolean> {
  const { connect } = process.getBuiltinModule("node:net"); // loaded by who needs it only
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false)); // ECONNREFUSED: what a crash has left
  });
}
