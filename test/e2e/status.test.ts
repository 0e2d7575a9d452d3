/** `galera-peers status`, of real servers: from a member, and from outside. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podName } from "../../src/lab/pod.js";
import { prepareDatadir } from "../../src/server/privileges.js";
import type { MemberOverview, Overview } from "../../src/status/overview.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { runCli, startCli, until } from "./cli.js";
import { type Cluster, createCluster, quick } from "./cluster.js";

const key = "the key of these members";
const all = [0, 1, 2];
const program = fileURLToPath(new URL("../../bin/galera-peers.js", import.meta.url));
let cluster: Cluster;

beforeAll(async () => {
  const env = { GALERA_REPLICAS: "3", GALERA_AGENT_KEY: key };
  cluster = await createCluster({ block: 72, env, provider: quick, sidecars: true });
  // As in Kubernetes, the volumes are there before the sidecars, which take their owner's account.
  for (const i of all) prepareDatadir(cluster.paths(i).datadir, process.getuid?.() ?? 0, undefined);
  await cluster.found(all);
  const isKnown = ({ readiness, flowControl }: MemberOverview) =>
    readiness?.ok === true && typeof flowControl?.paused === "number";
  await until(async () => (await overview()).members.every(isKnown), "all ready", 60_000);
});

afterAll(() => cluster.close());

function dns(): string {
  return `127.0.0.1:${cluster.dns.port}`;
}

/** From a pod that is no member: it knows the service and its namespace only. */
function outside(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return runCli("galera-peers", ["status", ...reach(), ...words], { env });
}

const reach = () => ["--service", "galera", "--namespace", "proof", "--dns", dns()];

/** As `kubectl exec` runs it in a member. */
function inside(ordinal: number, words: readonly string[] = []) {
  const env = {
    GALERA_DNS: dns(),
    GALERA_SERVICE: "galera",
    GALERA_HOSTNAME: podName(ordinal),
    GALERA_AGENT_KEY: key,
    POD_NAMESPACE: "proof",
    POD_IP: cluster.address(ordinal),
  };
  return runCli("galera-peers", ["status", ...words], { env });
}

