import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const monitoring = "deploy/components/monitoring";

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: unknown;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: unknown;
  }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly thresholds: { readonly steps: readonly { readonly value: number | null }[] };
    };
  };
  readonly options?: { readonly legend?: unknown };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string | { readonly query: string };
      readonly datasource?: unknown;
    }[];
  };
}

export const dashboard = JSON.parse(
  readFileSync(`${monitoring}/dashboard.json`, "utf8"),
) as Dashboard;
/** The rule file in the PrometheusRule: its `spec`, as docs/kubernetes.md takes it out. */
export const rules = readFileSync(`${monitoring}/rules.yaml`, "utf8")
  .replace(/^.*^spec:\n/ms, "")
  .replace(/^ {2}/gm, "");
export const alertTests = readFileSync("test/fixtures/monitoring/alerts.yaml", "utf8");

/** The rule file for Prometheus, and its tests beside it. */
export function writeRules(directory: string) {
  const paths = { rules: join(directory, "rules.yaml"), tests: join(directory, "alerts.yaml") };
  writeFileSync(paths.rules, rules);
  writeFileSync(paths.tests, alertTests);
  return paths;
}

/** The alerts' names, in order. */
export const alerts = matches(rules, /^ {6}- alert: (\w+)$/gm);

/** Every query of the dashboard by the panel's title, as Grafana writes it. */
export const queries: readonly { readonly title: string; readonly expr: string }[] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  ),
  ...dashboard.annotations.list.map(({ expr }) => ({ title: "annotations", expr })),
];

/** A query as Grafana sends it, where all members of a cluster are chosen. */
export function sent(expr: string, job = "galera"): string {
  const values: Readonly<Record<string, string>> = {
    ...{ namespace: ".*", job, instance: ".+", __rate_interval: "1m" },
  };
  return expr.replace(/\$(\w+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown variable: ${name} in ${expr}`);
    return value;
  });
}

/** The agent's metrics in an expression, a histogram's by its own name. */
export function metricsIn(text: string): string[] {
  const names = text.match(/\b(?:galera_peers|process)_\w+/g) ?? [];
  return names.map((name) => name.replace(/_(?:bucket|sum|count)$/, ""));
}

export function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, word = ""]) => word);
}
