import { existsSync } from "node:fs";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure, messageOf } from "../system/failure.js";
import { askStatus, callController } from "./control.js";
import type { FollowPorts } from "./follow.js";
import { controllerPid, isLabDirectory, removeLabDirectory, stopLeftovers } from "./leftovers.js";
import type { Lab } from "./options.js";
import { controllerPaths } from "./pod.js";
import { progressLines } from "./progress.js";
import { signalProcess } from "./sessions.js";

/**
 * Takes a lab down: its members, the highest ordinal first, its controller, its directory. What is
 * left of a lab whose controller has died goes too; where there is no lab, that is said.
 */
export async function down(lab: Lab, ports: FollowPorts): Promise<void> {
  const { clock, print } = ports;
  const startMs = clock.now();
  if (!existsSync(lab.dir)) {
    print(`no lab in ${lab.dir}`);
    return;
  }
  if (!isLabDirectory(lab)) {
    throw new Failure(exitCode.config, `${lab.dir} holds other things than a lab: it stays`);
  }
  await stopController(lab, ports);
  await stopLeftovers(lab, ports);
  removeLabDirectory(lab);
  print(`lab is down, ${lab.dir} removed, in ${formatDuration(clock.now() - startMs)}`);
}

async function stopController(lab: Lab, { clock, signal, print }: FollowPorts): Promise<void> {
  const { socket } = controllerPaths(lab);
  try {
    await callController(socket, "POST", "/down", signal);
    for (let before = await askStatus(socket, signal); before !== undefined; ) {
      await clock.sleep(50, signal);
      const status = await askStatus(socket, signal);
      // Once it is gone, so are all members.
      const lines = progressLines(before, status ?? { ...before, members: [] });
      for (const line of lines) print(line);
      before = status;
    }
  } catch (error) {
    signal.throwIfAborted();
    const pid = controllerPid(lab);
    print(`controller (pid ${pid}) killed: ${messageOf(error)}`);
    if (pid !== undefined) signalProcess(pid, "SIGKILL");
  }
  while (controllerPid(lab) !== undefined) await clock.sleep(20, signal);
}
