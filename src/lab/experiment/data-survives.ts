/*
 * The article's second experiment: are the rows still there once a pod was deleted? And beyond the
 * article: once all members have lost their power at the same time?
 */
import { exitCode, Failure } from "../../system/failure.js";
import { formatTable } from "../../system/table.js";
import type { Order } from "../orders.js";
import { stateText } from "../status.js";
import { insertRow, type Row, readRows } from "./table.js";
import {
  type ExperimentPlace,
  type ExperimentPorts,
  endAndAwait,
  inLab,
  narrate,
  patienceMs,
  type Trial,
} from "./trial.js";
import { shortTime, since } from "./units.js";
import { ours, type Way, ways } from "./ways.js";

const steps: readonly { readonly what: string; readonly order: Order }[] = [
  { what: "galera-0 is deleted", order: { kind: "delete", members: [0], wipe: false } },
  { what: "the power fails for all", order: { kind: "outage" } },
];

interface Finding {
  readonly way: Way;
  readonly what: string;
  /** Undefined where not all were back. */
  readonly backMs: number | undefined;
  readonly rows: Rows;
  /** What each had at the beginning. */
  readonly written: Rows;
}

/** Of each member; undefined where it did not answer. */
type Rows = readonly (readonly Row[] | undefined)[];

/**
 * Prints what each member has, after each thing that has happened.
 *
 * @throws Failure 69 where this program's members are not back in time, 70 where one lacks a row
 */
export async function dataSurvives(place: ExperimentPlace, ports: ExperimentPorts): Promise<void> {
  const findings: Finding[] = [];
  for (const way of ways) {
    findings.push(
      ...((await inLab(way, place, ports, (trial) => tryAll(way, trial, ports))) ?? []),
    );
  }
  const own = findings.filter(({ way }) => way === ours);
  ports.print("");
  formatTable([
    ["", "", "ALL READY AFTER", "ROWS OF EACH MEMBER"],
    ...findings.map(({ way, what, backMs, rows }) => [
      ...[what, way.name],
      backMs === undefined ? `not within ${shortTime(patienceMs)}` : shortTime(backMs),
      allText(rows),
    ]),
  ]).forEach(ports.print);
  judge(own);
}

async function tryAll(way: Way, trial: Trial, ports: ExperimentPorts): Promise<readonly Finding[]> {
  const { clock, print } = ports;
  const beginMs = clock.now();
  const quiet = narrate(trial, beginMs, print);
  for (const value of ["hello", "world"]) await insertRow(trial.socket(0), value);
  const written = await readAll(trial);
  print(`${since(clock.now() - beginMs)}  two rows are written: ${allText(written)}`);
  const findings: Finding[] = [];
  for (const { what, order } of steps) {
    print(`${since(clock.now() - beginMs)}  ${what}`);
    const backMs = await endAndAwait(trial, order, ports);
    const rows = await readAll(trial);
    print(`${since(clock.now() - beginMs)}  rows: ${allText(rows)}`);
    if (backMs === undefined) {
      print(`         not all members are back after ${shortTime(patienceMs)}:`);
      for (const member of trial.lab.status().members) {
        const why = member.why === null ? "" : `; ${member.why}`;
        print(`         ${member.name} ${member.phase}, ${stateText(member)}${why}`);
      }
    }
    findings.push({ way, what, backMs, rows, written });
  }
  quiet();
  return findings;
}

function readAll({ lab, socket }: Trial): Promise<Rows> {
  return Promise.all(lab.status().members.map((_, ordinal) => readRows(socket(ordinal))));
}

/** `3 hello, 6 world on each`, or what each has. */
export function allText(members: Rows): string {
  const texts = members.map((rows) =>
    rows === undefined ? "no answer" : rows.map(({ id, value }) => `${id} ${value}`).join(", "),
  );
  const [first = ""] = texts;
  if (texts.every((text) => text === first)) {
    return first === "no answer" ? "nobody answers" : `${first || "none"} on each`;
  }
  return texts.map((text, ordinal) => `galera-${ordinal}: ${text || "none"}`).join("; ");
}

/** Both rows on each member, with the ids that they had. */
function judge(findings: readonly Finding[]): void {
  for (const { what, backMs, rows, written } of findings) {
    if (backMs === undefined) {
      throw new Failure(exitCode.unavailable, `${what}: not all members have come back`);
    }
    if (allText(rows) === allText(written)) continue;
    throw new Failure(
      exitCode.software,
      `${what}: rows are lost, please report it: ${allText(rows)}`,
    );
  }
}
