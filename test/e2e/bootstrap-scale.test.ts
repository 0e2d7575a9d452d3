/** Who founds, with real servers: members that come one after the other, and go again. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, quick } from "./cluster.js";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ block: 62, provider: quick });
});

afterAll(() => cluster.close());

/** As a StatefulSet with OrderedReady: each once all before it are ready. */
async function grow(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 1) {
    cluster.start(i);
    await cluster.allSynced(Array.from({ length: i + 1 }, (_, ordinal) => ordinal));
  }
}

async function shrink(from: number, to: number): Promise<void> {
  for (let i = from - 1; i >= to; i -= 1) await cluster.remove(i);
}

test("three, one after the other, without a word about how many there will be", async () => {
  await grow(0, 1);
  await cluster.createTable(0);
  await grow(1, 3);
  await cluster.write(10);
  expect(await cluster.verify([0, 1, 2])).toMatchObject({ epoch: 1 });
});

test("from 3 to 5 members and back to 3; an outage of these does not ask the two", async () => {
  await grow(3, 5);
  await cluster.write(10);
  await cluster.verify([0, 1, 2, 3, 4]);
  await shrink(5, 3);
  await cluster.verify([0, 1, 2]);
  await Promise.all([0, 1, 2].map(cluster.kill));
  for (const i of [0, 1, 2]) cluster.start(i);
  expect(await cluster.verify([0, 1, 2])).toMatchObject({ epoch: 2 });
});

test("to 1 member, which comes back alone from a crash, and to 3 again", async () => {
  await shrink(3, 1);
  await cluster.write(10, [0]);
  await cluster.verify([0]);
  await cluster.kill(0);
  cluster.start(0);
  expect(await cluster.verify([0])).toMatchObject({ epoch: 3 });
  await cluster.write(10, [0]);
  await grow(1, 3); // on the disks that they had
  for (const i of [1, 2]) expect(cluster.founded(i)).toBe(false);
  await cluster.verify([0, 1, 2]);
});

test("all stopped in order, the last first, and started in order: nobody waits for others", async () => {
  for (const i of [2, 1, 0]) await cluster.stop(i);
  for (const i of [0, 1, 2]) cluster.unname(i);
  await grow(0, 3);
  expect(await cluster.verify([0, 1, 2])).toMatchObject({ epoch: 4 });
});
