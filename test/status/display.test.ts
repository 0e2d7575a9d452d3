import { expect, test } from "vitest";
import { jsonDisplay, plainDisplay, terminalDisplay } from "../../src/status/display.js";
import { overviewOf } from "../../src/status/overview.js";
import { mute, round, serves } from "./sightings.js";

const good = overviewOf(round([serves(0, 1)]));
const many = overviewOf(round(Array.from({ length: 9 }, (_, ordinal) => mute(ordinal))));

function terminal(isColoured = false, rows = 24) {
  const printed: string[] = [];
  const print = (line: string) => printed.push(`${line}\n`);
  const display = terminalDisplay({ isColoured, size: () => ({ columns: 80, rows }), print });
  return { display, output: () => printed.splice(0).join("") };
}

test("plain blocks, a blank line between them, nothing else", () => {
  const printed: string[] = [];
  const display = plainDisplay((line) => printed.push(line));
  display.begin();
  display.show(good);
  display.show(good);
  display.end();
  const [first = "", second = ""] = printed;
  expect(printed).toHaveLength(2);
  expect(second).toBe(`\n${first}`);
  expect(first).toMatch(/^[\P{Cc}\n]+$/u);
});

test("JSON: a document a line", () => {
  const printed: string[] = [];
  const display = jsonDisplay((line) => printed.push(line));
  display.begin();
  display.show(good);
  display.end();
  expect(printed.map((line) => JSON.parse(line).service)).toEqual([good.service]);
});

test("on a terminal, once: the text, coloured", () => {
  const { display, output } = terminal(true);
  display.show(good);
  const text = output();
  expect(text).toContain("\x1b[32m1 of 1 ready, one primary component\x1b[39m\n");
  expect(text).toContain("\x1b[1mMEMBER\x1b[22m  ");
});

test("watching: from the top, over what was there, with nothing of it left", () => {
  const { display, output } = terminal();
  display.begin();
  expect(output()).toBe("\x1b[?1049h\x1b[?25l\x1b[?7l\n");
  display.show(good);
  const frame = output();
  expect(frame.startsWith("\x1b[Hgalera.default.svc.cluster.local: 1 of 1")).toBe(true);
  expect(frame.endsWith("10.244.1.17\x1b[K\x1b[J\n")).toBe(true);
  expect(
    frame
      .split("\n")
      .slice(0, -1)
      .every((line) => line.includes("\x1b[K")),
  ).toBe(true);
  display.end();
  const left = output();
  expect(left.startsWith("\x1b[?7h\x1b[?25h\x1b[?1049lgalera.default")).toBe(true);
  expect(left.endsWith("10.244.1.17\n")).toBe(true);
});

test("ended before anything was seen, the terminal is given back all the same", () => {
  const { display, output } = terminal();
  display.begin();
  output();
  display.end();
  expect(output()).toBe("\x1b[?7h\x1b[?25h\x1b[?1049l\n");
});

test.each([3, 10, 22])("a window of %d rows never scrolls, and says what is missing", (rows) => {
  const { display, output } = terminal(false, rows);
  display.begin();
  output();
  display.show(many);
  const lines = output().split("\n");
  expect(lines).toHaveLength(rows);
  expect(lines.at(-2)).toBe(`(${23 - (rows - 2)} more lines in a higher window)\x1b[K\x1b[J`);
  display.end();
  expect(output().split("\n")).toHaveLength(24);
});
