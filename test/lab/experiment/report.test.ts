import { expect, test } from "vitest";
import { report } from "../../../src/lab/experiment/report/report.js";
import {
  latencyTicks,
  plot,
  scaleOf,
  timeTicks,
} from "../../../src/lab/experiment/report/scale.js";
import { recording, worse } from "./recordings.js";

const page = report([recording, worse], {
  date: "2026-11-23",
  notes: ["No <member> was cut off."],
});

test("the report is one page that loads nothing and runs nothing", () => {
  expect(page).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
  expect(page.match(/<svg viewBox="0 0 1100/g)).toHaveLength(2);
});

test("all that is opened is closed", () => {
  const open: string[] = [];
  for (const [, slash, name = "", self] of page.matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/g)) {
    if (self === "/" || name === "meta") continue;
    if (slash === "") open.push(name);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
});

test("text from elsewhere stays text", () => {
  expect(page).toContain("a &lt;sidecar&gt; in each pod");
  expect(page).toContain("nobody &lt;answers&gt;");
  expect(page).toContain("No &lt;member&gt; was cut off.");
});

test("both charts have the same axes", () => {
  const longer = { ...worse, lengthMs: 40_000 };
  const scale = scaleOf([recording, longer]);
  expect([scale.x(0), scale.x(40_000)]).toEqual([plot.left, plot.right]);
  expect([scale.y(0.2), scale.y(1), scale.y(10_000)]).toEqual([plot.bottom, plot.bottom, plot.top]);
  expect(scale.y(100)).toBe((plot.top + plot.bottom) / 2);
  expect(latencyTicks(scale)).toEqual([1, 10, 100, 1000, 10_000]);
  expect(timeTicks(scale)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40].map((s) => s * 1000));
});

test("each call is drawn: points, long ones as lines, failed ones on rows of their own", () => {
  const [first = "", second = ""] = page.split('<svg viewBox="0 0 1100').slice(1);
  const count = (svg: string, name: string) =>
    svg.match(new RegExp(`<path class="${name}" d="([^"]*)"`))?.[1]?.match(/M/g)?.length;
  expect(count(first, "read")).toBe(recording.calls.filter(({ kind }) => kind === "read").length);
  const writes = recording.calls.filter(({ kind }) => kind === "write").length;
  expect(count(first, "write")).toBe(writes - 1);
  expect([count(first, "retried"), count(first, "lost")]).toEqual([1, 1]);
  expect(count(second, "lost")).toBe(1);
  expect(first).toMatch(/h256\.9/); // 5.2 of 20 s
});
