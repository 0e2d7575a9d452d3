import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { createMetrics } from "../../src/agent/metrics/metrics.js";
import { scratch } from "../agent/members.js";
import { type Family, parseExposition } from "../agent/metrics/exposition.js";
import { exercise, firstReport, syncedReport } from "../agent/reports.js";
import {
  alerts,
  alertTests,
  dashboard,
  matches,
  metricsIn,
  queries,
  rules,
  sent,
  writeRules,
} from "./monitoring.js";

let scrape: string;
let exported: ReadonlyMap<string, Family>;

beforeAll(async () => {
  const metrics = createMetrics();
  exercise(metrics);
  scrape = (await metrics.text(syncedReport())).body;
  exported = parseExposition(scrape);
});

const promtool = (args: readonly string[], input = "") =>
  execa("promtool", args, { reject: false, all: true, input });

describe("what the agent exports", () => {
  test.each([
    ["of a member that is Synced", async () => scrape],
    [
      "of an agent that has just begun",
      async () => (await createMetrics().text(firstReport())).body,
    ],
  ])("follows Prometheus' conventions, %s", async (_, text) => {
    const { exitCode, all } = await promtool(["check", "metrics"], await text());
    expect(all).toBe("");
    expect(exitCode).toBe(0);
  });

  test("has one prefix, but for what every process has", () => {
    const others = [...exported.keys()].filter((name) => !name.startsWith("galera_peers_"));
    expect(others.every((name) => name.startsWith("process_"))).toBe(true);
  });
});

describe("the alerts", () => {
  test("are rules that Prometheus takes", async () => {
    const { exitCode, all } = await promtool(["check", "rules", writeRules(scratch()).rules]);
    expect(all).toContain(`${alerts.length} rules found`);
    expect(exitCode).toBe(0);
  });

  test("fire when they should, and only then", async () => {
    const { exitCode, all } = await promtool(["test", "rules", writeRules(scratch()).tests]);
    expect(all).toContain("SUCCESS");
    expect(exitCode).toBe(0);
  });

  test.each(alerts)("%s is tested silent and firing", (alert) => {
    const tests = alertTests.split(/^ {2}- name: /m).filter((one) => one.includes(`"${alert}"`));
    expect(tests.length).toBeGreaterThan(0);
    for (const one of tests) {
      const [, ...checks] = one.split("- expr:");
      expect(checks.some((check) => check.includes("exp_samples"))).toBe(true);
      expect(checks.some((check) => !check.includes("exp_samples"))).toBe(true);
    }
  });

  test("ask for metrics that there are", () => {
    const used = metricsIn(rules.replace(/^ {2}- name:.*$/gm, ""));
    expect(used.length).toBeGreaterThan(alerts.length);
    expect(used.filter((name) => !exported.has(name))).toEqual([]);
  });

  test("each has a severity, a summary, a description and a section of the runbook", () => {
    const each = rules.split(/^ {6}- alert: /m).slice(1);
    for (const [index, rule] of each.entries()) {
      expect(rule).toMatch(/^ {10}severity: (critical|warning|info)$/m);
      expect(rule).toMatch(/^ {10}summary: ".+"$/m);
      expect(rule).toMatch(/^ {10}description: >-\n {12}\S/m);
      const anchor = alerts[index]?.toLowerCase();
      expect(rule).toContain(`runbook_url: docs/operations.md#${anchor}\n`);
    }
  });
});

describe("the dashboard", () => {
  const panels = dashboard.panels;
  const plain = panels.filter(({ type }) => type !== "row");

  test("has the rows that an operator looks for, and a schema of today", () => {
    const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
    expect(rows).toEqual(["Cluster", "Members", "Replication", "Agent"]);
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(41);
    expect(dashboard.uid).toMatch(/^[\w-]{1,40}$/);
  });

  test("has no panel twice, and none over another or beside the grid", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column += 1) {
        for (let line = y; line < y + h; line += 1) {
          const cell = `${column},${line}`;
          expect(taken.get(cell), `${title} at ${cell}`).toBeUndefined();
          taken.set(cell, title);
        }
      }
    }
  });

  test.each(plain)("$title has what a panel needs", (panel) => {
    const { type, description = "", targets = [], fieldConfig, options, datasource } = panel;
    expect(["stat", "timeseries", "state-timeline"]).toContain(type);
    expect(description).toMatch(/\.$/);
    expect(datasource).toEqual({ type: "prometheus", uid: `\${datasource}` });
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const target of targets) expect(target.datasource).toEqual(datasource);
    if (type !== "stat") {
      for (const { legendFormat } of targets) expect(legendFormat).not.toBe("");
      expect(options?.legend).toBeDefined();
    }
    expect(fieldConfig?.defaults.unit).toMatch(/^\w+$/);
    const values = fieldConfig?.defaults.thresholds.steps.map(({ value }) => value) ?? [];
    expect(values[0]).toBeNull();
    const rest = values.slice(1).map(Number);
    expect(rest).toEqual(rest.toSorted((one, other) => one - other));
  });

  test("takes its data source and all else that it names from variables that it has", () => {
    const variables = dashboard.templating.list;
    expect(variables.map(({ name }) => name)).toEqual([
      ...["datasource", "namespace", "job", "instance"],
    ]);
    expect(variables[0]).toMatchObject({ type: "datasource", query: "prometheus" });
    const known = new Set([...variables.map(({ name }) => name), "__rate_interval"]);
    const used = matches(JSON.stringify(dashboard), /\$\{?(\w+)/g);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test("asks for metrics that there are, and leaves none out", () => {
    const used = new Set(metricsIn(queries.map(({ expr }) => expr).join("\n")));
    expect([...used].filter((name) => !exported.has(name))).toEqual([]);
    const unseen = [...exported.keys()].filter((name) => !used.has(name));
    // What the phase, the server's state, the SST's bytes and the alerts tell as well.
    expect(unseen.toSorted()).toEqual(
      [
        ...["started", "alive", "evidence", "evidence_seqno", "sst_received_ratio"],
        ...["wsrep_cluster_size", "wsrep_primary", "wsrep_ready"],
      ]
        .map((name) => `galera_peers_${name}`)
        .toSorted(),
    );
  });

  test("asks in PromQL", async () => {
    const file = join(scratch(), "queries.yaml");
    const asRules = queries.map(({ expr }, index) => ({
      record: `query${index}`,
      expr: sent(expr),
    }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: asRules }] }));
    const { exitCode, all } = await promtool(["check", "rules", file]);
    expect(all).toContain(`${queries.length} rules found`);
    expect(exitCode).toBe(0);
  });
});
