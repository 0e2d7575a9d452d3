/*
 * A server for the time of some work on its datadir, before it may be a cluster's. It replicates
 * nothing, listens on one socket of its own, and runs nothing by itself: no event, no init_file, no
 * replica.
 *
 * The socket is not the configured one. There the agent would take it for the member's server, and its
 * end for that server's; and a probe would call it ready.
 */
import { rmSync } from "node:fs";
import type { Clock } from "../../system/clock.js";
import { exitCode, Failure } from "../../system/failure.js";
import { lastWords } from "../../system/last-words.js";
import type { ProcessEnd, RunProcess } from "../../system/processes.js";
import { refuseWhileServed, temporarySocket } from "./socket.js";
import { alone } from "./tool.js";

/** Which server, and of which datadir. */
export interface ServerPlace {
  readonly datadir: string;
  readonly server: string;
  /** As the real start has them, those in front that choose option files too. */
  readonly serverArgs: readonly string[];
  /** `--user=…` where the server gives up root. */
  readonly user: readonly string[];
}

export interface TemporaryServerPorts {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const idle = [
  "--skip-slave-start",
  "--event-scheduler=OFF",
  "--init-file=",
  "--loose-feedback=OFF",
  "--default-time-zone=SYSTEM", // a named one may not be there yet
  // The real server's, with what its clients read, is kept for it.
  "--loose-innodb-buffer-pool-load-at-startup=OFF",
  "--loose-innodb-buffer-pool-dump-at-shutdown=OFF",
];

/** How often a server that does not listen yet is looked for. */
const pollMs = 50;

/**
 * Starts the server, works with it, and waits for its clean end, also after work that failed. How long
 * it takes to come up is not limited: it answers, or it ends.
 *
 * @param work gets the socket, and a signal that the server's end aborts, too
 * @throws what the work throws; Failure 70 with the end of the server's output where that ends by
 *   itself, or where another one is there
 */
export async function withTemporaryServer(
  { datadir, server, serverArgs, user }: ServerPlace,
  further: readonly string[],
  { runProcess, clock, signal }: TemporaryServerPorts,
  work: (socket: string, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await refuseWhileServed(datadir);
  const socket = temporarySocket(datadir);
  const args = [`--datadir=${datadir}`, `--socket=${socket}`, ...alone, ...idle, ...further];
  const quit = new AbortController();
  const gone = new AbortController();
  rmSync(socket, { force: true });
  const running = runProcess(server, [...serverArgs, ...user, ...args], {
    ...{ input: "", output: "keep", signal, quit: quit.signal },
  });
  const ended = running.then(
    (end) => {
      const isDone = quit.signal.aborted && end.exitCode === 0;
      if (!isDone) gone.abort(serverFailure(server, end));
    },
    (error) => gone.abort(error),
  );
  const going = AbortSignal.any([signal, gone.signal]);
  try {
    await untilItAnswers(socket, clock, going);
    await work(socket, going);
  } catch (error) {
    throw going.aborted ? going.reason : error;
  } finally {
    quit.abort();
    await ended;
    rmSync(socket, { force: true });
  }
  going.throwIfAborted();
}

async function untilItAnswers(socket: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!(await answers(socket, signal))) await clock.sleep(pollMs, signal);
}

/** A server speaks first, once it takes clients: nobody has to log in. */
function answers(path: string, signal: AbortSignal): Promise<boolean> {
  const { connect } = process.getBuiltinModule("node:net"); // loaded by who needs it only
  return new Promise((resolve) => {
    const connection = connect({ path, signal });
    const is = (answer: boolean) => {
      resolve(answer);
      connection.destroy();
    };
    connection.once("data", () => is(true));
    connection.once("error", () => is(false));
    connection.once("close", () => is(false));
  });
}

function serverFailure(server: string, end: ProcessEnd): Failure {
  return new Failure(
    exitCode.software,
    `the temporary ${server} has ended (${end.exitCode}): ${lastWords(end)}`,
  );
}
