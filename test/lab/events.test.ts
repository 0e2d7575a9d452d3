import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createEvents,
  eventLine,
  isTold,
  type LabEvent,
  readEvents,
} from "../../src/lab/events.js";
import { openTail } from "../../src/lab/tail.js";
import { testClock } from "../system/test-clock.js";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lab-"));
  path = join(dir, "events.jsonl");
});
afterEach(() => rmSync(dir, { recursive: true }));

test("events are kept, written, and told to whoever listens", async () => {
  const clock = testClock();
  const events = createEvents(path, { clock, now: () => new Date(clock.now()) });
  const heard: string[] = [];
  const end = events.listen(({ text }) => heard.push(text));
  events.note("begun", "lab begun");
  await clock.advance(61_500);
  events.note("created", "created", { member: "galera-0", data: { address: "127.0.7.1" } });
  end();
  events.note("over", "over");
  expect(heard).toEqual(["lab begun", "created"]);
  const written = readEvents(openTail(path).lines());
  expect(written).toEqual(events.all());
  expect(written.map((event) => eventLine(event, 0))).toEqual([
    "00:00:00.000     0.0 s  lab begun",
    "00:01:01.500    61.5 s  galera-0 created",
    "00:01:01.500    61.5 s  over",
  ]);
});

test("what is told: no first start, no end that was asked for, nothing twice", () => {
  const event = (kind: LabEvent["kind"], data: LabEvent["data"] = {}): LabEvent => ({
    ...{ kind, atMs: 0, time: "", text: "", data },
  });
  const told = [
    ...[event("created"), event("started", { restarts: 1 }), event("ready", { again: false })],
    ...[event("ended", { leaving: false }), event("stopping"), event("removed")],
  ];
  expect(told.filter(isTold)).toEqual(told);
  const untold = [
    ...[event("started", { restarts: 0 }), event("ready", { again: true }), event("galera")],
    ...[event("ended", { leaving: true }), event("not-ready"), event("signal")],
  ];
  expect(untold.filter(isTold)).toEqual([]);
});

test("a tail gives whole lines, once, and waits for a file to come", () => {
  const tail = openTail(path);
  expect(tail.lines()).toEqual([]);
  writeFileSync(path, "one\ntw");
  expect(tail.lines()).toEqual(["one"]);
  expect(tail.lines()).toEqual([]);
  appendFileSync(path, "o\nä");
  expect(tail.lines()).toEqual(["two"]);
  appendFileSync(path, `${"x".repeat(200_000)}\n\nend\n`);
  expect(tail.lines()).toEqual([`ä${"x".repeat(200_000)}`, "", "end"]);
  expect(openTail(path, readFileSync(path).length).lines()).toEqual([]);
});
