/** Who founds, with real servers: a first start, and what follows a full outage. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, founding, quick, stampMs, until } from "./cluster.js";

const all = [0, 1, 2];
let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ block: 60, env: { GALERA_REPLICAS: "3" }, provider: quick });
});

afterAll(() => cluster.close());

/** Everything in every container ends at the same moment, while clients write. */
async function outage(members: readonly number[] = all): Promise<void> {
  const clients = cluster.keepWriting(members);
  await until(
    () => clients.written() >= 30,
    () => `writes\n${cluster.tails()}`,
    20_000,
  );
  await Promise.all(members.map(cluster.kill));
  await clients.end();
}

const whoFounds = () => all.filter(cluster.founded);

test("three empty disks, started at once: one cluster, as soon as DNS names the last", async () => {
  for (const i of all) cluster.start(i, { named: i !== 2 });
  for (const i of [0, 1]) await cluster.says(i, /waiting for .*galera-2: no DNS record/);
  await cluster.says(2, /waiting for .*galera-2/);
  cluster.name(2);
  const namedMs = Date.now();
  const line = await cluster.says(0, founding);
  console.log(`founded ${stampMs(line) - namedMs} ms after the last member came into DNS`);
  await cluster.allSynced(all);
  await cluster.createTable(1);
  await cluster.write(20);
  expect(await cluster.verify()).toMatchObject({ epoch: 1, rows: 20 });
  expect(whoFounds()).toEqual([0]);
});

test.each([
  { order: [0, 1, 2], apartMs: 0 },
  { order: [0, 2, 1], apartMs: 2000 },
  { order: [1, 0, 2], apartMs: 500 },
  { order: [1, 2, 0], apartMs: 0 },
  { order: [2, 0, 1], apartMs: 100 },
  { order: [2, 1, 0], apartMs: 4000 },
])("all killed at once, started as $order with $apartMs ms between", async ({ order, apartMs }) => {
  await cluster.heal(all);
  const { epoch, uuid } = await cluster.verify();
  await outage();
  for (const i of order) {
    cluster.start(i);
    await new Promise((resolve) => setTimeout(resolve, apartMs));
  }
  await cluster.allSynced(all);
  expect(whoFounds()).toHaveLength(1);
  expect(await cluster.verify()).toMatchObject({ epoch: epoch + 1, uuid });
});

test("the freshest is not galera-0, which waits for the others by name", async () => {
  await cluster.heal(all);
  await cluster.stop(0);
  await cluster.write(20, [1, 2]);
  await outage([1, 2]);
  cluster.start(0);
  await cluster.says(0, /waiting for (?=.*galera-1: its agent).*galera-2: its agent/);
  cluster.start(1);
  cluster.start(2);
  await cluster.verify();
  expect(whoFounds()).not.toContain(0);
});

test("two with older views wait for the one that was left alone, and it does not for them", async () => {
  await cluster.heal(all);
  await cluster.stop(1);
  await cluster.stop(0);
  await until(
    async () => (await cluster.status(2))?.size === 1,
    () => "galera-2 to be alone",
    20_000,
  );
  await outage([2]);
  for (const i of [0, 1]) cluster.start(i);
  for (const i of [0, 1]) await cluster.says(i, /waiting for galera-2: /);
  cluster.start(2);
  await cluster.verify();
  expect(whoFounds()).toEqual([2]);
});

test("a full outage in which one member's disk is lost", async () => {
  await cluster.heal(all);
  await outage();
  cluster.wipe(1);
  for (const i of all) cluster.start(i);
  await cluster.verify();
  expect(whoFounds()).not.toContain(1);
  expect(cluster.log(1)).toContain("rsync SST completed on joiner");
});

test("two of three killed at the same moment: the third makes its component primary", async () => {
  await cluster.heal(all);
  await cluster.write(10);
  await Promise.all([1, 2].map(cluster.kill));
  await until(
    async () => (await cluster.status(0))?.primary === false,
    () => "galera-0 to be non-Primary",
    30_000,
  );
  for (const i of [1, 2]) cluster.start(i);
  await cluster.verify();
  expect(cluster.log(0)).toContain("making my component primary");
  expect(cluster.restarts(0)).toBe(0);
});

test("two of three stopped at the same moment: the third is primary, or becomes it", async () => {
  await cluster.heal(all);
  await cluster.write(10);
  await Promise.all([1, 2].map((i) => cluster.stop(i)));
  // Galera may see both leave in one view, and then stays primary.
  const left = await until(
    async () => {
      const status = await cluster.status(0);
      return status?.size === 1 && status;
    },
    () => "galera-0 to be alone",
    30_000,
  );
  console.log(`the survivor of two stops is ${left.primary ? "Primary" : "non-Primary"}`);
  for (const i of [1, 2]) cluster.start(i);
  await cluster.verify();
  expect(cluster.restarts(0)).toBe(0);
});
