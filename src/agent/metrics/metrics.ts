/*
 * What Prometheus reads: counts of what the agent has done, and gauges of what it knows, set at each
 * scrape. docs/operations.md has the list.
 */
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import about from "../../../package.json" with { type: "json" };
import type { Decision } from "../../bootstrap/decide.js";
import type { Report } from "../report.js";
import { type PlainGauge, plainGauges, type WordGauge, wordGauges } from "./gauges.js";
import { addProcessMetrics } from "./process-metrics.js";
import type { Recorder } from "./recorder.js";

export interface Metrics extends Recorder {
  /** The text that Prometheus reads. */
  text(report: Report): Promise<{ readonly contentType: string; readonly body: string }>;
}

const prefix = "galera_peers_";

/** Each is there from the start, at 0: Prometheus sees an increase only from what it has seen. */
const outcomes = ["named", "unnamed", "empty", "failed"] as const;
const actions = [
  ...["found", "join", "wait", "hold", "bootstrap", "rest"],
] as const satisfies readonly Decision["action"][];
const hooks = ["on-start", "on-change"] as const;
const results = ["success", "failure"] as const;

/**
 * Counts for as long as the process lives, over any number of SIGHUPs.
 *
 * @param wallMs the wall-clock time: the agent's own clock has no date
 */
export function createMetrics(wallMs: () => number = Date.now): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const lookups = new Counter({
    name: `${prefix}dns_lookups_total`,
    help: "Look-ups of the service, by what came of them: an answer that names this member or does not, no records, or none.",
    labelNames: ["outcome"],
    registers,
  });
  const lookupSeconds = new Histogram({
    name: `${prefix}dns_lookup_duration_seconds`,
    help: "How long look-ups took.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const decisions = new Counter({
    name: `${prefix}decisions_total`,
    help: "Decisions by what was to be done; one that stays is counted with each look.",
    labelNames: ["action"],
    registers,
  });
  const decisionAt = new Gauge({
    name: `${prefix}decision_timestamp_seconds`,
    help: "When that was last decided; absent before the first time.",
    labelNames: ["action"],
    registers,
  });
  const hookRuns = new Counter({
    name: `${prefix}hook_runs_total`,
    help: "Runs of the hooks, by their result.",
    labelNames: ["hook", "result"],
    registers,
  });
  const hookSeconds = new Histogram({
    name: `${prefix}hook_duration_seconds`,
    help: "How long runs of the hooks took.",
    labelNames: ["hook"],
    buckets: [0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers,
  });
  const paused = new Counter({
    name: `${prefix}wsrep_flow_control_paused_seconds_total`,
    help: "For how long flow control has paused replication since the server's start (wsrep_flow_control_paused_ns).",
    registers,
  });
  for (const outcome of outcomes) lookups.inc({ outcome }, 0);
  for (const action of actions) decisions.inc({ action }, 0);
  for (const hook of hooks) for (const result of results) hookRuns.inc({ hook, result }, 0);
  const shows = [
    ...plainGauges.map((gauge) => plain(gauge, registers)),
    ...wordGauges.map((gauge) => word(gauge, registers)),
    ({ server }: Report) => {
      paused.remove();
      if (server !== undefined) paused.inc(Number(server.pausedNs) / 1e9);
    },
  ];
  new Gauge({
    name: `${prefix}build_info`,
    help: "The agent's version.",
    labelNames: ["version"],
    registers,
  }).set({ version: about.version }, 1);
  addProcessMetrics(registry, wallMs());

  return {
    looked: (sight, tookMs) => {
      lookups.inc({ outcome: sight.kind === "peers" ? "named" : sight.because });
      lookupSeconds.observe(tookMs / 1000);
    },
    decided: (action) => {
      decisions.inc({ action });
      decisionAt.set({ action }, wallMs() / 1000);
    },
    hookRan: (hook, result, tookMs) => {
      hookRuns.inc({ hook, result });
      hookSeconds.observe({ hook }, tookMs / 1000);
    },
    text: async (report) => {
      for (const show of shows) show(report, wallMs());
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** Takes over what a report says; what it does not say is not told. */
type Show = (report: Report, wallMs: number) => void;

function plain({ name, help, value }: PlainGauge, registers: Registry[]): Show {
  const gauge = new Gauge({ name: `${prefix}${name}`, help, registers });
  return (report, wallMs) => {
    const now = value(report, wallMs);
    if (now === undefined) gauge.remove();
    else gauge.set(Number(now));
  };
}

function word({ name, help, label, among, value }: WordGauge, registers: Registry[]): Show {
  const gauge = new Gauge({ name: `${prefix}${name}`, help, labelNames: [label], registers });
  return (report) => {
    const now = value(report);
    gauge.reset();
    if (now === undefined) return;
    for (const one of among ?? [now]) gauge.set({ [label]: one }, one === now ? 1 : 0);
  };
}
