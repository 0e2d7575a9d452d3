/*
 * The few metrics of the process that every exporter has, read at a scrape. prom-client's own
 * collection also watches the event loop, which costs CPU all the time.
 */
import { readdirSync } from "node:fs";
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import type Registry from "prom-client/lib/registry.js";

/** @param wallMs the wall-clock time */
export function addProcessMetrics(registry: Registry, wallMs: number): void {
  const registers = [registry];
  const startedS = wallMs / 1000 - process.uptime();
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of the agent.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of the agent.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_open_fds",
    help: "Open file descriptors of the agent.",
    registers,
    collect() {
      this.set(readdirSync("/proc/self/fd").length - 1); // one is that of the directory itself
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the agent was started.",
    registers,
  }).set(startedS);
}
