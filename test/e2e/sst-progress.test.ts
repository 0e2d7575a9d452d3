/*
 * What is told of an SST while it runs, on real servers: the joiner's agent counts files, the donor's
 * says how many there are to come.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { podName } from "../../src/lab/pod.js";
import type { MemberOverview, Overview, TransferOverview } from "../../src/status/overview.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { runCli } from "./cli.js";
import { type Cluster, createCluster, quick } from "./cluster.js";

const key = "a key that the members share";
const MiB = 1024 ** 2;
const bulkMiB = 96;
/** Of rsync, in MiB per second. */
const speed = 5;
let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({
    ...{ block: 84, provider: quick, rsyncMiBps: speed },
    env: { GALERA_AGENT_KEY: key, GALERA_SST_METHOD: "rsync" },
  });
  await cluster.found([0]);
  await cluster.writeBulk(0, bulkMiB);
});

afterAll(() => cluster.close());

async function status(words: readonly string[] = []): Promise<string> {
  const about = { GALERA_SERVICE: "galera", POD_NAMESPACE: "proof", GALERA_AGENT_KEY: key };
  const env = { ...about, GALERA_DNS: `127.0.0.1:${cluster.dns.port}` };
  return (await runCli("galera-peers", ["status", ...words], { env })).stdout;
}

/** What an SST brings of a member's files, as they are on its disk; of one under way it is less exact. */
function onDisk(ordinal: number): number {
  // What is moved meanwhile may be in neither place when that is looked at.
  return Math.max(usage(ordinal), usage(ordinal));
}

function usage(ordinal: number): number {
  const others = ["galera.cache", "ib_logfile*", "ibtmp*", "gvwstate.dat", "grastate.dat", "*.log"];
  const excluded = others.map((pattern) => `--exclude=${pattern}`);
  const args = ["-sb", "--apparent-size", ...excluded, cluster.paths(ordinal).datadir];
  try {
    return Number(execFileSync("du", args, { encoding: "utf8", stdio: "pipe" }).split("\t")[0]);
  } catch (error) {
    // A file has gone meanwhile.
    return Number((error as { stdout: string }).stdout.split("\t")[0]);
  }
}

async function metrics(ordinal: number) {
  const text = await (await fetch(`http://${cluster.address(ordinal)}:4569/metrics`)).text();
  const value = (name: string) => {
    const [, number] = new RegExp(`^galera_peers_${name} (\\S+)$`, "m").exec(text) ?? [];
    return number === undefined ? undefined : Number(number);
  };
  return {
    received: value("sst_received_bytes"),
    total: value("sst_total_bytes"),
    ratio: value("sst_received_ratio"),
    bytesPerSecond: value("sst_received_bytes_per_second"),
  };
}

interface Sample {
  readonly joiner: MemberOverview;
  readonly transfer: TransferOverview;
  readonly donor: MemberOverview;
  readonly metrics: Awaited<ReturnType<typeof metrics>>;
  /** What the joiner had on its disk before, and after. */
  readonly disk: readonly [number, number];
  readonly table: string;
}

/** All that is told of the SST that galera-1 takes from galera-0, until that is over. */
async function follow(): Promise<Sample[]> {
  const samples: Sample[] = [];
  const isOver = () => cluster.ownLines(1).some((line) => line.includes("the SST is over"));
  for (const deadline = Date.now() + 60_000; !isOver(); await clock.sleep(200)) {
    if (Date.now() > deadline) throw new Error(`the SST is not over\n${cluster.tails()}`);
    const before = onDisk(1);
    const { members } = JSON.parse(await status(["--json"])) as Overview;
    const [donor, joiner] = [0, 1].map((i) => members.find(({ name }) => name === podName(i)));
    const transfer = joiner?.transfer ?? undefined;
    if (donor === undefined || joiner === undefined || transfer === undefined) continue;
    const [told, table] = await Promise.all([metrics(1), status()]);
    const disk = [before, onDisk(1)] as const;
    samples.push({ ...{ joiner, transfer, donor, metrics: told, disk, table } });
  }
  await cluster.allSynced([0, 1]);
  return samples;
}

/** What is true of any SST. */
async function expectPlausible(samples: readonly Sample[]): Promise<void> {
  const bytes = samples.map(({ transfer }) => transfer.bytes ?? 0);
  expect(bytes).toEqual(bytes.toSorted((one, other) => one - other));
  for (const { joiner, transfer, disk } of samples) {
    expect(joiner).toMatchObject({
      ...{ phase: "joining", primary: null, awaited: null },
      liveness: { ok: true, why: "joining the cluster" },
      readiness: { ok: false, why: "joining the cluster" },
    });
    expect(transfer.bytes).toBeLessThanOrEqual(disk[1]);
  }
  const totals = new Set(samples.flatMap(({ transfer }) => transfer.totalBytes ?? []));
  expect(totals.size).toBe(1);
  const [total = 0] = totals;
  expect(total / onDisk(0)).toBeGreaterThan(0.97);
  expect(total / onDisk(0)).toBeLessThan(1.03);
  expect(Object.values(await metrics(1))).toEqual(Array(4).fill(undefined));
  expect(endBytes() / onDisk(1)).toBeGreaterThan(0.96);
  expect(endBytes() / onDisk(1)).toBeLessThan(1.04);
  const transfers = async () => {
    const { members } = JSON.parse(await status(["--json"])) as Overview;
    return members.map(({ transfer }) => transfer);
  };
  await expect.poll(transfers, { timeout: 10_000 }).toEqual([null, null]);
}

