/** The probes over a member's life, with real servers, as commands and over HTTP. */
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareDatadir } from "../../src/server/privileges.js";
import { runCli } from "./cli.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";

type Probe = "startup" | "liveness" | "readiness";
const paths = { startup: "/startupz", liveness: "/livez", readiness: "/readyz" } as const;

let cluster: Cluster;

/** What a member's agent says to a probe; undefined where none answers. */
async function ask(i: number, probe: Probe): Promise<string | undefined> {
  try {
    const reply = await fetch(`http://${cluster.address(i)}:4569${paths[probe]}`);
    const { ok, why } = (await reply.json()) as { ok: boolean; why: string };
    expect(reply.status).toBe(ok ? 200 : 503);
    return `${ok ? "yes" : "no"}: ${why}`;
  } catch (error) {
    if (error instanceof TypeError) return undefined; // as fetch calls what did not connect
    throw error;
  }
}

async function askAll(i: number) {
  const [startup, liveness, readiness] = await Promise.all(
    (["startup", "liveness", "readiness"] as const).map((probe) => ask(i, probe)),
  );
  return { startup, liveness, readiness };
}

/** Waits until a probe's answer matches. */
const says = (i: number, probe: Probe, what: RegExp, ms = 30_000) => {
  let last: string | undefined;
  return until(
    async () => {
      last = await ask(i, probe);
      return last !== undefined && what.test(last) && last;
    },
    () => `${probe} of galera-${i} to say ${what}; it says ${last}\n${cluster.tails()}`,
    ms,
  );
};

/** All that a probe says of a member until `over`; each answer once, in its order. */
function watch(i: number, probe: Probe) {
  const seen: (string | undefined)[] = [];
  let going = true;
  const loop = async () => {
    while (going) {
      const now = await ask(i, probe);
      if (now !== seen.at(-1)) seen.push(now);
      await new Promise((next) => setTimeout(next, 50));
    }
  };
  const looping = loop();
  return async () => {
    going = false;
    await looping;
    return seen;
  };
}

const run = (i: number, probe: Probe, args: readonly string[] = []) =>
  runCli("galera-peers", ["probe", probe, ...args], { env: { POD_IP: cluster.address(i) } });

const readyNow = { startup: "yes: the server answers", liveness: "yes: the server answers" };

/** A member on an empty volume that is the server's user's: its sidecar becomes that user too. */
function startOnVolume(i: number) {
  const { dir, datadir } = cluster.paths(i);
  mkdirSync(dir, { recursive: true });
  prepareDatadir(datadir, process.getuid?.() ?? 0, undefined);
  cluster.start(i);
}

/** No kill of a member that starts: whatever it says, it is alive. */
const isAlive = (answers: readonly (string | undefined)[]) =>
  answers.every((one) => one === undefined || one.startsWith("yes: "));

