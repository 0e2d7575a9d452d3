/** deploy/base as it is: three members that start in parallel, each with its agent as a sidecar. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { render, secrets } from "../deploy/render.js";
import { all, createClient, foundings, ist, sst, testing } from "./cluster.js";
import { prefix, startContainer } from "./engine.js";
import { readManifests } from "./manifest.js";
import { createNamespace, type Namespace, until } from "./namespace.js";
import { argumentsAndVariables, hasBlockingOutput, inherited } from "./process-state.js";

let namespace: Namespace;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  namespace = await createNamespace({ name: "base", manifests: readManifests(render("base")) });
  client = createClient(namespace, "mariadb", "$(cat /run/secrets/galera/root-password)");
});
afterAll(() => namespace?.close());

const test = testing(() => namespace);

const server = (ordinal: number) => client.life(ordinal);
const words = (ordinal: number) =>
  client.sql(ordinal, "SELECT GROUP_CONCAT(word ORDER BY word) FROM inajob.hoge");
let uuid: unknown;

test("three members that start at once form one cluster", async () => {
  await namespace.start();
  expect(foundings(namespace.log())).toBe(1);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  expect(await client.ofAll("wsrep_local_state_comment")).toBe("Synced");
  uuid = await client.ofAll("wsrep_cluster_state_uuid");
  expect(uuid).toMatch(/^[\da-f-]{36}$/);
});

test("readiness failed until a member was synced, with the reason", async () => {
  const joiners = all.filter((ordinal) => server(ordinal).output().includes(sst));
  expect(joiners).toHaveLength(2);
  for (const ordinal of joiners) {
    const readiness = server(ordinal).verdicts.filter(({ probe }) => probe === "readiness");
    expect(readiness[0]).toMatchObject({
      ok: false,
      why: expect.stringMatching(/no server is in|the start waits|joining the cluster|the server/),
    });
    expect(readiness.at(-1)).toMatchObject({ ok: true });
  }
});

test("PID 1 of the server's container is mariadbd, as if it alone had been started", async () => {
  const initialise = "mariadb-install-db --datadir=/tmp/data >/dev/null && exec mariadbd";
  const bare = startContainer({
    name: `${prefix}-base-bare`,
    options: ["--network", "none", "--entrypoint", "sh"],
    args: ["-c", `${initialise} --datadir=/tmp/data`],
  });
  await until(() => bare.output().includes("ready for connections"), "mariadbd alone");
  const expected = await inherited(bare);
  expect(expected).toHaveLength(4);
  for (const ordinal of all) {
    const container = server(ordinal).current();
    expect((await container.exec(["cat", "/proc/1/comm"])).said).toBe("mariadbd");
    expect(await inherited(container)).toEqual(expected);
    expect(await hasBlockingOutput(container)).toBe(true);
  }
  await bare.kill("KILL");
  await bare.ended;
});

test("no process has a capability, may get one, or is root's", async () => {
  for (const life of namespace.pods().flatMap((pod) => pod.lives)) {
    const look = "exec 2>&1; grep -E '^(Uid|Gid|NoNewPrivs|CapBnd):' /proc/1/status; touch /a-file";
    const { said } = await life.current().exec(["sh", "-c", look]);
    expect(said).toMatch(/^Uid:(\t999){4}\nGid:(\t999){4}\nCapBnd:\t0{16}\nNoNewPrivs:\t1\n/);
    expect(said).toMatch(/Read-only file system$/);
  }
});

test("no secret is in an argument, a variable or a log", async () => {
  for (const life of namespace.pods().flatMap((pod) => pod.lives)) {
    const seen = (await argumentsAndVariables(life.current())) + life.output();
    expect(seen).toContain("mariadbd");
    for (const secret of Object.values(secrets)) expect(seen).not.toContain(secret);
  }
});

test("a row is at all members", async () => {
  await client.sql(
    0,
    `CREATE DATABASE inajob; CREATE TABLE inajob.hoge
      (id INT AUTO_INCREMENT PRIMARY KEY, word TEXT); INSERT INTO inajob.hoge (word) VALUES ('a')`,
  );
  for (const ordinal of [1, 2]) {
    const hasRow = async () => (await words(ordinal).catch(() => "")) === "a"; // nor has it the table at first
    await until(hasRow, "the row");
  }
});

test("a pod that is deleted drains, ends within its grace, and comes back with its disk", async () => {
  const { verdicts } = server(1);
  const endings = await namespace.deletePod(1);
  expect(endings.get("mariadb")).toMatchObject({ exitCode: 0, preStop: { exitCode: 0 } });
  expect(endings.get("mariadb")?.preStop?.said).toContain("the server may be ended");
  expect(endings.get("agent")).toMatchObject({ exitCode: 143 });
  expect(verdicts).toContainEqual({
    probe: "readiness",
    ok: false,
    why: expect.stringContaining("draining"),
  });
  await client.sql(0, "INSERT INTO inajob.hoge (word) VALUES ('b')");
  await namespace.createPod(1);
  await namespace.ready(1);
  expect(server(1).output()).toContain(ist);
  expect(server(1).output()).not.toContain(sst);
  expect(await words(1)).toBe("a,b");
});

test("a server that is killed comes back in its pod", async () => {
  await server(2).kill();
  await until(() => server(2).restarts() === 1, "the restart");
  await client.whole();
  await namespace.ready(2);
  const restarts = namespace.pods().flatMap((pod) => pod.lives.map((life) => life.restarts()));
  expect(restarts.toSorted()).toEqual([0, 0, 0, 0, 0, 1]);
  expect(await words(2)).toBe("a,b");
});

test("a lost disk is filled by SST", async () => {
  await namespace.deletePod(0);
  namespace.loseClaims(0);
  await client.sql(1, "INSERT INTO inajob.hoge (word) VALUES ('c')");
  await namespace.createPod(0);
  await namespace.ready(0);
  expect(server(0).output()).toContain(sst);
  expect(await words(0)).toBe("a,b,c");
});

test("two servers that are killed at once leave a third that is made primary, and not ended", async () => {
  await Promise.all([0, 1].map((ordinal) => server(ordinal).kill()));
  await client.whole();
  for (const ordinal of all) await namespace.ready(ordinal);
  expect(server(2).restarts()).toBe(1); // that of before
  expect(namespace.log()).toContain("making my component primary");
  expect(await words(2)).toBe("a,b,c");
});

test("one cluster is left of all this", async () => {
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  expect(await client.ofAll("wsrep_cluster_state_uuid")).toBe(uuid);
  expect(foundings(namespace.log())).toBe(1);
});

test("when all nodes lose power at once, the cluster comes back by itself with all rows", async () => {
  await client.sql(2, "INSERT INTO inajob.hoge (word) VALUES ('d')");
  await namespace.outage();
  for (const ordinal of all) await namespace.ready(ordinal);
  expect(await client.ofAll("wsrep_cluster_size")).toBe("3");
  expect(await client.ofAll("wsrep_cluster_state_uuid")).toBe(uuid);
  expect(foundings(namespace.log())).toBe(2);
  for (const ordinal of all) expect(await words(ordinal)).toBe("a,b,c,d");
});

test("liveness has ended nobody, nor has startup", async () => {
  const verdicts = namespace.verdicts().filter(({ probe }) => probe === "liveness");
  expect(verdicts.length).toBeGreaterThan(0);
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  expect(namespace.endedBy()).toEqual([]);
});

test("deleted at once, they leave in turn, and the last one may found the next time", async () => {
  const endings = await Promise.all(all.map((ordinal) => namespace.deletePod(ordinal)));
  for (const ending of endings) {
    expect(ending.get("mariadb")).toMatchObject({ exitCode: 0, preStop: { exitCode: 0 } });
  }
  const grastate = readFileSync(join(namespace.claim("data", 0), "data/grastate.dat"), "utf8");
  expect(grastate).toMatch(/^safe_to_bootstrap: 1$/m);
});
