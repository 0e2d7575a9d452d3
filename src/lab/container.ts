import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { serverOption } from "../server/command.js";
import { prepareDatadir } from "../server/privileges.js";
import type { Clock } from "../system/clock.js";
import { startInBackground } from "./background.js";
import { myCnf, type PodTemplate, podName, podPaths, podProcess } from "./pod.js";
import { sessionProcesses, signalProcess } from "./sessions.js";

/** A member's process with all that it has started. */
export interface Container {
  readonly pid: number;
  /** To its first process, as container runtimes do. */
  signal(name: NodeJS.Signals): void;
  /** Resolves once nothing of it runs any more, with how its first process ended. */
  readonly ended: Promise<string>;
}

export interface ContainerPorts {
  readonly clock: Clock;
  readonly uid: number;
  /** The script that is `galera-peers`. */
  readonly program: string;
}

/** Where the server's account has to get through, only that is allowed. */
export const directoryMode = (uid: number) => (uid === 0 ? 0o711 : 0o700);

/** Starts a member on its disk; what it prints goes to the end of its log. */
export function startContainer(
  template: PodTemplate,
  ordinal: number,
  { clock, uid, program }: ContainerPorts,
): Container {
  const paths = podPaths(template.lab, podName(ordinal));
  mkdirSync(paths.dir, { recursive: true });
  chmodSync(paths.dir, directoryMode(uid));
  prepareDatadir(paths.run, uid, serverOption(template.args, "user"));
  writeFileSync(paths.myCnf, myCnf(paths));

  const { args, env } = podProcess(template, ordinal);
  const argv = [process.execPath, program, ...args];
  const { pid, ended } = startInBackground(argv, env, paths.log);
  writeFileSync(paths.pid, `${pid}\n`);
  const end = async () => {
    const how = await ended;
    await endSession(pid, paths.dir, clock);
    return how;
  };
  return { pid, signal: (name) => signalProcess(pid, name), ended: end() };
}

/** What PID 1 of a container leaves behind does not survive it. */
export async function endSession(leader: number, dir: string, clock: Clock): Promise<void> {
  for (;;) {
    const left = sessionProcesses(leader, dir);
    if (left.length === 0) return;
    for (const pid of left) signalProcess(pid, "SIGKILL");
    await clock.sleep(20);
  }
}

/** The disk of a member that does not run. */
export function wipeDisk(template: PodTemplate, ordinal: number): void {
  rmSync(podPaths(template.lab, podName(ordinal)).datadir, { recursive: true, force: true });
}
