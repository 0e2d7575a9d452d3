/** Who founds, with real servers: disks that must not, and what only a human can decide. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";

const all = [0, 1, 2];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({
    block: 61,
    env: { GALERA_REPLICAS: "3" },
    provider: quick,
    rsyncMiBps: 24,
  });
  await cluster.found(all);
  await cluster.writeBulk(0, 24);
});

afterAll(() => cluster.close());

/** Starts a member, and gives back once an SST to it has stopped in the middle. */
async function startHalfSst(i: number): Promise<void> {
  cluster.start(i);
  const donors = all.filter((other) => other !== i);
  await until(
    () => {
      const senders = donors
        .flatMap(cluster.session)
        .filter((pid) => commandLine(pid)[0]?.endsWith("rsync"));
      if (senders.length === 0 || !existsSync(join(cluster.paths(i).datadir, "mysql")))
        return false;
      for (const pid of senders) signalProcess(pid, "SIGSTOP");
      return true;
    },
    () => `an SST\n${cluster.tails()}`,
    30_000,
  );
}

test.each([
  { what: "an empty disk", prepare: () => cluster.wipe(2) },
  {
    what: "an old copy, too old for IST",
    prepare: async () => {
      await cluster.writeBulk(0, 24);
      await cluster.write(10, [0, 1]);
    },
  },
])("killed in the middle of an SST onto $what, then a full outage", async ({ prepare }) => {
  await cluster.heal(all);
  await cluster.kill(2);
  await cluster.allSynced([0, 1]);
  await prepare();
  await startHalfSst(2);
  await cluster.kill(2);
  await Promise.all([0, 1].map(cluster.kill));
  cluster.start(2);
  await cluster.says(2, /waiting for .*galera-0/);
  for (const i of [0, 1]) cluster.start(i);
  await cluster.verify();
  expect(cluster.founded(2)).toBe(false);
  expect(cluster.log(2)).toContain("rsync SST completed on joiner");
});

test("new pods with the disks of old ones that crashed: galera.cnf is gone, and no row", async () => {
  await cluster.heal(all);
  await cluster.write(10, all);
  await Promise.all(all.map(cluster.kill));
  for (const i of all) rmSync(cluster.paths(i).galeraCnf);
  for (const i of all) cluster.start(i);
  await cluster.verify();
  for (const i of all) expect(cluster.log(i)).toContain("recovered position");
});

test("a member that does not return: a token founds without it, once", async () => {
  await cluster.heal(all);
  const { epoch } = await cluster.verify();
  await cluster.stop(0);
  await cluster.stop(1);
  await until(
    async () => (await cluster.status(2))?.size === 1,
    () => "galera-2 to be alone",
    20_000,
  );
  const before = new Set(cluster.acknowledged);
  await cluster.write(10, [2]);
  const lost = [...cluster.acknowledged].filter((id) => !before.has(id));
  await cluster.stop(2);

  for (const i of [0, 1]) cluster.start(i);
  for (const i of [0, 1]) await cluster.says(i, /waiting for galera-2: /);
  await cluster.kill(1);
  const token = { GALERA_FORCE_BOOTSTRAP: `galera-1:${epoch + 1}` };
  cluster.start(1, { env: token });
  await cluster.allSynced([0, 1]);
  expect(cluster.founded(1)).toBe(true);
  for (const id of lost) cluster.acknowledged.delete(id); // a human gave them up
  await cluster.write(5, [0, 1]);
  expect(await cluster.verify([0, 1])).toMatchObject({ epoch: epoch + 1 });

  // The same token once more: inert.
  await Promise.all([0, 1].map(cluster.kill));
  cluster.start(1, { env: token });
  await cluster.says(1, /waiting for galera-0: /);
  cluster.start(0);
  expect(await cluster.verify([0, 1])).toMatchObject({ epoch: epoch + 2 });
});

