/**
 * State transfers with real servers, by the method that a member chooses itself: onto empty disks and
 * stale ones, with IST in between, killed at any point, and without the account that mariabackup needs.
 */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askReport } from "../../src/agent/http/ask.js";
import { defaultAgentPort } from "../../src/agent/http/here.js";
import { defaultTemplate } from "../../src/cnf/template.js";
import { podName } from "../../src/lab/pod.js";
import { galeraProvider } from "../../src/server/image.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { commandLine, signalProcess } from "../../src/system/proc.js";
import { type Cluster, createCluster, quick, until } from "./cluster.js";

const scratch = mkdtempSync(join(tmpdir(), "galera-peers-sst-"));
chmodSync(scratch, 0o755); // for the server's account
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** socat listens on every address, and so would other members' transfers. */
function templateFor(address: string, more = ""): string {
  const path = join(scratch, `${address}.cnf`);
  const template = defaultTemplate({ provider: galeraProvider() });
  writeFileSync(path, `${template}\n[sst]\nsockopt=",bind=${address}"\n${more}`);
  return path;
}

/**
 * wsrep_sst_mariabackup evaluates its command lines: in place of a move it moves one directory, says so,
 * and hangs.
 */
const halfMove =
  'inno-move-opts="--version; mv $DATA/mysql $TDATA/; touch $TDATA/half.moved; exec sleep 600; :"\n';

/** A cluster whose members choose, and what this file asks of it. */
async function createChoosing(
  block: number,
  env: Readonly<Record<string, string>> = {},
  rsyncMiBps?: number,
) {
  const cluster = await createCluster({
    ...{ block, provider: quick, env: { GALERA_SST_METHOD: "", ...env }, rsyncMiBps },
  });
  const begin = (i: number, sst = "") =>
    cluster.start(i, { env: { GALERA_CNF_TEMPLATE: templateFor(cluster.address(i), sst) } });
  return { ...cluster, begin };
}
type Choosing = Awaited<ReturnType<typeof createChoosing>>;

/** galera-0 alone, with 24 MiB for the others to take. */
async function createFilled(): Promise<Choosing> {
  const cluster = await createChoosing(83);
  cluster.begin(0);
  await cluster.allSynced([0]);
  await cluster.createTable(0);
  await cluster.writeBulk(0, 24);
  return cluster;
}

/** What a joiner was told of its donor by the primary component. */
const requests = (cluster: Cluster, i: number) =>
  cluster.log(i).match(/requested state transfer from .* as donor/g) ?? [];

/** Waits for a process of a member's container that has a program and an argument. */
function processOf(cluster: Cluster, i: number, program: string, word: string): Promise<number> {
  const isIt = (pid: number) => {
    const [first = "", ...words] = commandLine(pid);
    return first.endsWith(program) && words.includes(word);
  };
  return until(
    () => cluster.session(i).find(isIt),
    () => `${program} ${word}\n${cluster.tails()}`,
    40_000,
  );
}

/** A client of a member that writes every 20 ms. */
function writeTo(cluster: Cluster, i: number) {
  let going = true;
  let failed = 0;
  const waitsMs: number[] = [];
  const loop = async () => {
    while (going) {
      const begunMs = clock.now();
      await cluster.write(1, [i]).catch(() => {
        failed += 1;
      });
      waitsMs.push(clock.now() - begunMs);
      await clock.sleep(20);
    }
  };
  const ended = loop();
  return async () => {
    going = false;
    await ended;
    return { writes: waitsMs.length, failed, longestMs: Math.round(Math.max(...waitsMs)) };
  };
}

/** Waits until a member's agent says that it can serve mariabackup. */
async function canBackUp(cluster: Cluster, i: number): Promise<void> {
  const { signal } = new AbortController();
  const whom = { name: podName(i), address: cluster.address(i), port: defaultAgentPort };
  await until(
    async () => {
      const answer = await askReport({
        ...whom,
        key: undefined,
        nonce: "0123456789abcdef",
        signal,
      });
      return answer.kind === "told" && answer.told.server?.backup;
    },
    () => `${podName(i)} to be able to serve mariabackup\n${cluster.tails()}`,
    40_000, // a denial is kept for 30 s
  );
}

