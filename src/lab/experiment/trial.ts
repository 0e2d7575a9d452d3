/*
 * A lab of an experiment's own: it is there for as long as something is tried in it, and nothing of it
 * stays, however that ends.
 */
import { exitCode, Failure } from "../../system/failure.js";
import type { WriteLine } from "../../system/log.js";
import { eventText, isTold } from "../events.js";
import { defaultLab, type RunLabPorts, type RunningLab, startLab } from "../lab.js";
import { createLabDirectory, removeLabDirectory } from "../leftovers.js";
import type { NetworkKind } from "../network/network.js";
import type { Lab } from "../options.js";
import { namedIn, type Order } from "../orders.js";
import { podName, podPaths, refuseLongPaths } from "../pod.js";
import { refuseMissingPrograms, refuseUnreachable } from "../preflight.js";
import { isAllReady, type LabStatus, type MemberStatus } from "../status.js";
import { createTable } from "./table.js";
import { since } from "./units.js";
import type { Way } from "./ways.js";

export interface ExperimentPorts extends RunLabPorts {
  readonly print: WriteLine;
  /** Ends the experiment at once. */
  readonly signal: AbortSignal;
}

export interface ExperimentPlace {
  readonly lab: Lab;
  readonly network: NetworkKind;
}

/** A lab in which all members are ready, with the article's table. */
export interface Trial {
  readonly lab: RunningLab;
  /** A member's server answers here. */
  socket(ordinal: number): string;
  /** Where clients connect. */
  readonly host: string;
  readonly port: number;
}

/** Who does not come back in this time is not waited for any longer. */
export const patienceMs = 60_000;
/** The first start has servers to initialise, one after the other. */
const upPatienceMs = 180_000;
const lookMs = 100;

/**
 * Runs a lab of three for as long as `act` lasts.
 *
 * @returns undefined where the old way's members do not get ready
 * @throws Failure 78 where no lab can be here, 69 where this program's members do not get ready
 */
export async function inLab<T>(
  way: Way,
  { lab: place, network }: ExperimentPlace,
  ports: ExperimentPorts,
  act: (trial: Trial) => Promise<T>,
): Promise<T | undefined> {
  const { clock, print, env, uid } = ports;
  refuseMissingPrograms(env);
  refuseLongPaths(place);
  refuseUnreachable(place, uid);
  process.umask(0o022); // the server's account reads what root writes here
  createLabDirectory(place, uid);
  try {
    print(`\n${way.name}: ${way.about}`);
    const beginMs = clock.now();
    const lab = await startLab(place, { ...defaultLab, network, ...way.lab }, quiet(ports));
    try {
      if (!(await reached(lab, isAllReady, upPatienceMs, ports))) {
        const problem = `three members are not ready after ${since(upPatienceMs).trim()}`;
        if (!way.isOld) throw new Failure(exitCode.unavailable, `${way.name}: ${problem}`);
        print(`${since(clock.now() - beginMs)}  ${problem}: there is nothing to compare with`);
        return undefined;
      }
      print(`${since(clock.now() - beginMs)}  three members, all ready`);
      const socket = (ordinal: number) => podPaths(place, podName(ordinal)).socket;
      const [host = "", port] = lab.status().clients.split(":");
      await createTable(socket(0));
      return await act({ lab, socket, host, port: Number(port) });
    } finally {
      await lab.abandon();
    }
  } finally {
    removeLabDirectory(place);
  }
}

/** What the lab's DNS says of each look-up is of no use here. */
function quiet({ log, ...ports }: ExperimentPorts): RunLabPorts {
  return { ...ports, log: (level, ...said) => level !== "info" && log(level, ...said) };
}

/** Prints what happens, each with the time since `beginMs`. @returns what ends it */
export function narrate({ lab }: Trial, beginMs: number, print: WriteLine): () => void {
  return lab.listen((event) => {
    if (isTold(event)) print(`${since(event.atMs - beginMs)}  ${eventText(event)}`);
  });
}

/** All are ready, by other processes than before where they were ended. */
function isBack(before: LabStatus, now: LabStatus, ended: readonly string[]): boolean {
  const pidOf = ({ members }: LabStatus, name: string) =>
    members.find((one: MemberStatus) => one.name === name)?.pid;
  return isAllReady(now) && ended.every((name) => pidOf(before, name) !== pidOf(now, name));
}

/**
 * Has members ended and waits until all are ready again.
 *
 * @returns how long that took; undefined where they were not within `patienceMs`
 */
export async function endAndAwait(
  { lab }: Trial,
  order: Order,
  ports: ExperimentPorts,
): Promise<number | undefined> {
  const before = lab.status();
  const named = namedIn(order).map(podName);
  const ended = order.kind === "outage" ? before.members.map(({ name }) => name) : named;
  const beginMs = ports.clock.now();
  await lab.perform(order);
  const isThere = await reached(lab, (now) => isBack(before, now, ended), patienceMs, ports);
  return isThere ? ports.clock.now() - beginMs : undefined;
}

/** Waits until that is the case. @returns whether it was within `limitMs` */
export async function reached(
  lab: RunningLab,
  condition: (status: LabStatus) => boolean,
  limitMs: number,
  { clock, signal }: Pick<ExperimentPorts, "clock" | "signal">,
): Promise<boolean> {
  const beginMs = clock.now();
  for (;;) {
    if (condition(lab.status())) return true;
    if (clock.now() - beginMs > limitMs) return false;
    await clock.sleep(lookMs, signal);
  }
}
