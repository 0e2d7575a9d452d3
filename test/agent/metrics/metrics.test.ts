import { closeSync, openSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { register } from "prom-client";
import { describe, expect, test } from "vitest";
import { createMetrics } from "../../../src/agent/metrics/metrics.js";
import type { Report } from "../../../src/agent/report.js";
import type { Receiving } from "../../../src/agent/transfer/transfer.js";
import type { Evidence } from "../../../src/bootstrap/evidence.js";
import type { Phase } from "../../../src/bootstrap/member.js";
import { stateOf, synced, uuid } from "../members.js";
import { exercise, firstReport, running, syncedReport, syncedState } from "../reports.js";
import { parseExposition, valuesOf } from "./exposition.js";

const wallMs = 1_700_000_000_000;

const receiving: Receiving = {
  ...{ role: "joiner", stage: "receiving", donor: "galera-1", bytes: 7, totalBytes: 9 },
  bytesPerSecond: 2,
};

/** What a scrape says of a metric. */
async function told(name: string, report: Report, metrics = createMetrics(() => wallMs)) {
  const { body } = await metrics.text(report);
  return valuesOf(body, name);
}

describe("what is known of a member that is Synced", () => {
  const report = syncedReport({ draining: "waiting", paused: 0.25 });
  test.each<[string, unknown]>([
    ["galera_peers_dns_peers", 3],
    ["galera_peers_dns_answer_timestamp_seconds", wallMs / 1000 - 0.5],
    ["galera_peers_waiting_seconds", 0],
    ["galera_peers_started", 1],
    ["galera_peers_alive", 1],
    ["galera_peers_ready", 1],
    ["galera_peers_draining", 1],
    ["galera_peers_primary", 1],
    ["galera_peers_phase", { idle: 0, waiting: 0, founding: 0, joining: 0, running: 1 }],
    ["galera_peers_evidence_seqno", 12],
    ["galera_peers_epoch", 2],
    ["galera_peers_view_members", 3],
    ["galera_peers_cluster_info", { [uuid]: 1 }],
    ["galera_peers_wsrep_local_state", 4],
    ["galera_peers_wsrep_primary", 1],
    ["galera_peers_wsrep_ready", 1],
    ["galera_peers_wsrep_cluster_size", 3],
    ["galera_peers_wsrep_last_committed", 41],
    ["galera_peers_wsrep_flow_control_paused_ratio", 0.25],
    ["galera_peers_wsrep_flow_control_paused_seconds_total", 0],
    ["galera_peers_wsrep_receive_queue", 0],
    ["galera_peers_wsrep_send_queue", 0],
    ["galera_peers_wsrep_desync", 0],
    ["galera_peers_wsrep_rejects_queries", 0],
  ])("%s", async (name, value) => {
    expect(await told(name, report)).toEqual(value);
  });

  test("its version is the package's", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await told("galera_peers_build_info", report)).toEqual({ [version]: 1 });
  });
});

describe("what is not known has no sample", () => {
  test.each(["dns_peers", "dns_answer_timestamp_seconds", "cluster_info", "view_members"])(
    "%s of an agent that has just begun",
    async (name) => expect(await told(`galera_peers_${name}`, firstReport())).toBeUndefined(),
  );

  test("nothing of a server that cannot be asked, also after it could be", async () => {
    const metrics = createMetrics();
    const wsrep = async (report: Report) => {
      const families = parseExposition((await metrics.text(report)).body);
      const ofServer = [...families].filter(([name]) => name.includes("_wsrep_"));
      return ofServer.flatMap(([, { samples }]) => samples).length;
    };
    expect(await wsrep(syncedReport())).toBe(11);
    expect(await wsrep(syncedReport({ server: undefined, paused: undefined }))).toBe(0);
    expect(await wsrep(syncedReport())).toBe(11);
  });

  test("that it is primary is known without its being asked", async () => {
    const report = syncedReport({ server: undefined, paused: undefined });
    expect(await told("galera_peers_primary", report)).toBe(1);
  });

  test.each<[string, Evidence | undefined, number | undefined]>([
    ["before the first start", undefined, undefined],
    ["an empty datadir", { kind: "empty" }, undefined],
    ["half of an SST", { kind: "interrupted", by: "sst" }, undefined],
    [
      "a cluster's data before anything was replicated",
      { kind: "position", uuid, seqno: -1n, safeToBootstrap: true, certain: true },
      -1,
    ],
    [
      "a position past 2^53, to the nearest double",
      { kind: "position", uuid, seqno: 2n ** 62n + 1n, safeToBootstrap: true, certain: true },
      2 ** 62,
    ],
  ])("the position of %s", async (_, evidence, seqno) => {
    const report = syncedReport({ state: stateOf("galera-0", { evidence }) });
    expect(await told("galera_peers_evidence_seqno", report)).toBe(seqno);
    const kinds = (await told("galera_peers_evidence", report)) as Record<string, number>;
    const held = Object.entries(kinds ?? {}).filter(([, value]) => value === 1);
    expect(held.map(([kind]) => kind)).toEqual(evidence === undefined ? [] : [evidence.kind]);
  });
});

