import { existsSync } from "node:fs";
import { formatDuration } from "../system/duration.js";
import { exitCode, Failure, messageOf } from "../system/failure.js";
import { signalProcess } from "../system/proc.js";
import { askDown, askStatus } from "./control.js";
import { eventsEnd, type FollowPorts, teller } from "./follow.js";
import { controllerPid, isLabDirectory, removeLabDirectory, stopLeftovers } from "./leftovers.js";
import type { Lab } from "./options.js";
import { controllerPaths } from "./pod.js";

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
  await stopController(lab, startMs, ports);
  await stopLeftovers(lab, ports);
  removeLabDirectory(lab);
  print(`lab is down, ${lab.dir} removed, in ${formatDuration(clock.now() - startMs)}`);
}

async function stopController(
  lab: Lab,
  startMs: number,
  { clock, signal, print }: FollowPorts,
): Promise<void> {
  const { socket } = controllerPaths(lab);
  const tell = teller(lab, { startMs, fromBytes: eventsEnd(lab) }, print);
  try {
    let status = await askDown(socket, signal);
    while (status !== undefined) {
      await clock.sleep(50, signal);
      tell();
      status = await askStatus(socket, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    const pid = controllerPid(lab);
    print(`controller (pid ${pid}) killed: ${messageOf(error)}`);
    if (pid !== undefined) signalProcess(pid, "SIGKILL");
  }
  await controllerEnd(lab, { clock, signal });
  tell();
}

/** One that does not listen, as in the middle of its start, is not waited for. */
const silentMs = 5000;

async function controllerEnd(
  lab: Lab,
  { clock, signal }: Pick<FollowPorts, "clock" | "signal">,
): Promise<void> {
  const sinceMs = clock.now();
  for (;;) {
    const pid = controllerPid(lab);
    if (pid === undefined) return;
    if (clock.now() - sinceMs > silentMs) signalProcess(pid, "SIGKILL");
    await clock.sleep(20, signal);
  }
}