describe("of pods whose agents are sidecars", () => {
  beforeAll(async () => {
    cluster = await createCluster({ block: 74, provider: quick, sidecars: true });
  });
  afterAll(() => cluster.close());

  test("no agent: exit 1 and one line, but for liveness, which nobody can tell then", async () => {
    const nobody = `no agent answers on ${cluster.address(0)}:4569 (POD_IP, GALERA_AGENT_PORT): ECONNREFUSED`;
    for (const args of [[], [`--pod-ip=${cluster.address(0)}`]]) {
      for (const probe of ["startup", "readiness"] as const) {
        expect(await run(0, probe, args)).toMatchObject({
          ...{ exitCode: 1, stdout: "", stderr: `galera-peers: ${nobody}` },
        });
      }
      expect(await run(0, "liveness", args)).toMatchObject({
        ...{ exitCode: 0, stdout: nobody, stderr: "" },
      });
    }
  });

  test("usage is 64, settings are 78", async () => {
    expect(await runCli("galera-peers", ["probe", "life"])).toMatchObject({ exitCode: 64 });
    const env = { GALERA_AGENT_PORT: "none", POD_IP: "here" };
    for (const args of [[], ["--agent-port", "none"]]) {
      const { exitCode, stderr } = await runCli("galera-peers", ["probe", "startup", ...args], {
        env,
      });
      expect(exitCode).toBe(78);
      expect(stderr.split("\n")).toHaveLength(2);
    }
  });

  test("a founder: alive all the time, ready when it is synced", async () => {
    const over = watch(0, "liveness");
    startOnVolume(0);
    await says(0, "readiness", /^yes: synced$/);
    expect(isAlive(await over())).toBe(true);
    expect(await askAll(0)).toEqual({ ...readyNow, readiness: "yes: synced" });
    for (const probe of ["startup", "liveness", "readiness"] as const) {
      const { exitCode, stdout, stderr } = await run(0, probe);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(`yes: ${stdout}`).toBe(await ask(0, probe));
    }
    await cluster.allSynced([0]);
    await cluster.createTable(0);
  });

  test("a joiner and its donor, by an SST that takes its time", async () => {
    await cluster.writeBulk(0, 400);
    const joiner = { alive: watch(1, "liveness"), ready: watch(1, "readiness") };
    const donor = { alive: watch(0, "liveness"), ready: watch(0, "readiness") };
    startOnVolume(1);
    const asked = await until(
      async () => {
        const now = await run(1, "readiness");
        return now.stderr.endsWith("joining the cluster") && now;
      },
      () => `galera-1 to join\n${cluster.tails()}`,
      30_000,
    );
    expect(asked).toMatchObject({
      ...{ exitCode: 1, stdout: "", stderr: "galera-peers: joining the cluster" },
    });
    await says(1, "readiness", /^yes: synced$/, 60_000);
    await says(0, "readiness", /^yes: synced$/);
    expect(isAlive(await joiner.alive())).toBe(true);
    expect(await joiner.ready()).toContain("no: joining the cluster");
    expect(isAlive(await donor.alive())).toBe(true);
    const ready = await donor.ready();
    expect(ready).toContain(
      "no: the server is a donor, and SST by anything but mariabackup blocks it",
    );
    expect(ready.at(-1)).toBe("yes: synced");
  });

  test("desynced, or closed by hand: not ready, alive", async () => {
    await cluster.sql(1, "SET GLOBAL wsrep_desync = ON");
    await says(1, "readiness", /^no: the server is desynced \(wsrep_desync\)$/);
    expect(await ask(1, "liveness")).toBe(readyNow.liveness);
    await cluster.sql(1, "SET GLOBAL wsrep_desync = OFF");
    await says(1, "readiness", /^yes: synced$/);
    await cluster.sql(1, "SET GLOBAL wsrep_reject_queries = ALL");
    await says(1, "readiness", /^no: /);
    expect(await ask(1, "liveness")).toMatch(/^yes: /);
    await cluster.killServer(1); // no SQL gets through to open it again
    cluster.start(1);
    await says(1, "readiness", /^yes: synced$/, 60_000);
  });

  test("an agent killed and back: the server is ready again in seconds, and never dead", async () => {
    const server = cluster.session(1)[0];
    const over = watch(1, "liveness");
    await cluster.killAgent(1);
    await until(
      async () => (await run(1, "readiness")).stderr.includes("no agent answers"),
      () => "an agent that is gone",
      5000,
    );
    cluster.startAgent(1);
    await says(1, "readiness", /^yes: synced$/);
    expect(isAlive(await over())).toBe(true);
    expect(cluster.session(1)[0]).toBe(server);
  });

  test("a server that is stopped: not ready at once, alive for its time", async () => {
    const [server = 0] = cluster.session(1);
    process.kill(server, "SIGSTOP");
    try {
      await says(1, "readiness", /^no: the server does not answer: /, 5000);
      expect(await ask(1, "liveness")).toBe("yes: the server answered before");
    } finally {
      process.kill(server, "SIGCONT");
    }
    await says(1, "readiness", /^yes: synced$/, 60_000);
  });

  test("outside the primary component: alive, not ready", async () => {
    await cluster.killServer(1);
    await says(0, "readiness", /^no: the server's component is not primary$/);
    expect(await ask(0, "liveness")).toBe(readyNow.liveness);
    expect(await ask(0, "startup")).toBe(readyNow.startup);
    cluster.start(1);
    await cluster.allSynced([0, 1]);
    await says(0, "readiness", /^yes: synced$/);
  });

  test("a server that has ended, and a start that waits", async () => {
    await cluster.stop(1);
    await says(1, "readiness", /^no: no server is in the cluster$/);
    await cluster.stop(0);
    cluster.start(1);
    await says(1, "readiness", /^no: the start waits$/);
    expect(await says(1, "liveness", /^yes: waiting for galera-0/)).toBe(await ask(1, "startup"));
    cluster.start(0);
    await says(1, "readiness", /^yes: synced$/, 60_000);
    expect(await askAll(0)).toEqual({ ...readyNow, readiness: "yes: synced" });
  });
});

describe("of containers that have left their agent behind", () => {
  beforeAll(async () => {
    cluster = await createCluster({ block: 74, provider: quick });
  });
  afterAll(() => cluster.close());

  test("two members, from nothing to synced and to their end", async () => {
    const alive = [watch(0, "liveness"), watch(1, "liveness")];
    await cluster.found([0]);
    cluster.start(1);
    for (const i of [0, 1]) await says(i, "readiness", /^yes: synced$/, 60_000);
    for (const over of alive) expect(isAlive(await over())).toBe(true);
    expect(await run(1, "readiness", ["--agent-port", "4569"])).toMatchObject({
      ...{ exitCode: 0, stdout: "synced" },
    });
    await cluster.stop(1);
    await until(
      async () => (await run(1, "liveness")).stdout.includes("no agent answers"),
      () => "no agent without its server",
      10_000,
    );
  });
});
