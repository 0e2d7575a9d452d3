/** Who founds, with real servers in network namespaces: members that cannot reach each other. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, never, quick, until } from "./cluster.js";

const all = [0, 1, 2];
/** One bridge for the members, and one on which each reaches the DNS alone. */
const bridges = { members: "gpmembers", dns: "gpdns" };
const namespace = (i: number) => `galera-peers-${i}`;
const dnsHost = "10.199.61.254";
let cluster: Cluster;

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

function removeNetwork(): void {
  const tries = [
    ...all.map((i) => ["netns", "delete", namespace(i)]),
    ...all.flatMap((i) => [`gpm${i}`, `gpd${i}`]).map((link) => ["link", "delete", link]),
    ...Object.values(bridges).map((bridge) => ["link", "delete", bridge]),
  ];
  for (const words of tries) {
    try {
      ip(...words);
    } catch {} // it was not there
  }
}

function createNetwork(): void {
  for (const bridge of Object.values(bridges)) {
    ip("link", "add", bridge, "type", "bridge");
    ip("link", "set", bridge, "up");
  }
  ip("address", "add", `${dnsHost}/24`, "dev", bridges.dns);
  for (const i of all) {
    ip("netns", "add", namespace(i));
    ip("-n", namespace(i), "link", "set", "lo", "up");
    plug(i, `gpm${i}`, "members", `10.199.60.${i + 1}/24`, bridges.members);
    plug(i, `gpd${i}`, "dns", `10.199.61.${i + 1}/24`, bridges.dns);
  }
}

function plug(i: number, outside: string, inside: string, address: string, bridge: string): void {
  const there = namespace(i);
  ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", there);
  ip("-n", there, "address", "add", address, "dev", inside);
  ip("-n", there, "link", "set", inside, "up");
  ip("link", "set", outside, "master", bridge, "up");
}

/** Packets to and from a member vanish; DNS still answers it. */
const cut = (i: number) => ip("link", "set", `gpm${i}`, "nomaster");
const heal = (i: number) => ip("link", "set", `gpm${i}`, "master", bridges.members);

beforeAll(async () => {
  removeNetwork();
  createNetwork();
  cluster = await createCluster({
    ...{ block: 66, env: { GALERA_REPLICAS: "3" }, provider: quick },
    network: {
      address: (i) => `10.199.60.${i + 1}`,
      inside: (i) => ["ip", "netns", "exec", namespace(i)],
      dnsHost,
    },
  });
});

afterAll(async () => {
  await cluster?.close();
  removeNetwork();
});

const nobodyFounds = () => {
  for (const i of all) expect(cluster.founded(i)).toBe(false);
};

test("a first start, one member cut off: both sides wait, and go on once it is healed", async () => {
  cut(2);
  for (const i of all) cluster.start(i);
  for (const i of [0, 1]) await cluster.says(i, /waiting for galera-2: its agent: no /);
  await cluster.says(2, /waiting for (?=.*galera-0: its agent: no).*galera-1: its agent: no/);
  await never(nobodyFounds);
  heal(2);
  await cluster.allSynced(all);
  await cluster.createTable(0);
  await cluster.write(20);
  expect(await cluster.verify()).toMatchObject({ epoch: 1 });
});

test("a full outage, one member of the last view cut off: the others wait for it", async () => {
  await Promise.all(all.map(cluster.kill));
  cut(1);
  for (const i of all) cluster.start(i);
  for (const i of [0, 2]) await cluster.says(i, /waiting for galera-1: its agent: no /);
  await cluster.says(1, /waiting for (?=.*galera-0: its agent: no).*galera-2: its agent: no/);
  await never(nobodyFounds);
  heal(1);
  expect(await cluster.verify()).toMatchObject({ epoch: 2 });
});

test("a running cluster: the minority is not primary, and finds back by itself", async () => {
  cut(0);
  await until(
    async () => (await cluster.status(0))?.primary === false,
    () => "galera-0 to be non-Primary",
    30_000,
  );
  await cluster.allSynced([1, 2]);
  await cluster.write(20, [1, 2]);
  await expect(cluster.write(1, [0])).rejects.toThrow();
  await cluster.says(0, /in a component that is not primary: galera-0/);
  heal(0);
  expect(await cluster.verify()).toMatchObject({ epoch: 2 });
  expect(all.map(cluster.restarts)).toEqual([0, 0, 0]);
});

test("each cut off from each: nobody is primary, and one makes it so once they meet", async () => {
  for (const i of all) cut(i);
  for (const i of all) {
    await until(
      async () => (await cluster.status(i))?.primary === false,
      () => `galera-${i} to be non-Primary`,
      30_000,
    );
  }
  for (const i of all) heal(i);
  await cluster.verify();
  expect(all.map(cluster.restarts)).toEqual([0, 0, 0]);
});

test("an outage of the majority side: it comes back without the one that it left behind", async () => {
  cut(0);
  await cluster.allSynced([1, 2]);
  await cluster.write(20, [1, 2]);
  await Promise.all(all.map(cluster.kill));
  for (const i of all) cluster.start(i);
  await cluster.allSynced([1, 2]);
  await cluster.write(10, [1, 2]);
  await cluster.says(0, /waiting for (?=.*galera-1: its agent: no).*galera-2: its agent: no/);
  expect(cluster.founded(0)).toBe(false);
  heal(0);
  await cluster.verify();
});
