import { expect, test } from "vitest";
import { labCommand } from "../../src/cli/lab.js";
import { defaultLab } from "../../src/lab/lab.js";
import {
  callFor,
  type LabCall,
  locateLab,
  readDurationFlag,
  readLabSettings,
  readReplicas,
} from "../../src/lab/options.js";
import { sqlArgv } from "../../src/lab/sql.js";

test("each user has labs of their own, by name", () => {
  const usual = locateLab({}, 1000, "/tmp");
  expect(usual).toMatchObject({ name: "lab", dir: "/tmp/galera-lab-1000" });
  expect(callFor(usual, "down")).toBe("galera-peers lab down");
  const two = locateLab({ name: "two" }, 0, "/tmp");
  expect(two.dir).toBe("/tmp/galera-two-0");
  expect(callFor(two, "logs", "galera-0")).toBe("galera-peers lab logs --name two galera-0");
  const elsewhere = locateLab({ name: "two", dir: "/var/tmp/x/" }, 0, "/tmp");
  expect(elsewhere).toMatchObject({ name: "two", dir: "/var/tmp/x" });
  expect(callFor(elsewhere, "down")).toBe("galera-peers lab down --name two --dir /var/tmp/x");
});

test.each(["", "a.b", "-x", "a b", "x".repeat(64)])("%j is no lab's name", (name) => {
  expect(() => locateLab({ name }, 0, "/tmp")).toThrow("is not a DNS label");
});

test.each(["/tmp/a b", "/tmp/a\nb", "/tmp/$x", "/tmp/ä"])("%j is no lab's directory", (dir) => {
  expect(() => locateLab({ dir }, 0, "/tmp")).toThrow("other characters");
});

test("replicas and time-outs are read or refused", () => {
  expect(["1", "5", "99"].map((text) => readReplicas("--replicas", text, 1))).toEqual([1, 5, 99]);
  for (const text of ["0", "100", "-1", "1.5", "three", ""]) {
    expect(() => readReplicas("--replicas", text, 1)).toThrow("not a number from 1 to 99");
  }
  expect(readReplicas("scale", "0", 0)).toBe(0);
  expect(() => readReplicas("scale", "-1", 0)).toThrow('scale: "-1" is not a number from 0 to 99');
  expect(readDurationFlag("--timeout", "90s")).toBe(90_000);
  expect(() => readDurationFlag("--grace", "soon")).toThrow('--grace: "soon" is not a duration');
});

const flags = {
  ...{ replicas: "3", dnsLag: "300ms", grace: "30s", network: "auto", timeout: "5m" },
};

test("a lab's settings; all that is wrong is told at once", () => {
  expect(readLabSettings(flags, [])).toEqual(defaultLab);
  const env = ["GALERA_POLL=2s", "A=b=c", "EMPTY="];
  expect(readLabSettings({ ...flags, parallel: true, network: "loopback", env }, ["-x"])).toEqual({
    ...defaultLab,
    ...{ policy: "Parallel", network: "loopback", args: ["-x"] },
    settings: { GALERA_POLL: "2s", A: "b=c", EMPTY: "" },
  });
  const wrong = { replicas: "0", dnsLag: "x", grace: "y", network: "z", env: ["=1", "2"] };
  const told = ["--replicas", "--network", "--dns-lag", "--grace", "--env", "--env"];
  try {
    readLabSettings({ ...flags, ...wrong }, []);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 78 });
    const lines = (error as Error).message.split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual(told);
  }
});

async function parse(line: string): Promise<LabCall | undefined> {
  let parsed: LabCall | undefined;
  const command = labCommand(async (call) => {
    parsed = call;
  });
  await command.parseAsync(line.split(" "), { from: "user" });
  return parsed;
}

const waits = { timeout: "2m" };

test.each<[string, LabCall]>([
  ["up", { kind: "up", ...flags, args: [] }],
  [
    "up --replicas 5 --name two --dir /d --timeout 1m --parallel --env A=1 --env B=2 -- -x",
    {
      kind: "up",
      ...{ ...flags, replicas: "5", name: "two", dir: "/d", timeout: "1m", args: ["-x"] },
      ...{ parallel: true, env: ["A=1", "B=2"] },
    },
  ],
  ["ps --json", { kind: "ps", json: true }],
  ["ps -w", { kind: "ps", watch: true }],
  [
    "kill galera-1 galera-2",
    {
      kind: "kill",
      ...{ members: ["galera-1", "galera-2"], signal: "KILL", container: "mariadb", ...waits },
    },
  ],
  [
    "kill galera-1 --signal TERM -c all --wait",
    {
      kind: "kill",
      ...{ members: ["galera-1"], signal: "TERM", container: "all", ...waits, wait: true },
    },
  ],
  [
    "delete galera-0 --disk --wait --timeout 30s --grace 0",
    {
      kind: "delete",
      ...{ members: ["galera-0"], disk: true, wait: true, timeout: "30s", grace: "0" },
    },
  ],
  ["disk-loss galera-0", { kind: "disk-loss", members: ["galera-0"], ...waits }],
  ["outage --wait", { kind: "outage", ...waits, wait: true }],
  ["stop galera-0", { kind: "stop", members: ["galera-0"] }],
  ["start galera-0", { kind: "start", members: ["galera-0"], ...waits }],
  ["pause galera-0", { kind: "pause", members: ["galera-0"] }],
  ["resume galera-0", { kind: "resume", members: ["galera-0"], ...waits }],
  ["scale 5", { kind: "scale", replicas: "5", ...waits }],
  [
    "partition galera-0,galera-1 galera-2 --node",
    { kind: "partition", sides: ["galera-0,galera-1", "galera-2"], node: true },
  ],
  ["experiment self-healing", { kind: "experiment", which: "self-healing", network: "auto" }],
  [
    "experiment data-survives --name two --dir /d --network loopback",
    {
      ...{ kind: "experiment", which: "data-survives", name: "two", dir: "/d" },
      network: "loopback",
    },
  ],
  [
    "experiment availability",
    {
      ...{ kind: "experiment", which: "availability", network: "auto" },
      report: "galera-availability.html",
    },
  ],
  ["partition --heal", { kind: "partition", sides: [], heal: true }],
  ["dns stale drop=0.5", { kind: "dns", faults: ["stale", "drop=0.5"] }],
  ["sql galera-0", { kind: "sql", member: "galera-0", args: [] }],
  ["sql galera-0 x -- -N", { kind: "sql", member: "galera-0", statement: "x", args: ["-N"] }],
  ["logs galera-2", { kind: "logs", member: "galera-2", container: "mariadb" }],
  ["logs -f -c agent", { kind: "logs", container: "agent", follow: true }],
  ["events -f --json", { kind: "events", follow: true, json: true }],
  ["down --name two", { kind: "down", name: "two" }],
  ["serve --settings {}", { kind: "serve", settings: "{}" }],
  ["reap --dir /d", { kind: "reap", dir: "/d" }],
])("lab %s", async (line, call) => {
  expect(await parse(line)).toEqual(call);
});

test("the client's arguments: no option files, the statement last", () => {
  const common = ["mariadb", "--no-defaults", "--socket=/s", "--host=localhost", "--user=root"];
  expect(sqlArgv("/s", undefined, [])).toEqual(common);
  expect(sqlArgv("/s", "select 1", ["-N"])).toEqual([...common, "-N", "--execute=select 1"]);
});