/** What an SST has left in a member's datadir. */
const leftovers = (cluster: Cluster, i: number) =>
  readdirSync(cluster.paths(i).datadir).filter((name) =>
    [".sst", "sst_in_progress", "wsrep_sst.pid", "rsync_sst.pid", "rsync_sst.conf"].includes(name),
  );

describe("by mariabackup, as a member chooses", () => {
  let cluster: Choosing;
  beforeAll(async () => {
    cluster = await createFilled();
  });
  afterAll(() => cluster.close());

  test("onto an empty disk, while clients write to the donor", async () => {
    const stop = writeTo(cluster, 0);
    cluster.begin(1);
    await cluster.allSynced([0, 1]);
    const { writes, failed, longestMs } = await stop();
    expect(cluster.log(1)).toContain("mariabackup SST completed on joiner");
    expect(writes).toBeGreaterThan(100);
    expect(failed).toBe(0);
    expect(longestMs).toBeLessThan(2000);
    await cluster.verify();
  });

  test("killed while it receives, then while it moves the files: it joins by itself, from a donor that once was a joiner", async () => {
    cluster.begin(2);
    await until(
      () => existsSync(join(cluster.paths(2).datadir, ".sst", "ibdata1")),
      () => `data in .sst\n${cluster.tails()}`,
      40_000,
    );
    await cluster.kill(2);
    cluster.begin(2, halfMove);
    await until(
      () => existsSync(join(cluster.paths(2).datadir, "half.moved")),
      () => `files being moved\n${cluster.tails()}`,
      40_000,
    );
    await cluster.kill(2);
    expect(leftovers(cluster, 2)).toEqual([".sst", "sst_in_progress"]);
    await cluster.write(10, [0]);
    cluster.begin(2);
    await cluster.allSynced([0, 1, 2]);
    expect(requests(cluster, 2)).toEqual([expect.stringContaining("(galera-1)(SYNCED)")]);
    expect(cluster.log(2)).toContain("mariabackup SST completed on joiner");
    await cluster.verify();
    for (const i of [0, 1, 2]) expect(leftovers(cluster, i)).toEqual([]);
  });

  test("IST as ever; a stale disk takes SST, and gets over a backup that fails", async () => {
    await cluster.stop(2);
    await cluster.write(10, [0]);
    cluster.begin(2);
    await cluster.allSynced([0, 1, 2]);
    expect(cluster.log(2)).not.toContain("SST completed on joiner");
    expect(cluster.log(2)).toContain("IST completed on joiner");

    await cluster.stop(2);
    await cluster.writeBulk(0, 24);
    await cluster.write(10, [0]);
    cluster.begin(2);
    signalProcess(await processOf(cluster, 1, "mariadb-backup", "--backup"), "SIGKILL");
    await cluster.verify([0, 1, 2], 90_000);
    expect(cluster.restarts(2)).toBe(1);
    expect(cluster.log(2)).toContain("mariabackup SST completed on joiner");
    for (const i of [0, 1, 2]) expect(leftovers(cluster, i)).toEqual([]);
  });
});

