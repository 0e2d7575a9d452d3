import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { serverOption } from "../server/command.js";
import { prepareDatadir } from "../server/privileges.js";
import type { Clock } from "../system/clock.js";
import { startInBackground } from "./background.js";
import {
  type ContainerName,
  containerProcess,
  markOf,
  myCnf,
  type PodTemplate,
  podName,
  podPaths,
} from "./pod.js";
import { endAll } from "./processes.js";

/** The first process of a container. */
export interface Container {
  readonly pid: number;
  /** Resolves once nothing of the container runs any more, with how its first process ended. */
  readonly ended: Promise<string>;
}

export interface ContainerPorts {
  readonly clock: Clock;
  readonly uid: number;
  /** The script that is `galera-peers`. */
  readonly program: string;
}

/** Which pod's, and what its processes have in front to be in its network. */
export interface ContainerPlace {
  readonly ordinal: number;
  readonly address: string;
  readonly inside: readonly string[];
}

/** Where the server's account has to get through, only that is allowed. */
export const directoryMode = (uid: number) => (uid === 0 ? 0o711 : 0o700);

/** Makes the directories and files of a pod that its processes do not make themselves. */
export function preparePod(
  { lab, args }: PodTemplate,
  ordinal: number,
  { uid }: Pick<ContainerPorts, "uid">,
): void {
  const paths = podPaths(lab, podName(ordinal));
  mkdirSync(paths.dir, { recursive: true });
  chmodSync(paths.dir, directoryMode(uid));
  rmSync(paths.run, { recursive: true, force: true }); // an emptyDir is the pod's
  prepareDatadir(paths.run, uid, serverOption(args, "user"));
  writeFileSync(paths.myCnf, myCnf(paths));
}

/** Starts a container of a pod; what it prints goes to the end of its log. */
export function startContainer(
  template: PodTemplate,
  place: ContainerPlace,
  name: ContainerName,
  { clock, program }: ContainerPorts,
): Container {
  const pod = podName(place.ordinal);
  const { log, agentLog } = podPaths(template.lab, pod);
  const { argv, env } = commandOf(template, place, name, program);
  const { pid, ended } = startInBackground(argv, env, name === "agent" ? agentLog : log);
  const end = async () => {
    const how = await ended;
    await endAll([markOf(template.lab, pod, name)], clock);
    return how;
  };
  return { pid, ended: end() };
}

/** Runs the preStop hook of the server's container to its end; what it says is in that one's log. */
export async function runPreStop(
  template: PodTemplate,
  place: ContainerPlace,
  { program }: ContainerPorts,
): Promise<string> {
  const { log } = podPaths(template.lab, podName(place.ordinal));
  const { argv, env } = commandOf(template, place, "drain", program);
  return startInBackground(argv, env, log).ended;
}

function commandOf(
  template: PodTemplate,
  place: ContainerPlace,
  what: ContainerName | "drain",
  program: string,
) {
  const { args, env } = containerProcess(template, place, what);
  return { argv: [...place.inside, process.execPath, program, ...args], env };
}

/** The disk of a member that does not run. */
export function wipeDisk(template: PodTemplate, ordinal: number): void {
  rmSync(podPaths(template.lab, podName(ordinal)).datadir, { recursive: true, force: true });
}
