import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { serve } from "../../src/agent/http/server.js";
import { createMetrics } from "../../src/agent/metrics/metrics.js";
import type { Report } from "../../src/agent/report.js";
import { systemClock } from "../../src/system/clock.js";
import { idleHandlers, portOf, signal, stateOf, synced } from "../agent/members.js";
import { exercise, syncedReport } from "../agent/reports.js";
import { alerts, queries, sent, writeRules } from "../deploy/monitoring.js";
import { atEnd, scratch, until } from "./cli.js";

const listen = "127.0.71.9:9090";

/** Agents that answer a scrape as real ones do, and count on. */
async function startAgents(reports: readonly ((round: bigint) => Report)[]): Promise<string[]> {
  return Promise.all(
    reports.map(async (reportAt, index) => {
      const metrics = createMetrics();
      let round = 0n;
      const scraped = () => {
        exercise(metrics);
        round += 1n;
        return metrics.text(reportAt(round));
      };
      const host = `127.0.71.${index + 1}`;
      const server = await serve(
        { ...idleHandlers, metrics: scraped },
        { host, port: 0, key: undefined, signal },
        {
          clock: systemClock,
          fault: (what) => expect(what).toBe(""),
          isAwaited: async () => false,
        },
      );
      atEnd(() => void server.close());
      return `${host}:${portOf(server.address())}`;
    }),
  );
}

/** Prometheus with this project's rules, which asks every second. */
async function startPrometheus(targets: readonly string[]) {
  const directory = scratch();
  const config = join(directory, "prometheus.yaml");
  const job = {
    job_name: "galera",
    static_configs: [{ targets, labels: { namespace: "database" } }],
  };
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [writeRules(directory).rules],
      scrape_configs: [job],
    }),
  );
  const server = execa(
    "prometheus",
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(directory, "data")}`],
      `--web.listen-address=${listen}`,
    ],
    { reject: false, all: true, cwd: directory },
  );
  atEnd(async () => {
    server.kill();
    await server;
  });
  const api = async <T>(path: string): Promise<T> => {
    const { data } = (await (await fetch(`http://${listen}/api/v1/${path}`)).json()) as { data: T };
    return data;
  };
  await until(
    () =>
      fetch(`http://${listen}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    "ready",
  );
  return {
    query: async (expr: string) =>
      (await api<{ result: unknown[] }>(`query?query=${encodeURIComponent(expr)}`)).result,
    rules: async () =>
      (await api<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap(rulesOf),
  };
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly alerts: readonly { readonly annotations: Readonly<Record<string, string>> }[];
}
const rulesOf = ({ rules }: { rules: Rule[] }) => rules;

test("a real Prometheus scrapes agents, and has data for all of the dashboard and every alert", async () => {
  const targets = await startAgents([
    (round) => syncedReport({ server: { ...synced, lastCommitted: round, pausedNs: round } }),
    () =>
      syncedReport({ awaited: { what: "galera-2: no DNS record", forMs: 400_000, held: false } }),
    (round) =>
      syncedReport({
        state: stateOf("galera-2", { phase: { kind: "joining" } }),
        ...{ server: undefined, paused: undefined },
        transfer: {
          ...{ role: "joiner", stage: "receiving", donor: "galera-0" },
          ...{ bytes: Number(round) * 1e6, totalBytes: 1e9, bytesPerSecond: 1e6 },
        },
        liveness: { ok: false, why: "nothing in the datadir has changed for 301 s" },
      }),
  ]);
  const prometheus = await startPrometheus(targets);
  await until(
    async () => (await prometheus.query("galera_peers_build_info")).length === 3,
    "three agents scraped",
  );
  await until(
    async () => (await prometheus.query("rate(process_cpu_seconds_total[1m])")).length === 3,
    "scraped twice",
  );

  const without: string[] = [];
  for (const { title, expr } of queries) {
    const result = await prometheus.query(sent(expr));
    if (result.length === 0) without.push(`${title}: ${expr}`);
  }
  expect(without).toEqual([]);

  const wanted = ["GaleraMemberWaits", "GaleraStateTransferStalled", "GaleraFounded"];
  const firing = await until(async () => {
    const rules = await prometheus.rules();
    const isEvaluated = rules.every(({ health }) => health !== "unknown");
    const firing = rules.filter((rule) => rule.alerts.length > 0);
    const names = firing.map(({ name }) => name);
    return isEvaluated && wanted.every((name) => names.includes(name)) && firing;
  }, "the rules evaluated");
  const all = await prometheus.rules();
  expect(all.map(({ name }) => name)).toEqual(alerts);
  expect(all.filter(({ health }) => health !== "ok")).toEqual([]);
  const texts = firing.flatMap((rule) =>
    rule.alerts.flatMap((one) => Object.values(one.annotations)),
  );
  for (const text of texts) expect(text).not.toMatch(/error|<no value>|\{\{/);
  expect(texts).toContainEqual(
    expect.stringMatching(/^127\.0\.71\.2:\d+: waiting for the same thing for 6m 40s$/),
  );
});
