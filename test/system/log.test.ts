import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLog, hideSecrets, oneLine, writeLine } from "../../src/system/log.js";

const now = () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6));

function logOf(format: "text" | "json") {
  const lines: string[] = [];
  return { lines, log: createLog(format, (line) => lines.push(line), now) };
}

test("text: a line with its time and level", () => {
  const { lines, log } = logOf("text");
  log("info", "peers: galera-0", { count: 1 });
  log("warn", "ü");
  expect(lines).toEqual([
    "2026-01-02 03:04:05.006Z [info] galera-peers: peers: galera-0",
    "2026-01-02 03:04:05.006Z [warn] galera-peers: ü",
  ]);
});

test("json: an object a line, fields and all", () => {
  const { lines, log } = logOf("json");
  log("error", 'a "quoted"\nname', { peers: ["a", "b"], fresh: true, count: 2 });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("\n");
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    ...{ time: "2026-01-02T03:04:05.006Z", level: "error", message: 'a "quoted"\nname' },
    ...{ peers: ["a", "b"], fresh: true, count: 2 },
  });
});

test("nothing that is logged makes a second line, or moves a terminal's cursor", () => {
  const { lines, log } = logOf("text");
  log("info", "a\nb\r\tc\0\x1b[2J\x7f\x85");
  expect(lines).toEqual([
    "2026-01-02 03:04:05.006Z [info] galera-peers: a\\x0ab\\x0d\\x09c\\x00\\x1b[2J\\x7f\\x85",
  ]);
  expect(oneLine("plain, ü, 日本")).toBe("plain, ü, 日本");
});

test("a line is written whole to a file descriptor, and one that is closed is no fault", () => {
  const directory = mkdtempSync(join(tmpdir(), "log-"));
  const path = join(directory, "log");
  const fd = openSync(path, "w");
  const write = writeLine(fd);
  write("one");
  write("ü".repeat(100_000));
  closeSync(fd);
  write("into nothing");
  expect(readFileSync(path, "utf8")).toBe(`one\n${"ü".repeat(100_000)}\n`);
  rmSync(directory, { recursive: true });
});

test.each([
  ["--wsrep-sst-auth=user:pass", "--wsrep-sst-auth=***"],
  ["+wsrep_sst_auth = 'user:pass word'\n a=b", "+wsrep_sst_auth =***\n a=b"],
  ["--datadir=/auth=x", "--datadir=/auth=x"],
  ["mariadbd", "mariadbd"],
])("the credentials of %j are hidden", (text, shown) => {
  expect(hideSecrets(text)).toBe(shown);
});