describe("without the account", () => {
  let cluster: Choosing;
  beforeAll(async () => {
    cluster = await createFilled();
  });
  afterAll(() => cluster.close());

  test("a joiner says so, and takes rsync", async () => {
    const ask = "SELECT 1 FROM mysql.global_priv WHERE User = 'mysql' AND Host = 'localhost'";
    await cluster.sql(0, "REVOKE BINLOG MONITOR ON *.* FROM mysql@localhost");
    cluster.begin(1);
    await cluster.says(
      1,
      /no SST by mariabackup .*: galera-0 has no wsrep_sst_auth, or its account/,
    );
    await cluster.allSynced([0, 1]);
    expect(cluster.log(1)).toContain("rsync SST completed on joiner");
    const cnf = readFileSync(cluster.paths(1).galeraCnf, "utf8");
    expect(cnf).toMatch(/^# .*galera-0 has no .*\nwsrep_sst_method=rsync$/m);

    await cluster.sql(0, "DROP USER mysql@localhost");
    await until(
      async () => (await cluster.sql(1, ask)).length === 0,
      () => "the account's end on galera-1",
      10_000,
    );
    await cluster.sql(1, "KILL USER mysql@localhost"); // its agent was let in before
    await cluster.says(1, /my server does not answer me: Access denied/);
    cluster.begin(2);
    await cluster.says(2, /no SST by mariabackup .*: galera-1 denies the agent's account/);
    await cluster.allSynced([0, 1, 2]);
    expect(cluster.log(2)).toContain("rsync SST completed on joiner");
    expect(requests(cluster, 2)).toEqual([expect.stringContaining("(galera-1)(SYNCED)")]);
  });

  test("the statements of the page make it", async () => {
    const page = readFileSync(new URL("../../docs/state-transfer.md", import.meta.url), "utf8");
    const [, statements = ""] = /```sql\n(CREATE USER .*?)```/s.exec(page) ?? [];
    await cluster.sql(0, statements);
    await canBackUp(cluster, 0);
    await cluster.verify();
  });
});

describe("by rsync, as the user wants it", () => {
  let cluster: Choosing;
  beforeAll(async () => {
    cluster = await createChoosing(83, { GALERA_SST_METHOD: "rsync" }, 24);
    for (const i of [0, 1, 2]) cluster.begin(i);
    await cluster.allSynced([0, 1, 2]);
    await cluster.createTable(0);
    await cluster.write(10);
  });
  afterAll(() => cluster.close());

  test("a stale disk, killed in the middle, and its donor as well", async () => {
    await cluster.stop(2);
    await cluster.writeBulk(0, 24);
    const startHalf = async () => {
      cluster.begin(2);
      signalProcess(await processOf(cluster, 1, "rsync", "--inplace"), "SIGSTOP");
    };
    await startHalf();
    await cluster.kill(2);
    expect(leftovers(cluster, 2)).toContain("rsync_sst.pid");
    await startHalf();
    await cluster.kill(1); // and no majority is left
    cluster.begin(1);
    await cluster.verify([0, 1, 2], 90_000);
    expect(cluster.log(2)).toContain("rsync SST completed on joiner");
    for (const i of [0, 1, 2]) expect(leftovers(cluster, i)).toEqual([]);
  });

  test("a donor that was without its component at the end of the SST starts anew", async () => {
    await cluster.stop(2);
    await cluster.stop(1);
    cluster.wipe(1);
    cluster.begin(1);
    const sender = await processOf(cluster, 0, "rsync", "--inplace");
    signalProcess(sender, "SIGSTOP");
    // The server and its agent stand still, what receives the data does not.
    const receives = (pid: number) => commandLine(pid).some((word) => word.includes("rsync"));
    const joiner = cluster.session(1).filter((pid) => !receives(pid));
    for (const pid of joiner) signalProcess(pid, "SIGSTOP");
    const logs = (what: string) =>
      until(
        () => cluster.log(0).includes(what),
        () => `${what}\n${cluster.tails()}`,
        30_000,
      );
    await logs("Shifting DONOR/DESYNCED -> OPEN");
    signalProcess(sender, "SIGCONT");
    await logs("sst sent called when not SST donor");
    for (const pid of joiner) signalProcess(pid, "SIGCONT");
    await cluster.says(0, /ending my server, which Galera takes for the donor/, 60_000);
    cluster.begin(2);
    await cluster.verify([0, 1, 2], 90_000);
    expect(cluster.restarts(0)).toBe(1);
  });
});