async function overview(look: typeof outside = outside): Promise<Overview> {
  const { stdout, exitCode } = await look(["--json"]);
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

async function member(ordinal: number): Promise<MemberOverview | undefined> {
  return (await overview()).members.find(({ name }) => name === podName(ordinal));
}

function agentOf(ordinal: number): number {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const found = pids.map(Number).find((pid) => {
    const words = commandLine(pid);
    const isAgent = words[words.indexOf(program) + 1] === "agent";
    return isAgent && words.some((word) => word.includes(`${cluster.dir}/${podName(ordinal)}/`));
  });
  if (found === undefined) throw new Error(`${podName(ordinal)} has no agent`);
  return found;
}

describe("all well", () => {
  test("a table, the same from a member and from outside", async () => {
    const { uuid, committed } = (await cluster.status(0)) ?? {};
    const rows = all.map(
      (i) =>
        `galera-${i}  yes    synced  yes      \\d+ \\(3\\)  ${uuid?.slice(0, 4)}…:${committed}  +0%      127.0.72.${i + 1}`,
    );
    const expected = new RegExp(
      `^galera.proof.svc.cluster.local: 3 of 3 agents answer
cluster ${uuid}, epoch 1
3 of 3 ready, one primary component

MEMBER    READY  PHASE   PRIMARY  VIEW   POSITION +PAUSED  ADDRESS
${rows.join("\n")}$`,
    );
    for (const look of [outside, () => inside(0), () => inside(2)]) {
      const { stdout, stderr, exitCode } = await look();
      expect(stdout).toMatch(expected);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    }
  });

  test("a key that the agents do not have: nobody is believed", async () => {
    const { stdout, exitCode } = await outside([], {
      GALERA_AGENT_KEY: "a key of nobody's at all",
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("no agent answers: 3 unproved");
    expect(stdout).toContain(
      "galera-1 is not believed: its agent has another GALERA_AGENT_KEY than I",
    );
  });

  test("JSON has everything, on one line", async () => {
    const { stdout } = await outside(["--json"]);
    expect(stdout.split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      service: "galera.proof.svc.cluster.local",
      ...{ dnsProblem: null, answering: 3, epoch: 1 },
      verdict: { health: "good", text: "3 of 3 ready, one primary component" },
    });
    const { members } = JSON.parse(stdout) as Overview;
    expect(members[1]).toMatchObject({
      ...{ name: "galera-1", named: true, addresses: ["127.0.72.2"] },
      ...{ agent: "answers", problem: null, phase: "running", wsrepState: "Synced" },
      ...{ primary: true, view: { members: all.map(podName) }, draining: null, awaited: null },
      position: { seqno: expect.stringMatching(/^\d+$/), certain: true },
      readiness: { ok: true },
      flowControl: { paused: expect.any(Number), receiveQueue: 0, sendQueue: 0 },
    });
  });
});

describe("watching", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("a block a second, until %s", async (signal) => {
    const watching = startCli("galera-peers", ["status", "--watch", ...reach()], {});
    const blocks = () => watching.output().split("\n\ngalera.proof").length;
    await until(() => blocks() >= 3, "three blocks");
    const at = Date.now();
    await until(() => blocks() >= 5, "two more");
    expect(Date.now() - at).toBeGreaterThan(1500);
    watching.child.kill(signal);
    expect((await watching.ended).code).toBe(signal === "SIGINT" ? 130 : 143);
    expect(watching.output()).not.toContain("\x1b");
  });

  test("as JSON, a document a line", async () => {
    const watching = startCli("galera-peers", ["status", "--watch", "--json", ...reach()], {});
    await until(() => watching.output().split("\n").length > 2, "two documents");
    watching.child.kill("SIGTERM");
    await watching.ended;
    const documents = watching.output().trimEnd().split("\n");
    for (const one of documents) expect(JSON.parse(one)).toMatchObject({ answering: 3 });
  });
});

describe("on a terminal", () => {
  /** Through a terminal of its own, of so many columns. */
  async function terminal(columns: number, words: readonly string[], env = {}, seconds = 10) {
    const command = [process.execPath, program, "status", ...reach(), ...words].join(" ");
    const line = `stty cols ${columns} rows 24; timeout --foreground --preserve-status -s INT ${seconds} ${command}; echo "ended $?"`;
    const { stdout } = await execa("script", ["-qec", line, "/dev/null"], {
      input: "",
      env: { PATH: process.env.PATH ?? "", TERM: "xterm", ...env },
      extendEnv: false,
      reject: false,
    });
    return stdout.replaceAll("\r\n", "\n");
  }

  test("colours", async () => {
    const text = await terminal(80, []);
    expect(text).toContain("\x1b[32m3 of 3 ready, one primary component\x1b[39m\n");
    expect(text).toContain("galera-1  \x1b[32myes\x1b[39m    \x1b[32msynced\x1b[39m");
    expect(text).toMatch(/ended 0\n?$/);
  });

  test.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("none with %o", async (env) => {
    expect(await terminal(80, [], env)).not.toContain("\x1b");
  });

  const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
  const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

  test("is drawn over each second, and given back with what was seen last", async () => {
    const text = await terminal(120, ["--watch"], {}, 3.4);
    const [before = "", watched = ""] = text.split(enter);
    const [drawn = "", after = ""] = watched.split(leave);
    expect(before).toBe("");
    const frames = drawn.split("\x1b[H").slice(1);
    expect(frames.length).toBeGreaterThanOrEqual(3);
    for (const frame of frames) expect(frame).toContain("3 of 3 ready");
    expect(after).toContain("3 of 3 ready");
    expect(after).toMatch(/ended 130\n?$/);
  });
});

describe("without all of them", () => {
  test("a pod that was killed", async () => {
    await cluster.kill(2);
    await cluster.allSynced([0, 1]);
    const isTwo = ({ view, readiness }: MemberOverview) =>
      view?.members.length === 2 && readiness?.ok === true;
    await until(async () => (await overview()).members.slice(0, 2).every(isTwo), "the view of two");
    const { stdout, exitCode } = await inside(0);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("\n2 of 3 ready, one primary component of 2; 1 silent\n");
    expect(stdout).toMatch(/\ngalera-2 {2}- +silent +- +- +- +- +127.0.72.3\n/);
    expect(stdout).toContain("\ngalera-2 is silent: its agent: connection refused");
  });

  test("one whose agent was killed as well: its server goes on", async () => {
    signalProcess(agentOf(1), "SIGKILL");
    await until(async () => (await member(1))?.agent === "silent", "galera-1 silent");
    const { verdict, answering, members } = await overview();
    expect(verdict.text).toBe("1 of 3 ready, one primary component of 2; 2 silent");
    expect(answering).toBe(1);
    expect(members[0]).toMatchObject({
      primary: true,
      view: { members: ["galera-0", "galera-1"] },
    });
  });

  test("one that DNS does not name: the others' view has it, and itself", async () => {
    cluster.unname(1);
    await until(async () => (await member(1))?.named === false, "galera-1 not named");
    expect((await outside()).stdout).toMatch(/\ngalera-1 {2}- +silent .*not in DNS\n/);
    cluster.unname(0);
    cluster.name(1);
    await until(async () => (await member(0)) === undefined, "galera-0 not named");
    const { stdout } = await inside(0);
    expect(stdout).toMatch(/\ngalera-0 {2}yes +synced .*not in DNS\n/);
    expect(stdout).toContain("\n1 of 3 ready, one primary component of 2; 2 silent\n");
  });

  test("DNS that fails: what its own agent knows", async () => {
    cluster.dns.setFaults({ servfail: true });
    const { stdout, exitCode } = await inside(0);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("\nDNS fails: galera.proof.svc.cluster.local: 127.0.0.1:");
    expect(stdout).toContain("; last known members: galera-0, galera-1");
    expect(await outside()).toMatchObject({
      exitCode: 69,
      stdout: "",
      stderr: expect.stringMatching(/^galera-peers: DNS fails: .*; no member is known$/),
    });
  });
});
