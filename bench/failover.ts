/**
 * The longest time that a client has to wait for a write, through a Service on ready members, when one
 * of three is deleted as Kubernetes does it or killed with all its container, and when it comes back;
 * with each failover profile. The client writes every 100 ms on one connection, drops that on any
 * error, and tries a failed write once more at once: what a pool that reconnects does. Prints a table;
 * ends with 1 where the worst of an event's rounds is over its bound.
 *
 * It needs what the lab needs: mariadb-server, galera-4, rsync.
 */
import { podOrdinal } from "../src/lab/pod.js";
import type { FailoverProfile } from "../src/server/options/failover.js";
import { systemClock as clock } from "../src/system/clock.js";
import { type Cluster, createCluster, until } from "../test/e2e/cluster.js";
import { deletePod } from "../test/e2e/pod-deletion.js";
import {
  type Observation,
  type SteadyClient,
  startSteadyClient,
} from "../test/e2e/steady-client.js";
import { type Service, startService } from "../test/service/service.js";
import { median, seconds } from "./figures.js";

const members = [0, 1, 2];
const block = 87;
const host = `127.0.${block}.100`;
const key = { GALERA_AGENT_KEY: "a key that the members share" };
/** From here on an event has no more effects on the client. */
const settleMs = 1000;

/** `to`: the member that the client is connected to, or another one. */
interface Event {
  readonly name: string;
  readonly to: "its own" | "another";
  readonly how: "delete" | "kill";
}

const events: readonly Event[] = [
  { name: "delete the client's member", to: "its own", how: "delete" },
  { name: "SIGKILL the client's member", to: "its own", how: "kill" },
  { name: "SIGKILL another member", to: "another", how: "kill" },
];

/** What happens in each round, and what a deletion and a kill may take, in ms. */
interface Plan {
  readonly profile: FailoverProfile;
  readonly events: readonly Event[];
  readonly rounds: number;
  readonly bounds: { readonly delete: number; readonly kill: number };
}

const plans: readonly Plan[] = [
  { profile: "default", events, rounds: 2, bounds: { delete: 1000, kill: 7000 } },
  { profile: "fast", events, rounds: 2, bounds: { delete: 1000, kill: 3000 } },
  {
    profile: "patient",
    events: events.slice(0, 2), // half a minute each
    rounds: 1,
    bounds: { delete: 1000, kill: Number.POSITIVE_INFINITY },
  },
];

interface Setting {
  readonly cluster: Cluster;
  readonly service: Service;
  readonly client: SteadyClient;
}

interface Result {
  readonly event: Event;
  readonly away: Observation;
  readonly back: Observation;
}

/** The member that an event befalls. */
function victimOf({ to }: Event, client: SteadyClient): number {
  const own = podOrdinal(client.member() ?? "");
  if (own === undefined) throw new Error("the client is connected to nobody");
  return to === "its own" ? own : (own + 1) % members.length;
}

async function run(event: Event, { cluster, service, client }: Setting): Promise<Result> {
  await clock.sleep(settleMs);
  client.look();
  const victim = victimOf(event, client);
  if (event.how === "delete") await deletePod(cluster, victim, { block, env: key });
  else await cluster.kill(victim);
  await cluster.allSynced(members.filter((i) => i !== victim));
  await clock.sleep(settleMs);
  const away = client.look();
  cluster.start(victim);
  await cluster.allSynced(members);
  await allReady(service);
  await clock.sleep(settleMs);
  return { event, away, back: client.look() };
}

async function allReady(service: Service): Promise<void> {
  const what = () => `all members ready; there are ${service.ready()}`;
  await until(() => service.ready().length === members.length, what, 30_000);
}

async function measure({ profile, events, rounds }: Plan): Promise<readonly Result[]> {
  const env = { GALERA_REPLICAS: "3", GALERA_FAILOVER: profile, ...key };
  const cluster = await createCluster({ block, env, sidecars: true });
  try {
    await cluster.found(members);
    const service = await startService({
      ...{ host, port: 0, memberPort: 3306, agentPort: 4569, periodMs: 1000, clock },
      members: () => members.map(cluster.address),
    });
    await allReady(service);
    const acknowledged = (id: number) => cluster.acknowledged.add(id);
    const client = startSteadyClient({ host, port: service.port, acknowledged });
    const results: Result[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const event of events) results.push(await run(event, { cluster, service, client }));
    }
    await client.end();
    await service.close();
    await cluster.verify(members); // nothing is lost that the client was told is written
    return results;
  } finally {
    await cluster.close();
  }
}

/** Prints a profile's rows; how many bounds are broken. */
function report({ profile, events, bounds }: Plan, results: readonly Result[]): number {
  let broken = 0;
  for (const event of events) {
    const away = results.filter((one) => one.event === event).map((one) => one.away);
    const bound = bounds[event.how];
    const lost = away.flatMap(({ failed }) => failed);
    const isKept =
      Math.max(...away.map(({ stallMs }) => stallMs)) <= bound &&
      (event.how === "kill" || lost.length === 0);
    const retried = away.reduce((sum, one) => sum + one.retried, 0);
    row(`${profile}: ${event.name}`, away, retried, lost.length);
    const wanted = event.how === "delete" ? `${bound / 1000} s, none failed` : `${bound / 1000} s`;
    if (bound !== Number.POSITIVE_INFINITY)
      console.log(`    bound ${wanted}: ${isKept ? "kept" : "BROKEN"}`);
    if (!isKept) broken += 1;
  }
  const back = results.map((one) => one.back);
  const failed = back.reduce((sum, one) => sum + one.failed.length, 0);
  row(
    `${profile}: a member comes back`,
    back,
    back.reduce((sum, one) => sum + one.retried, 0),
    failed,
  );
  return broken;
}

function row(what: string, seen: readonly Observation[], retried: number, failed: number): void {
  const stalls = seen.map(({ stallMs }) => stallMs);
  const figures = [seconds(median(stalls), 8), seconds(Math.max(...stalls), 8)];
  const counts = [seen.length, retried, failed].map((count) => String(count).padStart(8));
  console.log(`${what.padEnd(38)}${figures.join("")}${counts.join("")}`);
}

console.log(`${"longest stall of a client, s".padEnd(38)}  median   worst  rounds   first   again`);
console.log(`${"".padEnd(62)}  tries that failed`);
let broken = 0;
for (const plan of plans) broken += report(plan, await measure(plan));
process.exit(broken === 0 ? 0 : 1);
