/** Who founds, with real servers: a DNS that fails, lags or lies about the past, and agents' keys. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "../../src/system/proc.js";
import { type Cluster, createCluster, quick } from "./cluster.js";

const all = [0, 1, 2];
const key = "a key that the members share";
let cluster: Cluster;

beforeAll(async () => {
  const env = { GALERA_REPLICAS: "3", GALERA_AGENT_KEY: key };
  cluster = await createCluster({ block: 63, env, provider: quick });
});

afterAll(() => cluster.close());

test("a first start through SERVFAIL, NXDOMAIN and a lag", async () => {
  cluster.dns.setFaults({ servfail: true });
  for (const i of all) cluster.start(i, { named: false });
  for (const i of all) await cluster.says(i, /waiting for .*SERVFAIL/);
  cluster.dns.setFaults({ nxdomain: true });
  for (const i of all) await cluster.says(i, /waiting for .*NXDOMAIN/);
  cluster.dns.setFaults({ lagMs: 2000 });
  for (const i of all) cluster.name(i);
  await cluster.allSynced(all);
  await cluster.createTable(0);
  await cluster.write(10);
  expect(await cluster.verify()).toMatchObject({ epoch: 1 });
  cluster.dns.setFaults({});
});

test("the agents' key reaches no server", () => {
  const servers = all
    .flatMap(cluster.session)
    .filter((pid) => commandLine(pid)[0]?.endsWith("mariadbd"));
  expect(servers).toHaveLength(all.length);
  for (const pid of servers) {
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain(key);
  }
});

test("a running cluster is not touched by a DNS that fails", async () => {
  cluster.dns.setFaults({ nxdomain: true });
  await cluster.kill(1);
  cluster.start(1);
  await cluster.says(1, /waiting for .*NXDOMAIN/);
  await cluster.write(5, [0, 2]);
  cluster.dns.setFaults({});
  await cluster.verify();
});

test("a full outage, new addresses, and a DNS that still has the old ones", async () => {
  await cluster.heal(all);
  await Promise.all(all.map(cluster.kill));
  cluster.dns.setFaults({ stale: true });
  for (const i of all) {
    cluster.move(i);
    cluster.start(i);
  }
  for (const i of all) await cluster.says(i, /waiting for .*galera-/);
  cluster.dns.setFaults({ servfail: true });
  for (const i of all) await cluster.says(i, /waiting for .*SERVFAIL/);
  for (const i of all) expect(cluster.log(i)).not.toMatch(/peers: (founding|joining)/);
  cluster.dns.setFaults({});
  expect(await cluster.verify()).toMatchObject({ epoch: 2 });
});

test("a full outage with a DNS that knows two of three at first", async () => {
  await cluster.heal(all);
  await Promise.all(all.map(cluster.kill));
  cluster.unname(2);
  for (const i of all) cluster.start(i, { named: false });
  for (const i of [0, 1]) await cluster.says(i, /waiting for galera-2: no DNS record/);
  cluster.name(2);
  expect(await cluster.verify()).toMatchObject({ epoch: 3 });
});

test("a member with another key is waited for, and said to have one", async () => {
  await cluster.heal(all);
  await Promise.all(all.map(cluster.kill));
  cluster.start(2, { env: { GALERA_AGENT_KEY: `${key}, or another` } });
  for (const i of [0, 1]) cluster.start(i);
  const other = /another GALERA_AGENT_KEY than I/;
  for (const i of all) await cluster.says(i, other);
  await cluster.kill(2);
  cluster.start(2, { env: { GALERA_AGENT_KEY: "" } });
  for (const i of [0, 1]) await cluster.says(i, /galera-2: its agent has no GALERA_AGENT_KEY/);
  await cluster.says(2, /has a GALERA_AGENT_KEY, and I have none/);
  await cluster.kill(2);
  cluster.start(2);
  expect(await cluster.verify()).toMatchObject({ epoch: 4 });
});
