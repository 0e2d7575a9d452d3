/** Who founds, with real servers and agents that are sidecars: these outlive the servers. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, quick } from "./cluster.js";

const all = [0, 1, 2];
let cluster: Cluster;

beforeAll(async () => {
  const env = { GALERA_REPLICAS: "3" };
  cluster = await createCluster({ block: 64, env, provider: quick, sidecars: true });
});

afterAll(() => cluster.close());

test("a first start", async () => {
  await cluster.found(all);
  await cluster.write(10);
  expect(await cluster.verify()).toMatchObject({ epoch: 1 });
  expect(cluster.log(0)).toContain("the agent is up");
});

test("all servers killed at once, their agents go on", async () => {
  await Promise.all(all.map(cluster.killServer));
  for (const i of all) cluster.start(i);
  expect(await cluster.verify()).toMatchObject({ epoch: 2 });
});

test("an agent that knew a running server does not take it for one that runs still", async () => {
  await cluster.heal(all);
  await Promise.all(all.map(cluster.killServer));
  for (const i of [0, 1]) cluster.start(i);
  for (const i of [0, 1]) await cluster.says(i, /waiting for galera-2: .*its server not started/);
  cluster.start(2);
  expect(await cluster.verify()).toMatchObject({ epoch: 3 });
});

test("all pods killed at once", async () => {
  await cluster.heal(all);
  const { epoch } = await cluster.verify();
  await Promise.all(all.map(cluster.kill));
  for (const i of all) cluster.start(i);
  expect(await cluster.verify()).toMatchObject({ epoch: epoch + 1 });
});

test("one server stopped and started joins by itself", async () => {
  await cluster.heal(all);
  const { epoch } = await cluster.verify();
  await cluster.stop(1);
  await cluster.write(10, [0, 2]);
  cluster.start(1);
  expect(await cluster.verify()).toMatchObject({ epoch });
});

test("a database that was never in a cluster, as docs/kubernetes.md has it", async () => {
  const env = { GALERA_REPLICAS: "3" };
  const adopted = await createCluster({ block: 92, env, provider: quick, sidecars: true });
  try {
    const { dir, datadir } = adopted.paths(0);
    mkdirSync(dir, { recursive: true });
    const directories = [`--datadir=${datadir}`, `--tmpdir=${tmpdir()}`];
    execFileSync("mariadb-install-db", ["--no-defaults", "--user=mysql", ...directories]);
    adopted.start(0, { restarts: false });
    expect(await adopted.endOf(0)).toBe("exit 75");
    await adopted.kill(0);

    adopted.start(0, { env: { GALERA_BOOTSTRAP: "sole-peer" } });
    await adopted.allSynced([0]);
    await adopted.createTable(0);
    await adopted.write(10, [0]);
    await adopted.stop(0);
    await adopted.kill(0);

    adopted.start(0);
    await adopted.allSynced([0]);
    for (const i of [1, 2]) adopted.start(i);
    expect(await adopted.verify(all)).toMatchObject({ rows: 10 });
    await Promise.all(all.map(adopted.kill));
    for (const i of all) adopted.start(i);
    expect(await adopted.verify(all)).toMatchObject({ rows: 10 });
  } finally {
    await adopted.close();
  }
});