/** What the log says at the end, in bytes. */
function endBytes(): number {
  const lines = cluster.ownLines(1).join("\n");
  const [, amount] =
    /the SST is over: (\d+) MiB from galera-0 in \d\S* s \(\S+ [KM]iB\/s\)/.exec(lines) ?? [];
  if (amount === undefined) throw new Error(`how much has come:\n${lines}`);
  return Number(amount) * MiB;
}

test("rsync onto an empty joiner: bytes, rate and percentage grow with its files", async () => {
  cluster.start(1);
  const samples = await follow();
  await expectPlausible(samples);
  const receiving = samples.filter(({ transfer }) => transfer.stage === "receiving");
  expect(receiving.length).toBeGreaterThanOrEqual(4);
  expect(new Set(receiving.map(({ transfer }) => transfer.bytes)).size).toBeGreaterThanOrEqual(3);
  // The donor is asked for a moment later.
  const donors = receiving.map(({ transfer }) => transfer.donor);
  const known = donors.slice(donors.indexOf("galera-0"));
  expect(known.length).toBeGreaterThanOrEqual(3);
  expect(new Set(known)).toEqual(new Set(["galera-0"]));
  for (const { transfer } of receiving) expect(transfer.role).toBe("joiner");
  // Files are counted every two seconds: in the middle it is close to what was there.
  const isClose = ({ transfer, disk }: Sample) => (transfer.bytes ?? 0) > 0.7 * disk[0];
  expect(receiving.filter(({ disk }) => disk[1] < 0.8 * onDisk(0)).some(isClose)).toBe(true);
  // The joiner prepares itself for a moment after the last file has come.
  const last = receiving.findLast(({ table }) => table.includes(" donor "));
  expect(last?.metrics.received).toBeGreaterThanOrEqual(last?.transfer.bytes ?? Number.NaN);
  expect(last?.metrics.total).toBe(last?.transfer.totalBytes);
  const { received = 0, total = 0, ratio, bytesPerSecond } = last?.metrics ?? {};
  expect(ratio).toBe(Math.min(1, received / total));
  expect(bytesPerSecond).toBeGreaterThan(0.25 * speed * MiB);
  expect(bytesPerSecond).toBeLessThan(3 * speed * MiB);
  expect(last?.transfer.bytesPerSecond).toBeGreaterThan(0.25 * speed * MiB);
  expect(last?.transfer.bytesPerSecond).toBeLessThan(3 * speed * MiB);
  expect(last?.table).toMatch(/\ngalera-1 {2}no +joining /);
  expect(last?.table).toMatch(/\ngalera-0 {2}\S+ +donor /);
  expect(last?.table).toMatch(
    /\ngalera-1 is receiving \d+ of \d+ MiB from galera-0 \(\d\d? %, \S+ [KM]iB\/s(, about \d+ s left)?\)/,
  );
  expect(last?.donor).toMatchObject({
    wsrepState: "Donor/Desynced",
    transfer: { role: "donor", totalBytes: last?.transfer.totalBytes },
  });
  const says = (i: number, what: RegExp) =>
    expect(cluster.ownLines(i).filter((line) => what.test(line))).toHaveLength(1);
  // Whoever the donor is may not have been told by then; the table above has it.
  says(1, /an SST is under way: receiving \d\S*( of \d+)? MiB( from galera-0)? \(/);
  says(1, /the SST is over: /);
  says(0, /my server is the donor of an SST: \d+ MiB/);
  await cluster.says(0, /my server is a donor no more, after \d\S* s/);
});

test("write-sets that were missed come without an SST: nothing is told of one", async () => {
  await cluster.stop(1);
  await cluster.write(20, [0]);
  cluster.start(1);
  await cluster.allSynced([0, 1]);
  await clock.sleep(500);
  expect(cluster.log(1)).toMatch(/Receiving IST/i);
  expect(cluster.ownLines(1).filter((line) => / SST /.test(line))).toEqual([]);
  expect(Object.values(await metrics(1))).toEqual(Array(4).fill(undefined));
});

test("mariabackup onto a stale joiner: what was there is not counted", async () => {
  await cluster.sql(
    0,
    `CREATE USER sst@localhost IDENTIFIED BY 'sst';
     GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO sst@localhost;
     SET GLOBAL wsrep_sst_auth = 'sst:sst'`,
  );
  // Each of its reads is of ten megabytes at most.
  appendFileSync(cluster.paths(0).myCnf, "[mariabackup]\nthrottle=80\n");
  await cluster.stop(1);
  const { datadir } = cluster.paths(1);
  const marker = join(datadir, "sst_in_progress"); // as one that was cut off has left it
  writeFileSync(marker, "");
  chownSync(marker, statSync(datadir).uid, statSync(datadir).gid);
  const socket = `\n[sst]\nsockopt=,bind=${cluster.address(1)}\n`;
  appendFileSync(cluster.paths(1).galeraCnf, socket);
  cluster.start(1, { env: { GALERA_SST_METHOD: "mariabackup" } });
  const samples = await follow();
  await expectPlausible(samples);
  const stages = new Set(samples.map(({ transfer }) => transfer.stage));
  expect([...stages].slice(0, 2)).toEqual(["waiting", "receiving"]);
});
