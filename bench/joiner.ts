/**
 * The time from an empty datadir to a joiner that is Synced: through `galera-peers run` against a bare
 * mariadbd in turn with it, on the same disk, with the option files that `run` has written. By rsync,
 * then by mariabackup. Prints medians and their ratios; ends with 1 where one is over its bound.
 *
 * It needs what the lab needs, and mariadb-backup and socat.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "mariadb";
import { defaultTemplate } from "../src/cnf/template.js";
import { startInBackground } from "../src/lab/background.js";
import { podAddress, podProcess } from "../src/lab/pod.js";
import { galeraProvider } from "../src/server/image.js";
import { prepareDatadir } from "../src/server/privileges.js";
import { systemClock as clock } from "../src/system/clock.js";
import { signalProcess } from "../src/system/proc.js";
import { type Cluster, createCluster } from "../test/e2e/cluster.js";
import { endSession } from "../test/e2e/sessions.js";
import { kept, median, seconds } from "./figures.js";

const methods = [
  { method: "rsync", rounds: 7 },
  { method: "mariabackup", rounds: 3 },
] as const;
const bound = 1.15;
const block = 86;
const [founder, joiner] = [0, 1];
const lateMs = 60_000;

/** The time in ms until the joiner's server says that it is Synced. */
async function synced({ paths, tails }: Cluster): Promise<number> {
  const startedMs = clock.now();
  while (clock.now() - startedMs < lateMs) {
    try {
      const connection = await createConnection({
        ...{ socketPath: paths(joiner).socket, user: "root", connectTimeout: 1000 },
      });
      connection.on("error", () => {});
      const [row] = await connection.query("SHOW STATUS LIKE 'wsrep_local_state_comment'");
      connection.destroy();
      if (row.Value === "Synced") return clock.now() - startedMs;
    } catch {
      // no socket before the end of an SST
    }
    await clock.sleep(10);
  }
  throw new Error(`no joiner within ${lateMs} ms\n${tails()}`);
}

/** mariabackup's receiver listens on its own address: others may have one, too. */
function templateIn({ dir }: Cluster): string {
  const path = join(dir, "template.cnf");
  const text = defaultTemplate({ provider: galeraProvider() });
  writeFileSync(path, `${text}\n[sst]\nsockopt=",bind=${podAddress(block, joiner)}"\n`);
  return path;
}

async function ours(cluster: Cluster): Promise<number> {
  cluster.start(joiner, { env: { GALERA_CNF_TEMPLATE: templateIn(cluster) } });
  const ms = await synced(cluster);
  await cluster.allSynced([founder, joiner]); // the view has reached everybody
  await cluster.stop(joiner);
  return ms;
}

/** What the server of a member is started with, without anything of ours. */
async function bare(cluster: Cluster): Promise<number> {
  const { dir, dns } = cluster;
  const uid = process.getuid?.() ?? 0;
  const paths = cluster.paths(joiner);
  prepareDatadir(paths.datadir, uid, undefined);
  const template = { lab: { name: "proof", dir }, block, dns: `${dns.host}:${dns.port}` };
  const { args, env } = podProcess({ ...template, args: [], env: process.env }, joiner);
  const [, , server = "mariadbd", defaults = "", ...rest] = args;
  const user = uid === 0 ? ["--user=mysql"] : [];
  const argv = [server, defaults, ...user, ...rest, "--innodb-log-file-size=8M"];
  const { pid, ended } = startInBackground(argv, { PATH: env.PATH }, paths.log);
  try {
    return await synced(cluster);
  } finally {
    signalProcess(pid, "SIGTERM");
    await ended;
    await endSession(pid, paths.dir, clock);
  }
}

/** From an empty disk, and once the founder is alone and free to give again. */
async function measure(how: (cluster: Cluster) => Promise<number>, cluster: Cluster) {
  await cluster.allSynced([founder]);
  cluster.wipe(joiner);
  return how(cluster);
}

let held = true;
for (const { method, rounds } of methods) {
  const env = {
    GALERA_REPLICAS: "1",
    GALERA_SST_METHOD: method,
    GALERA_AGENT_KEY: "a key that the members share",
  };
  const cluster = await createCluster({ block, env });
  try {
    await cluster.found([founder]);
    await measure(ours, cluster); // the option files are written, and everything read once
    const results: { readonly ours: number; readonly bare: number }[] = [];
    while (results.length < rounds) {
      const one = await measure(ours, cluster);
      results.push({ ours: one, bare: await measure(bare, cluster) });
    }
    const row = (what: string, values: readonly number[]) =>
      console.log(
        `${what.padEnd(30)}${seconds(median(values))}  ${values.map((ms) => seconds(ms, 6)).join("")}`,
      );
    const [own, other] = [results.map((one) => one.ours), results.map((one) => one.bare)];
    console.log(`\n${`a joiner by ${method}`.padEnd(30)}median s   each of ${rounds}, in turn`);
    row("galera-peers run", own);
    row("a bare mariadbd", other);
    held = kept("ratio of the medians", median(own) / median(other), bound) && held;
  } finally {
    await cluster.close();
  }
}
process.exitCode = held ? 0 : 1;
