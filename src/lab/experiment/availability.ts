/*
 * The article's third experiment: can the database be used while a pod is away? Two clients go on while
 * a member is deleted, one killed, and one cut off, with this program and in the old way.
 */
import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { exitCode, Failure, messageOf } from "../../system/failure.js";
import { isAllReady } from "../status.js";
import { type Loop, startLoop } from "./client.js";
import { figuresOf } from "./figures.js";
import { type Lane, withLook } from "./lanes.js";
import type { Mark, Proof, Recording } from "./recording.js";
import { report } from "./report/report.js";
import { afterMs, availabilitySchedule, type Happening } from "./schedule.js";
import { readRows } from "./table.js";
import { figuresKey, formatFigures, formatTimeline, timelineKey } from "./timeline.js";
import {
  type ExperimentPlace,
  type ExperimentPorts,
  inLab,
  narrate,
  patienceMs,
  reached,
  type Trial,
} from "./trial.js";
import { proofText, since } from "./units.js";
import { ours, type Way, ways } from "./ways.js";

const lookMs = 100;

/**
 * Prints what happens, figures and a timeline, and writes the report.
 *
 * @throws Failure 69 where this program's members are not back in time, 70 where a row is lost
 */
export async function availability(
  place: ExperimentPlace,
  reportFile: string,
  ports: ExperimentPorts,
): Promise<void> {
  const { print } = ports;
  const path = resolve(reportFile);
  refuseUnwritable(path);
  const recordings: Recording[] = [];
  const notes = new Set<string>();
  for (const way of ways) {
    const recorded = await inLab(way, place, ports, (trial) => record(way, trial, ports));
    if (recorded === undefined) continue;
    recordings.push(recorded.recording);
    if (recorded.note !== undefined) notes.add(recorded.note);
  }
  for (const recording of recordings) {
    print("");
    formatTimeline(recording).forEach(print);
  }
  print("");
  timelineKey.forEach(print);
  print("");
  const figures = recordings.map((one) => ({ name: one.name, figures: figuresOf(one) }));
  formatFigures(figures).forEach(print);
  figuresKey.forEach(print);
  print("");
  for (const { name, proof } of recordings) {
    print(`${name}: ${proofText(proof.acknowledged, proof.members)}`);
  }
  notes.forEach(print);
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(path, report(recordings, { date, notes: [...notes] }));
  print(`report: ${path}`);
  for (const recording of recordings) if (recording.name === ours.name) judge(recording);
}

function refuseUnwritable(path: string): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error("it is a directory");
    accessSync(there === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw new Failure(exitCode.config, `--report: ${path} cannot be written: ${messageOf(error)}`);
  }
}

async function record(
  way: Way,
  trial: Trial,
  ports: ExperimentPorts,
): Promise<{ readonly recording: Recording; readonly note: string | undefined }> {
  const { clock, print, signal } = ports;
  const { lab, host, port } = trial;
  const { noPartitions } = lab.status();
  const beginMs = clock.now();
  const now = () => clock.now() - beginMs;
  const quiet = narrate(trial, beginMs, print);
  const loop = startLoop({ host, port, beginMs }, { clock, signal });
  const watch = watchLanes(trial, now, ports);
  const marks: Mark[] = [];
  try {
    for (const happening of availabilitySchedule(noPartitions === null)) {
      await due(happening, trial, now, ports);
      marks.push({ atMs: now(), what: happening.what });
      print(`${since(now())}  ${happening.what}`);
      await lab.perform(happening.order);
    }
    await clock.sleep(afterMs, signal);
  } finally {
    await Promise.all([loop.end(), watch.end()]);
    quiet();
  }
  const endMs = now();
  const allBack = await reached(lab, isAllReady, patienceMs, ports);
  const recording = {
    ...{ name: way.name, about: way.about, lengthMs: endMs, marks },
    ...{ calls: loop.calls, lanes: watch.lanes(), allBack, proof: await proofOf(loop, trial) },
  };
  const note =
    noPartitions === null
      ? undefined
      : `No member was cut off, since none can be: ${noPartitions}.`;
  return { recording, note };
}

/** At its time, and not before all are back, unless the order ends what keeps them away. */
async function due(
  { atMs, order }: Happening,
  { lab }: Trial,
  now: () => number,
  ports: ExperimentPorts,
): Promise<void> {
  await ports.clock.sleep(Math.max(0, atMs - now()), ports.signal);
  if (order.kind !== "heal") await reached(lab, isAllReady, patienceMs, ports);
}

function watchLanes({ lab }: Trial, now: () => number, { clock }: ExperimentPorts) {
  let lanes: readonly Lane[] = [];
  let going = true;
  const run = async () => {
    while (going) {
      lanes = withLook(lanes, lab.status(), now());
      await clock.sleep(lookMs);
    }
  };
  const ended = run();
  return {
    lanes: () => lanes,
    end: async () => {
      going = false;
      await ended;
    },
  };
}

async function proofOf({ written }: Loop, { lab, socket }: Trial): Promise<Proof> {
  const names = lab.status().members.map(({ name }) => name);
  const members = await Promise.all(
    names.map(async (name, ordinal) => {
      const rows = await readRows(socket(ordinal));
      const ids = new Set(rows?.map(({ id }) => id));
      const missing = [...written].filter((id) => !ids.has(id)).length;
      return { name, missing: rows === undefined ? undefined : missing };
    }),
  );
  return { acknowledged: written.size, members };
}

function judge({ allBack, proof: { acknowledged, members } }: Recording): void {
  const text = proofText(acknowledged, members);
  if (members.some(({ missing = 0 }) => missing > 0)) {
    throw new Failure(exitCode.software, `rows are lost, please report it: ${text}`);
  }
  if (!allBack || members.some(({ missing }) => missing === undefined)) {
    throw new Failure(exitCode.unavailable, `not all members have come back; ${text}`);
  }
}