describe("an SST", () => {
  const names = ["received_bytes", "total_bytes", "received_ratio", "received_bytes_per_second"];
  const allOf = async (report: Report, metrics = createMetrics()) => {
    const { body } = await metrics.text(report);
    return names.map((name) => valuesOf(body, `galera_peers_sst_${name}`));
  };

  const none = names.map(() => undefined);

  test("is told by the joiner, as long as it runs", async () => {
    const metrics = createMetrics();
    const tells = async (transfer: Receiving | undefined, expected: readonly unknown[]) =>
      expect(await allOf(syncedReport({ transfer }), metrics)).toEqual(expected);
    await tells(undefined, none);
    await tells({ ...receiving, bytesPerSecond: 3 }, [7, 9, 7 / 9, 3]);
    await tells({ ...receiving, bytes: 10, bytesPerSecond: undefined }, [10, 9, 1, undefined]);
    const unsized = { ...receiving, totalBytes: undefined, bytesPerSecond: 3 };
    await tells(unsized, [7, undefined, undefined, 3]);
    await tells({ ...receiving, bytes: 0, totalBytes: 0, bytesPerSecond: undefined }, [
      ...[0, 0, undefined, undefined],
    ]);
    await tells(undefined, none);
  });

  test("is not told by its donor", async () => {
    const report = syncedReport({ transfer: { role: "donor", totalBytes: 9 } });
    expect(await allOf(report)).toEqual(none);
  });
});

test("a wait is told by its length", async () => {
  const awaited = { what: "galera-1: no DNS record", forMs: 90_500, held: false };
  expect(await told("galera_peers_waiting_seconds", firstReport({ awaited }))).toBe(90.5);
});

describe("counts", () => {
  test("are there before anything happens", async () => {
    expect(await told("galera_peers_dns_lookups_total", firstReport())).toEqual({
      ...{ named: 0, unnamed: 0, empty: 0, failed: 0 },
    });
    expect(await told("galera_peers_decisions_total", firstReport())).toEqual({
      ...{ found: 0, join: 0, wait: 0, hold: 0, bootstrap: 0, rest: 0 },
    });
    expect(await told("galera_peers_hook_runs_total", firstReport())).toEqual({
      "on-start success": 0,
      "on-start failure": 0,
      "on-change success": 0,
      "on-change failure": 0,
    });
    expect(await told("galera_peers_decision_timestamp_seconds", firstReport())).toBeUndefined();
  });

  test("go on over scrapes", async () => {
    const metrics = createMetrics(() => wallMs);
    exercise(metrics);
    await metrics.text(firstReport());
    exercise(metrics);
    const { body } = await metrics.text(syncedReport());
    expect(valuesOf(body, "galera_peers_dns_lookups_total")).toEqual({
      ...{ named: 2, unnamed: 2, empty: 2, failed: 2 },
    });
    expect(valuesOf(body, "galera_peers_decisions_total")).toMatchObject({ found: 2, hold: 2 });
    expect(valuesOf(body, "galera_peers_decision_timestamp_seconds")).toMatchObject({
      found: wallMs / 1000,
    });
    expect(valuesOf(body, "galera_peers_hook_runs_total")).toMatchObject({
      "on-change failure": 2,
    });
    expect(body).toContain("galera_peers_dns_lookup_duration_seconds_sum 12.004\n");
    expect(body).toContain('galera_peers_hook_duration_seconds_count{hook="on-start"} 4\n');
  });

  test("flow control's pauses in seconds, as the server counts them", async () => {
    const metrics = createMetrics();
    const name = "galera_peers_wsrep_flow_control_paused_seconds_total";
    const scraped = async (pausedNs: bigint) =>
      told(name, syncedReport({ server: { ...synced, pausedNs } }), metrics);
    expect(await scraped(2_500_000_000n)).toBe(2.5);
    expect(await scraped(3_000_000_000n)).toBe(3);
    expect(await scraped(1n)).toBe(1e-9); // another server
  });
});

