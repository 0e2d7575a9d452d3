import { readdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import type { Clock } from "../system/clock.js";
import type { WriteLine } from "../system/log.js";
import { endSession } from "./container.js";
import type { Lab } from "./options.js";
import { controllerPaths, podName, podOrdinal, podPaths } from "./pod.js";
import { commandLine, recordedPid, sessionProcesses, signalProcess } from "./sessions.js";
import { graceMs } from "./statefulset.js";

export interface LeftoverPorts {
  readonly clock: Clock;
  readonly print: WriteLine;
}

/** The controller's PID while it lives: what is recorded must be the controller of this lab. */
export function controllerPid(lab: Lab): number | undefined {
  const pid = recordedPid(controllerPaths(lab).pid);
  if (pid === undefined) return undefined;
  const words = commandLine(pid);
  return words.includes("serve") && words.includes(lab.dir) ? pid : undefined;
}

/** Stops the members of a lab whose controller is gone, the highest ordinal first. */
export async function stopLeftovers(lab: Lab, { clock, print }: LeftoverPorts): Promise<void> {
  for (const ordinal of ordinals(lab).toSorted((a, b) => b - a)) {
    const paths = podPaths(lab, podName(ordinal));
    const leader = recordedPid(paths.pid);
    const processes = () => (leader === undefined ? [] : sessionProcesses(leader, paths.dir));
    const [first] = processes();
    if (leader === undefined || first === undefined) continue;
    signalProcess(processes().includes(leader) ? leader : first, "SIGTERM");
    for (const endMs = clock.now() + graceMs; processes().length > 0 && clock.now() < endMs; ) {
      await clock.sleep(50);
    }
    await endSession(leader, paths.dir, clock);
    print(`${podName(ordinal)} stopped (it had no controller any more)`);
  }
}

/**
 * Whether a path is a directory that a lab made, with nothing but what labs make: no other is ever
 * removed. Volumes of a real cluster are called galera-0 and so on too, so the marker has to be there.
 */
export function isLabDirectory(lab: Lab): boolean {
  const paths = controllerPaths(lab);
  const files = Object.values(paths).map((path) => basename(path));
  try {
    const entries = readdirSync(lab.dir);
    return (
      entries.includes(basename(paths.marker)) &&
      entries.every((entry) => files.includes(entry) || podOrdinal(entry) !== undefined)
    );
  } catch {
    return false;
  }
}

export function removeLabDirectory({ dir }: Lab): void {
  rmSync(dir, { recursive: true, force: true });
}

function ordinals({ dir }: Lab): number[] {
  return readdirSync(dir).flatMap((entry) => podOrdinal(entry) ?? []);
}
