/**
 * What an agent costs beside a real server: three members, first with their agents as sidecars, then
 * with those that `run` leaves behind. Each is asked by the other two, probed every 5 s as the kubelet
 * does, and scraped every 15 s. A minute after the last start: memory, CPU, DNS queries; then the time
 * from a new peer in DNS to the first line of the on-change hook, and the memory after all that.
 * Prints a table; ends with 1 where a bound is broken.
 *
 * It needs what the lab needs: mariadb-server, galera-4, rsync.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../src/system/clock.js";
import { commandLine } from "../src/system/proc.js";
import { type Cluster, createCluster, until } from "../test/e2e/cluster.js";

const bounds = { rssMiB: 60, cpuPercent: 0.5, queriesPerS: 1, worstMs: 1200, medianMs: 700 };
const settleMs = 60_000;
const windowMs = 30_000;
const changes = 30;
const members = [0, 1, 2];
const key = "a key that the members share";

const directory = mkdtempSync(join(tmpdir(), "galera-peers-bench-"));
chmodSync(directory, 0o777); // a sidecar is the server's user by then
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
let broken = 0;

await measure("sidecar", true);
await measure("left by run", false);
process.exit(broken > 0 ? 1 : 0);

async function measure(how: string, sidecars: boolean): Promise<void> {
  const env = { GALERA_REPLICAS: "3", GALERA_AGENT_KEY: key };
  const cluster = await createCluster({ block: 77, env, sidecars });
  const traffic = new AbortController();
  const noted = join(directory, how.replaceAll(" ", "-"));
  try {
    // The last one has a hook: what runs it is loaded once it does.
    const hook = { GALERA_ON_CHANGE: `date +%s%N >>${noted}` };
    for (const i of members) cluster.start(i, { env: i === members.length - 1 ? hook : {} });
    await cluster.allSynced(members);
    const pids = members.map((i) => agentOf(cluster, i, sidecars));
    keepAsking(cluster, traffic.signal);
    await clock.sleep(settleMs);

    console.log(`\n${how.padEnd(34)}${members.map((i) => `galera-${i}`.padStart(10)).join("")}`);
    const [cpuMs, queries, startMs] = [pids.map(cpuMsOf), cluster.dns.queries(), clock.now()];
    await clock.sleep(windowMs);
    const tookMs = clock.now() - startMs;
    const cpu = pids.map((pid, n) => ((cpuMsOf(pid) - (cpuMs[n] ?? 0)) / tookMs) * 100);
    // Whoever asks once a second asks once more where the window has its edges.
    const asked = (cluster.dns.queries() - queries - members.length) / members.length;
    const perS = asked / (tookMs / 1000);

    const memory = pids.map(memoryOf);
    row(
      "memory, RSS MiB",
      memory.map(({ rss }) => rss),
      Math.max,
      bounds.rssMiB,
    );
    row(
      "  of which anonymous",
      memory.map(({ anonymous }) => anonymous),
    );
    row(
      "  of which files, Node's own",
      memory.map(({ files }) => files),
    );
    row(
      "  most since the start",
      memory.map(({ most }) => most),
    );
    row("CPU, % of a core", cpu, median, bounds.cpuPercent);
    row("DNS queries a second, each", [perS], Math.max, bounds.queriesPerS);

    const latencies = await changesOf(cluster, noted);
    const held = (what: string, ms: number, bound: number) => row(what, [ms], Math.max, bound);
    held(`DNS to hook, median of ${changes}, ms`, median(...latencies), bounds.medianMs);
    held("DNS to hook, worst, ms", Math.max(...latencies), bounds.worstMs);
    const after = pids.map((pid) => memoryOf(pid).rss);
    row("memory after the hooks, RSS MiB", after, Math.max, bounds.rssMiB);
  } finally {
    traffic.abort();
    await cluster.close();
  }
}

/** The agent's PID: that of the sidecar, or of the child that became the server's. */
function agentOf(cluster: Cluster, i: number, isSidecar: boolean): number {
  const isAgent = (pid: number) => commandLine(pid).includes("agent");
  const pid = isSidecar ? cluster.agentPid(i) : cluster.session(i).find(isAgent);
  if (pid === undefined) throw new Error(`galera-${i} has no agent`);
  return pid;
}

/** As the kubelet and Prometheus do. */
function keepAsking(cluster: Cluster, signal: AbortSignal): void {
  const ask = async (path: string, everyMs: number) => {
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal);
      for (const i of members) {
        get({ host: cluster.address(i), port: 4569, path, agent: false }, (reply) => {
          if (reply.statusCode !== 200) console.log(`galera-${i} ${path}: ${reply.statusCode}`);
          reply.resume();
        }).on("error", (error) => console.log(`galera-${i} ${path}: ${error.message}`));
      }
    }
  };
  for (const path of ["/startupz", "/livez", "/readyz"]) ask(path, 5000).catch(() => {});
  ask("/metrics", 15_000).catch(() => {});
}

/** The times from each new peer in DNS to the hook's first line, in ms. */
async function changesOf({ dns }: Cluster, noted: string): Promise<number[]> {
  const before = dns.members();
  const lines = () => readFileSync(noted, "utf8").trim().split("\n");
  const ran = (count: number) =>
    until(
      () => lines().length >= count,
      () => "the hook",
      10_000,
    );
  const latencies: number[] = [];
  while (latencies.length < changes) {
    const count = lines().length;
    await clock.sleep(1000 + Math.random() * 1000); // at any point between two looks
    const changedMs = Date.now();
    dns.setMembers([...before, { name: "galera-9", addresses: ["127.0.77.99"] }]);
    await ran(count + 1);
    latencies.push(Number(BigInt(lines()[count] ?? "0") / 1000n) / 1000 - changedMs);
    dns.setMembers(before);
    await ran(count + 2);
  }
  return latencies;
}

function memoryOf(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return {
    ...{ rss: mib("VmRSS"), anonymous: mib("RssAnon"), files: mib("RssFile") },
    most: mib("VmHWM"),
  };
}

/** utime and stime (proc_pid_stat(5)), in ticks of 10 ms. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function median(...values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Prints a line; with a bound, that is for what `of` makes of the values. */
function row(
  what: string,
  values: readonly number[],
  of: (...values: readonly number[]) => number = Math.max,
  bound?: number,
): void {
  const cells = values.map((value) => value.toFixed(2).padStart(10)).join("");
  const fails = bound !== undefined && !(of(...values) <= bound);
  if (fails) broken += 1;
  const verdict = bound === undefined ? "" : `   bound ${bound}${fails ? " BROKEN" : ""}`;
  console.log(`${what.padEnd(34)}${cells}${verdict}`);
}