test("it returns with rows that nobody else has: held, until they are given up", async () => {
  const { epoch } = await cluster.verify([0, 1]);
  const before = fingerprint(cluster.paths(2).datadir);
  cluster.start(2, { restarts: false });
  expect(await cluster.endOf(2)).toBe("exit 75");
  expect(cluster.log(2)).toMatch(/held: diverged: /);
  expect(cluster.log(2)).toContain(`GALERA_ALLOW_DISCARD=galera-2:${epoch}`);
  expect(fingerprint(cluster.paths(2).datadir)).toEqual(before);

  cluster.start(2, { env: { GALERA_ALLOW_DISCARD: `galera-2:${epoch}` } });
  await cluster.verify();
});

test("a founder killed before its first write founds from where it stood, also without a position", async () => {
  await cluster.heal(all);
  const { epoch } = await cluster.verify();
  for (const i of [1, 2]) await cluster.stop(i);
  await until(
    async () => (await cluster.status(0))?.size === 1,
    () => "galera-0 to be alone",
    20_000,
  );
  await cluster.kill(0);
  let founded = 0;
  let forgotten = 0;
  do {
    cluster.start(0);
    // InnoDB's position is gone for some milliseconds behind this line.
    while (!/setting initial position/.test(cluster.log(0))) await systemClock.sleep(1);
    signalProcess(cluster.pid(0) ?? 0, "SIGKILL"); // at once: to look for all of them takes longer
    founded += cluster.founded(0) ? 1 : 0;
    if (/recovered position 0{8}-/.test(cluster.log(0))) forgotten += 1;
    await cluster.kill(0);
  } while (forgotten < 3 && founded < 60);
  expect(forgotten).toBe(3);
  cluster.start(0);
  for (const i of [1, 2]) cluster.start(i);
  // The same uuid, and all rows.
  expect((await cluster.verify()).epoch).toBeGreaterThan(epoch);
}, 300_000);

test("a datadir that never was in a cluster is held, and stays as it is", async () => {
  await cluster.stop(2);
  cluster.wipe(2);
  const { datadir, run } = cluster.paths(2);
  const directories = [`--datadir=${datadir}`, `--tmpdir=${run}`];
  execFileSync("mariadb-install-db", ["--no-defaults", "--user=mysql", ...directories]);
  const before = fingerprint(datadir);
  cluster.start(2, { restarts: false });
  expect(await cluster.endOf(2)).toBe("exit 75");
  expect(cluster.log(2)).toMatch(/held: .*never belonged to a cluster/);
  expect(fingerprint(datadir)).toEqual(before);
});

test("a datadir of another cluster is held, and stays as it is", async () => {
  cluster.wipe(2);
  const { datadir } = cluster.paths(2);
  const other = await createCluster({ block: 65 });
  try {
    await other.found([0]);
    await other.stop(0);
    cpSync(other.paths(0).datadir, datadir, { recursive: true, preserveTimestamps: true });
    execFileSync("chown", ["-R", "mysql:", datadir]);
  } finally {
    await other.close();
  }
  const before = fingerprint(datadir);
  cluster.start(2, { restarts: false });
  expect(await cluster.endOf(2)).toBe("exit 75");
  expect(cluster.log(2)).toMatch(/held: .*another cluster/);
  expect(fingerprint(datadir)).toEqual(before);

  cluster.wipe(2);
  cluster.start(2);
  await cluster.verify();
});

test("a half copy and an empty disk wait for the member that has data", async () => {
  await cluster.heal(all);
  await cluster.kill(2);
  cluster.wipe(2);
  await startHalfSst(2);
  await cluster.kill(2);
  await Promise.all([0, 1].map(cluster.kill));
  cluster.wipe(1);
  cluster.start(2);
  cluster.start(1);
  await cluster.says(1, /waiting for .*galera-0/);
  await cluster.says(2, /waiting for .*galera-0/);
  cluster.start(0);
  await cluster.verify();
  for (const i of [1, 2]) expect(cluster.founded(i)).toBe(false);
});

/** What is in a datadir, but for what this program keeps there of its own. */
function fingerprint(datadir: string): Record<string, string> {
  const files = readdirSync(datadir, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("galera-peers.") && statSync(join(datadir, name)).isFile())
    .sort();
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(datadir, name)))
        .digest("hex"),
    ]),
  );
}
