import { expect, test } from "vitest";
import { labCommand } from "../../src/cli/lab.js";
import {
  type LabCall,
  locateLab,
  readReplicas,
  readSignal,
  readTimeout,
} from "../../src/lab/options.js";
import { sqlArgv } from "../../src/lab/sql.js";

test("each user has labs of their own, by name", () => {
  expect(locateLab({}, 1000, "/tmp")).toEqual({ name: "lab", dir: "/tmp/galera-lab-1000" });
  expect(locateLab({ name: "two" }, 0, "/tmp").dir).toBe("/tmp/galera-two-0");
  expect(locateLab({ name: "two", dir: "/var/tmp/x/" }, 0, "/tmp")).toEqual({
    name: "two",
    dir: "/var/tmp/x",
  });
});

test.each(["", "a.b", "-x", "a b", "x".repeat(64)])("%j is no lab's name", (name) => {
  expect(() => locateLab({ name }, 0, "/tmp")).toThrow("is not a DNS label");
});

test.each(["/tmp/a b", "/tmp/a\nb", "/tmp/$x", "/tmp/ä"])("%j is no lab's directory", (dir) => {
  expect(() => locateLab({ dir }, 0, "/tmp")).toThrow("other characters");
});

test("replicas, time-outs and signals are read or refused", () => {
  expect(["1", "5", "99"].map(readReplicas)).toEqual([1, 5, 99]);
  for (const text of ["0", "100", "-1", "1.5", "three", ""]) {
    expect(() => readReplicas(text)).toThrow("not a number from 1 to 99");
  }
  expect(readTimeout("90s")).toBe(90_000);
  expect(() => readTimeout("soon")).toThrow("not a duration");
  expect(["KILL", "SIGKILL", "kill", "9"].map(readSignal)).toEqual(Array(4).fill("SIGKILL"));
  expect(() => readSignal("FOO")).toThrow("no signal");
});

async function parse(line: string): Promise<LabCall | undefined> {
  let parsed: LabCall | undefined;
  const command = labCommand(async (call) => {
    parsed = call;
  });
  await command.parseAsync(line.split(" "), { from: "user" });
  return parsed;
}

test.each<[string, LabCall]>([
  ["up", { kind: "up", replicas: "3", timeout: "5m", args: [] }],
  [
    "up --replicas 5 --name two --dir /d --timeout 1m -- --max-connections=9",
    {
      kind: "up",
      ...{ replicas: "5", name: "two", dir: "/d", timeout: "1m", args: ["--max-connections=9"] },
    },
  ],
  ["ps --json", { kind: "ps", json: true }],
  ["kill galera-1", { kind: "kill", member: "galera-1", signal: "KILL", timeout: "2m" }],
  [
    "kill galera-1 --signal TERM --wait",
    { kind: "kill", member: "galera-1", signal: "TERM", timeout: "2m", wait: true },
  ],
  [
    "delete galera-0 --disk --wait --timeout 30s",
    { kind: "delete", member: "galera-0", disk: true, wait: true, timeout: "30s" },
  ],
  ["sql galera-0", { kind: "sql", member: "galera-0", args: [] }],
  ["sql galera-0 x -- -N", { kind: "sql", member: "galera-0", statement: "x", args: ["-N"] }],
  ["logs galera-2", { kind: "logs", member: "galera-2" }],
  ["logs", { kind: "logs" }],
  ["down --name two", { kind: "down", name: "two" }],
  ["serve --replicas 2 -- -x", { kind: "serve", replicas: "2", args: ["-x"] }],
  ["reap --dir /d", { kind: "reap", dir: "/d" }],
])("lab %s", async (line, call) => {
  expect(await parse(line)).toEqual(call);
});

test("the client's arguments: no option files, the statement last", () => {
  const common = ["mariadb", "--no-defaults", "--socket=/s", "--host=localhost", "--user=root"];
  expect(sqlArgv("/s", undefined, [])).toEqual(common);
  expect(sqlArgv("/s", "select 1", ["-N"])).toEqual([...common, "-N", "--execute=select 1"]);
});