test("the process' own metrics are plausible", async () => {
  const metrics = createMetrics();
  const read = async (name: string) => (await told(name, firstReport(), metrics)) as number;
  const before = await read("process_cpu_seconds_total");
  for (const started = process.cpuUsage(); process.cpuUsage(started).user < 20_000; );
  const spent = (await read("process_cpu_seconds_total")) - before;
  expect(spent).toBeGreaterThanOrEqual(0.02);
  expect(spent).toBeLessThan(10);
  const rss = (await read("process_resident_memory_bytes")) / process.memoryUsage.rss();
  expect(rss).toBeGreaterThan(0.8);
  expect(rss).toBeLessThan(1.25);
  const startedS = Date.now() / 1000 - process.uptime();
  expect(Math.abs((await read("process_start_time_seconds")) - startedS)).toBeLessThan(2);
  const open = await read("process_open_fds");
  const files = Array.from({ length: 50 }, () => openSync("package.json", "r"));
  const more = (await read("process_open_fds")) - open;
  for (const file of files) closeSync(file);
  expect(Math.abs(more - 50)).toBeLessThan(10); // the test runner has files of its own
});

describe("laws", () => {
  const phases = fc
    .constantFrom("idle", "waiting", "founding", "joining", "running")
    .map((kind): Phase => (kind === "running" ? running : { kind }));
  const unknown = { nil: undefined };
  const health = fc.record({ ok: fc.boolean(), why: fc.string() });
  const counts = fc.nat({ max: 100_000 });
  const seqnos = fc.bigInt({ min: -1n, max: 2n ** 63n - 1n });
  const servers = fc.record({
    ...{ ready: fc.boolean(), primary: fc.boolean(), state: fc.nat({ max: 6 }) },
    ...{ comment: fc.string(), clusterSize: counts, lastCommitted: fc.option(seqnos, unknown) },
    ...{ pausedNs: fc.bigInt({ min: 0n, max: 2n ** 63n }), receiveQueue: counts },
    ...{ sendQueue: counts, desync: fc.boolean(), rejects: fc.boolean() },
    backup: fc.boolean(),
  });
  const reports = fc.record({
    state: phases.map((phase) => ({ ...syncedState, phase })),
    peers: fc.array(fc.constantFrom("galera-0", "galera-1")),
    ...{ dnsProblem: fc.option(fc.string(), unknown), awaited: fc.constant(undefined) },
    ...{ server: fc.option(servers, unknown), denied: fc.boolean() },
    paused: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), unknown),
    peersAgeMs: fc.option(fc.nat(), unknown),
    draining: fc.constantFrom("waiting" as const, "leaving" as const, undefined),
    transfer: fc.constantFrom(undefined, receiving, { role: "donor" as const, totalBytes: 9 }),
    ...{ startup: health, liveness: health, readiness: health },
  });

  test("whatever is known, a scrape is readable, bounded, and forgets what was before", async () => {
    const used = createMetrics(() => wallMs);
    const isOfAgent = (name: string) => name.startsWith("galera_peers_");
    await fc.assert(
      fc.asyncProperty(reports, async (report: Report) => {
        const families = parseExposition((await used.text(report)).body);
        const samples = [...families.values()].flatMap((family) => family.samples);
        expect(samples.every(({ value }) => !Number.isNaN(value))).toBe(true);
        expect(samples.length).toBeLessThan(100);
        const anew = parseExposition((await createMetrics(() => wallMs).text(report)).body);
        for (const [name, family] of anew) {
          if (isOfAgent(name)) expect(families.get(name)).toEqual(family);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a day's events leave as many series as a few", async () => {
  const metrics = createMetrics();
  const lines = async () => (await metrics.text(syncedReport())).body.split("\n").length;
  exercise(metrics);
  const few = await lines();
  for (let day = 0; day < 20_000; day += 1) exercise(metrics);
  expect(await lines()).toBe(few);
});

test("two scrapes at once are each of their own report", async () => {
  const metrics = createMetrics();
  const [synced, first] = await Promise.all([
    metrics.text(syncedReport()),
    metrics.text(firstReport()),
  ]);
  expect(valuesOf(synced.body, "galera_peers_primary")).toBe(1);
  expect(valuesOf(first.body, "galera_peers_primary")).toBe(0);
  expect(valuesOf(first.body, "galera_peers_wsrep_ready")).toBeUndefined();
});

test("the registry is the agent's own", async () => {
  expect(createMetrics()).not.toBe(createMetrics());
  expect(await register.metrics()).toBe("\n");
});
