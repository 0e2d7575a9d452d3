import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { formatDuration } from "../system/duration.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { startInBackground } from "./background.js";
import { directoryMode } from "./container.js";
import { askStatus } from "./control.js";
import { type FollowPorts, follow, logEnd } from "./follow.js";
import { isLabDirectory, removeLabDirectory } from "./leftovers.js";
import type { Lab } from "./options.js";
import { controllerPaths, podName, refuseLongPaths } from "./pod.js";
import { refuseMissingPrograms, refuseUnreachable } from "./preflight.js";
import type { LabStatus } from "./status.js";

export interface UpPorts extends FollowPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly program: string;
}

export interface UpOptions {
  readonly replicas: number;
  readonly timeoutMs: number;
  /** Further arguments for mariadbd. */
  readonly args: readonly string[];
  /** What other calls have to say to mean the same lab, ` --name two`. */
  readonly flags: string;
}

/**
 * Starts a lab and waits until all its members are ready. For one that is up already it only waits.
 *
 * @throws Failure 78 where it cannot be started as it is asked for, 69 where it does not get ready
 */
export async function up(lab: Lab, options: UpOptions, ports: UpPorts): Promise<void> {
  const { clock, signal, print } = ports;
  const startMs = clock.now();
  const { socket } = controllerPaths(lab);
  const found = await askStatus(socket, signal);
  if (found !== undefined) {
    refuseOthers(lab, found, options);
    print(`the lab in ${lab.dir} is up already`);
  }
  const { dns, service } = found ?? (await begin(lab, options, ports));
  print(`lab in ${lab.dir}; its DNS: dig @${dns.replace(":", " -p ")} SRV ${service}`);
  const limits = { startMs, timeoutMs: options.timeoutMs };
  await follow(lab, found, allReady, limits, ports);
  const took = formatDuration(clock.now() - startMs);
  const example = `galera-peers lab sql${options.flags} ${podName(0)} "show status like 'wsrep_cluster_size'"`;
  const count = options.replicas === 1 ? "1 member" : `${options.replicas} members`;
  print(`${count} ready in ${took}; try: ${example}`);
}

function refuseOthers(lab: Lab, found: LabStatus, { replicas }: UpOptions): void {
  if (found.replicas === replicas) return;
  throw new Failure(
    exitCode.config,
    `the lab in ${lab.dir} is up with ${found.replicas} replicas: take it down first, or give this one a --name of its own`,
  );
}

function allReady({ members }: LabStatus): boolean {
  return members.every(({ ready }) => ready);
}

async function begin(lab: Lab, options: UpOptions, ports: UpPorts): Promise<LabStatus> {
  refuseMissingPrograms(ports.env);
  refuseLongPaths(lab);
  refuseUnreachable(lab, ports.uid);
  createDirectory(lab);
  chmodSync(lab.dir, directoryMode(ports.uid));
  return startController(lab, options, ports);
}

/** Whoever makes the directory owns the lab: of two calls at once, one fails. */
function createDirectory(lab: Lab): void {
  try {
    mkdirSync(dirname(lab.dir), { recursive: true });
    mkdirSync(lab.dir);
    writeFileSync(controllerPaths(lab).marker, "");
  } catch (error) {
    const problem =
      errnoOf(error) !== "EEXIST"
        ? `${lab.dir} cannot be created: ${messageOf(error)}`
        : isLabDirectory(lab)
          ? `${lab.dir} is left from a lab whose controller has ended, or one that is just starting: galera-peers lab down removes it`
          : `${lab.dir} is there already and no lab's: choose another --dir`;
    throw new Failure(exitCode.config, problem);
  }
}

/** Starts the controller in the background; resolves once it answers. */
async function startController(
  lab: Lab,
  { replicas, args }: UpOptions,
  { clock, signal, program, env }: UpPorts,
): Promise<LabStatus> {
  const paths = controllerPaths(lab);
  const words = ["lab", "serve", "--name", lab.name, "--dir", lab.dir, "--replicas", `${replicas}`];
  const argv = [process.execPath, program, ...words, "--", ...args];
  const { ended } = startInBackground(argv, env, paths.log);
  let running = true;
  void ended.then(() => {
    running = false;
  });
  for (;;) {
    const status = await askStatus(paths.socket, signal);
    if (status !== undefined) return status;
    if (!running) {
      const said = logEnd(paths.log);
      removeLabDirectory(lab);
      throw new Failure(exitCode.config, said.replaceAll(/^galera-peers: /gm, ""));
    }
    await clock.sleep(50, signal);
  }
}
