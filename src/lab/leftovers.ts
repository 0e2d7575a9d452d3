import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Clock } from "../system/clock.js";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { commandLine } from "../system/proc.js";
import { directoryMode } from "./container.js";
import { callFor, type Lab } from "./options.js";
import { controllerPaths, podOrdinal } from "./pod.js";
import { endAll, recordedPid } from "./processes.js";

/** The controller's PID while it lives: what is recorded must be the controller of this lab. */
export function controllerPid(lab: Lab): number | undefined {
  const pid = recordedPid(controllerPaths(lab).pid);
  if (pid === undefined) return undefined;
  const words = commandLine(pid);
  return words.includes("serve") && words.includes(lab.dir) ? pid : undefined;
}

/**
 * SIGKILL to all that is left of a lab without a controller. Its network goes with the processes that
 * hold it.
 */
export async function stopLeftovers(lab: Lab, { clock }: { readonly clock: Clock }): Promise<void> {
  await endAll([lab.dir], clock);
}

/**
 * Whether a path is a directory that a lab made, with nothing but what labs make: no other is ever
 * removed. Volumes of a real cluster are called galera-0 and so on too, so the marker has to be there.
 *
 * @throws Failure 78 where it cannot be read
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
  } catch (error) {
    if (errnoOf(error) !== "EACCES") return false;
    throw new Failure(exitCode.config, `${lab.dir} is another user's`);
  }
}

/**
 * Whoever makes the directory owns the lab: of two calls at once, one fails.
 *
 * @throws Failure 78 where it cannot be made
 */
export function createLabDirectory(lab: Lab, uid: number): void {
  try {
    mkdirSync(lab.dir);
    chmodSync(lab.dir, directoryMode(uid));
    writeFileSync(controllerPaths(lab).marker, "");
  } catch (error) {
    const problem =
      errnoOf(error) !== "EEXIST"
        ? `${lab.dir} cannot be created: ${messageOf(error)}`
        : isLabDirectory(lab)
          ? `${lab.dir} is left from a lab whose controller has ended, or one that is just starting: ${callFor(lab, "down")} removes it`
          : `${lab.dir} is there already and no lab's: choose another --dir`;
    throw new Failure(exitCode.config, problem);
  }
}

export function removeLabDirectory({ dir }: Lab): void {
  rmSync(dir, { recursive: true, force: true });
}
