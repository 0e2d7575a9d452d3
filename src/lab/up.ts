import { formatDuration } from "../system/duration.js";
import { exitCode, Failure } from "../system/failure.js";
import { startInBackground } from "./background.js";
import { askStatus } from "./control.js";
import { eventsEnd, type FollowPorts, follow, logEnd } from "./follow.js";
import type { LabSettings } from "./lab.js";
import { createLabDirectory, removeLabDirectory } from "./leftovers.js";
import { callFor, type Lab } from "./options.js";
import { controllerPaths, podName, refuseLongPaths } from "./pod.js";
import { refuseMissingPrograms, refuseUnreachable } from "./preflight.js";
import { isAllReady, type LabStatus } from "./status.js";

export interface UpPorts extends FollowPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly program: string;
}

export interface UpOptions {
  readonly settings: LabSettings;
  readonly timeoutMs: number;
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
    print(`the lab in ${lab.dir} is up already, and stays as it was begun`);
  }
  const fromBytes = found === undefined ? 0 : eventsEnd(lab);
  const { dns, service, clients, noPartitions } = found ?? (await begin(lab, options, ports));
  print(`lab in ${lab.dir}; its DNS: dig @${dns.replace(":", " -p ")} SRV ${service}`);
  print(`clients connect to ${clients} as root, and reach members that are ready`);
  if (noPartitions !== null && options.settings.network === "auto")
    print(`all are on loopback, where nobody can be cut off: ${noPartitions}`);
  const { timeoutMs } = options;
  await follow(lab, isAllReady, { startMs, timeoutMs, fromBytes, before: found }, ports);
  const took = formatDuration(clock.now() - startMs);
  const example = callFor(lab, "sql", `${podName(0)} "show status like 'wsrep_cluster_size'"`);
  const { replicas } = options.settings;
  const count = replicas === 1 ? "1 member" : `${replicas} members`;
  print(`${count} ready in ${took}; try: ${example}`);
}

function refuseOthers(lab: Lab, found: LabStatus, { settings }: UpOptions): void {
  const { replicas, policy } = settings;
  if (found.replicas === replicas && found.policy === policy) return;
  throw new Failure(
    exitCode.config,
    `the lab in ${lab.dir} is up with ${found.replicas} replicas, ${found.policy}: take it down first, scale it, or give this one a --name of its own`,
  );
}

async function begin(lab: Lab, options: UpOptions, ports: UpPorts): Promise<LabStatus> {
  refuseMissingPrograms(ports.env);
  refuseLongPaths(lab);
  refuseUnreachable(lab, ports.uid);
  createLabDirectory(lab, ports.uid);
  return startController(lab, options, ports);
}

/** Starts the controller in the background; resolves once it answers. */
async function startController(
  lab: Lab,
  { settings }: UpOptions,
  { clock, signal, program, env }: UpPorts,
): Promise<LabStatus> {
  const paths = controllerPaths(lab);
  const words = ["lab", "serve", "--name", lab.name, "--dir", lab.dir];
  const argv = [process.execPath, program, ...words, "--settings", JSON.stringify(settings)];
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
