/*
 * docs/migrating.md with real servers: a cluster that was made by hand (mariadb-install-db, one server with
 * --wsrep-new-cluster, the others with a list of addresses; no agents, no ledger) is taken over by `run`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Background, startInBackground } from "../../src/lab/background.js";
import { podName, searchPath } from "../../src/lab/pod.js";
import { prepareDatadir } from "../../src/server/privileges.js";
import { signalProcess } from "../../src/system/proc.js";
import { type Cluster, createCluster, founding, quick } from "./cluster.js";

const all = [0, 1, 2];
const clusterName = "made-by-hand";

let cluster: Cluster;
let olds: Map<number, Background>;

afterEach(async () => {
  for (const { pid } of olds.values()) signalProcess(pid, "SIGKILL");
  await cluster.close();
});

/** The option file of such a node, as one writes it by hand; its files are where `run` will look for them. */
function oldOptions(i: number): string {
  const { datadir, socket, serverPid, run } = cluster.paths(i);
  const address = cluster.address(i);
  return `[mariadbd]
datadir=${datadir}
socket=${socket}
pid-file=${serverPid}
tmpdir=${run}
bind-address=${address}
skip-name-resolve
innodb_buffer_pool_size=32M
innodb_log_file_size=8M
binlog_format=ROW
innodb_autoinc_lock_mode=2
wsrep_on=ON
wsrep_provider=/usr/lib/galera/libgalera_smm.so
wsrep_cluster_name=${clusterName}
wsrep_cluster_address=gcomm://${all.map(cluster.address).join(",")}
wsrep_node_address=${address}
wsrep_sst_method=rsync
wsrep_provider_options="gmcast.listen_addr=tcp://${address}:4567;ist.recv_bind=${address};gcache.size=16M${quick}"
`;
}

function startOld(i: number, ...args: readonly string[]): void {
  const { dir, log } = cluster.paths(i);
  const argv = ["mariadbd", `--defaults-file=${join(dir, "old.cnf")}`, "--user=mysql", ...args];
  const env = { ...process.env, PATH: searchPath(process.env.PATH) };
  olds.set(i, startInBackground(argv, env, log));
}

async function stopOld(i: number): Promise<void> {
  const old = olds.get(i);
  if (old === undefined) throw new Error(`no old server ${i}`);
  signalProcess(old.pid, "SIGTERM");
  expect(await old.ended).toBe("exit 0");
  olds.delete(i);
}

/** How CoreDNS names a pod whose subdomain is another Service. */
const dashed = (i: number) => cluster.address(i).replaceAll(".", "-");

/** What DNS says of pods of which some are still the old ones, of another Service. */
function name(old: readonly number[]): void {
  cluster.dns.setMembers(
    all.map((i) => ({
      name: old.includes(i) ? dashed(i) : podName(i),
      addresses: [cluster.address(i)],
    })),
  );
}

/** Three old nodes with rows. */
async function foundOld(block: number): Promise<void> {
  olds = new Map();
  const env = { GALERA_REPLICAS: "3", GALERA_CLUSTER_NAME: clusterName };
  cluster = await createCluster({ block, env, provider: quick });
  for (const i of all) {
    const { dir, datadir, run } = cluster.paths(i);
    mkdirSync(dir, { recursive: true });
    for (const one of [datadir, run]) prepareDatadir(one, process.getuid?.() ?? 0, undefined);
    writeFileSync(join(dir, "old.cnf"), oldOptions(i));
  }
  const { datadir, run } = cluster.paths(0);
  execFileSync("mariadb-install-db", [
    ...[`--datadir=${datadir}`, `--tmpdir=${run}`],
    ...["--user=mysql", "--auth-root-authentication-method=normal", "--skip-test-db"],
  ]);
  startOld(0, "--wsrep-new-cluster");
  await cluster.allSynced([0]);
  for (const i of [1, 2]) {
    startOld(i);
    await cluster.allSynced(all.slice(0, i + 1));
  }
  await cluster.createTable(0);
  await cluster.write(30, all);
  // docs/operations.md, "The agent's account".
  await cluster.sql(
    0,
    `CREATE USER IF NOT EXISTS 'mysql'@'localhost' IDENTIFIED VIA unix_socket;
     GRANT SUPER, SHUTDOWN, RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO 'mysql'@'localhost'`,
  );
}

const founders = () => all.filter((i) => founding.test(cluster.log(i)));

test("rolling: one member after the other, while clients write", async () => {
  await foundOld(90);
  const uuid = (await cluster.status(0))?.uuid;
  const clients = cluster.keepWriting(all);
  for (const i of [2, 1, 0]) {
    await stopOld(i);
    const since = Date.now();
    name(all.slice(0, i));
    cluster.start(i, { named: false });
    await cluster.allSynced(all);
    console.log(`galera-${i} was taken over in ${Date.now() - since} ms`);
  }
  await clients.end();
  expect(clients.written()).toBeGreaterThan(100);
  expect(founders()).toEqual([]);
  for (const i of all) {
    expect(cluster.log(i)).not.toContain("SST completed on joiner");
    expect(cluster.log(i)).not.toContain("my server does not answer me");
  }
  expect(await cluster.verify()).toMatchObject({ uuid, epoch: 0 });

  // Without a founding in any ledger, an outage ends as any other does.
  await Promise.all(all.map(cluster.kill));
  for (const i of all) cluster.start(i);
  expect(await cluster.verify()).toMatchObject({ uuid, epoch: 1 });
});

test("all stopped at once, then started", async () => {
  await foundOld(91);
  const uuid = (await cluster.status(0))?.uuid;
  await Promise.all(all.map(stopOld));
  const since = Date.now();
  for (const i of all) cluster.start(i);
  await cluster.allSynced(all);
  console.log(`all Synced after ${Date.now() - since} ms`);
  expect(founders()).toHaveLength(1);
  await cluster.write(10, all);
  expect(await cluster.verify()).toMatchObject({ uuid, epoch: 1, rows: 40 });
});
