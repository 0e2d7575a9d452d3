/**
 * How long a cluster of three is away when everything in it is killed at once and started again at
 * once, with Galera's own timeouts: from the kill to all three Synced, and from the last agent's first
 * answer to the decision who founds. Every round ends with what `verify` asks for. Prints medians;
 * ends with 1 where one is over its bound.
 *
 * It needs what the lab needs: mariadb-server, galera-4, rsync.
 */
import { type Cluster, createCluster, founding, stampMs } from "../test/e2e/cluster.js";

const rounds = 5;
const bounds = { synced: 15_000, decided: 2000 };
const members = [0, 1, 2];

interface Round {
  /** From the kill to everybody's Synced. */
  readonly synced: number;
  /** From the kill to the last agent's answer: starts of Node, and InnoDB's recovery. */
  readonly agents: number;
  /** From there to the founding. */
  readonly decided: number;
  /** From there to the first member's Synced, and to the last one's. */
  readonly first: number;
  readonly rest: number;
}

async function outage(cluster: Cluster): Promise<Round> {
  const clients = cluster.keepWriting(members);
  while (clients.written() < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  const killedMs = Date.now();
  await Promise.all(
    members.map(async (i) => {
      await cluster.kill(i);
      cluster.start(i);
    }),
  );
  await clients.end();
  const first = cluster.anySynced().then(() => Date.now());
  await cluster.allSynced(members);
  const syncedMs = Date.now();
  const stamps = (what: RegExp) =>
    members
      .flatMap((i) => cluster.ownLines(i))
      .filter((line) => what.test(line))
      .map(stampMs);
  const agentsMs = Math.max(...stamps(/an agent was started/));
  const decidedMs = Math.max(...stamps(founding));
  await cluster.verify(members);
  return {
    synced: syncedMs - killedMs,
    agents: agentsMs - killedMs,
    decided: decidedMs - agentsMs,
    first: (await first) - decidedMs,
    rest: syncedMs - decidedMs,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const cluster = await createCluster({ block: 69, env: { GALERA_REPLICAS: "3" } });
const results: Round[] = [];
try {
  await cluster.found(members);
  await cluster.verify(members);
  while (results.length < rounds) results.push(await outage(cluster));
} finally {
  await cluster.close();
}

const seconds = (ms: number) => (ms / 1000).toFixed(1).padStart(6);
const row = (name: string, pick: (round: Round) => number) =>
  console.log(
    `${name.padEnd(46)}${seconds(median(results.map(pick)))}  ${results.map((one) => seconds(pick(one))).join("")}`,
  );
console.log(`${`${rounds} full outages of three members`.padEnd(46)}median s   each`);
row("kill to all Synced", (one) => one.synced);
row("  kill to the last agent's answer", (one) => one.agents);
row("  that to the founding", (one) => one.decided);
row("  the founding to the founder's Synced", (one) => one.first);
row("  the founding to the last one's Synced", (one) => one.rest);

const synced = median(results.map((one) => one.synced));
const decided = median(results.map((one) => one.decided));
process.exitCode = synced <= bounds.synced && decided <= bounds.decided ? 0 : 1;
