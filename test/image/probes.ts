/** A container's probes, as kubelet makes them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Container } from "./engine.js";
import type { ContainerSpec, Probe } from "./manifest.js";
import type { Result } from "./node.js";
import type { Prober } from "./prober.js";

export type ProbeName = "startup" | "liveness" | "readiness";

export interface Verdict {
  readonly probe: ProbeName;
  readonly ok: boolean;
  readonly why: string;
}

export interface Probed {
  readonly spec: ContainerSpec;
  readonly address: string;
  readonly container: Container;
  readonly prober: Prober;
  /** The container's end. */
  readonly signal: AbortSignal;
  /** From when on only readiness counts: the pod's deletion. */
  readonly leaving: AbortSignal;
  readonly say: (verdict: Verdict) => void;
}

/** A container is to be ended. */
export interface Failed {
  readonly why: string;
  /** The probe's own; undefined for the pod's. */
  readonly graceSeconds: number | undefined;
}

/**
 * Probes until the container's end: first startup alone, then liveness and readiness. Gives the reason
 * where the container is to be ended.
 */
export async function probe(probed: Probed, started: () => void): Promise<Failed | undefined> {
  const { startupProbe, livenessProbe, readinessProbe } = probed.spec;
  const signal = AbortSignal.any([probed.signal, probed.leaving]);
  if (startupProbe !== undefined) {
    const failed = await watch({ ...probed, signal }, "startup", startupProbe, true);
    if (failed !== undefined || signal.aborted) return failed;
  }
  started();
  if (readinessProbe !== undefined) void watch(probed, "readiness", readinessProbe, false);
  if (livenessProbe === undefined) return undefined;
  return watch({ ...probed, signal }, "liveness", livenessProbe, false);
}

/** Until the signal, the first success if that `suffices`, or too many failures in a row, which it tells. */
async function watch(probed: Probed, name: ProbeName, spec: Probe, suffices: boolean) {
  const { signal, say } = probed;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = spec;
  let failures = 0;
  await pause(initialDelaySeconds, signal);
  while (!signal.aborted) {
    const { ok, why } = await once(probed, spec);
    if (signal.aborted) break;
    failures = ok ? 0 : failures + 1;
    if (ok || failures >= failureThreshold) say({ probe: name, ok, why });
    if (ok && suffices) return undefined;
    if (failures >= failureThreshold && name !== "readiness") {
      return { why: `${name} probe: ${why}`, graceSeconds: spec.terminationGracePeriodSeconds };
    }
    await pause(periodSeconds, signal);
  }
  return undefined;
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
}

function once({ spec, address, container, prober }: Probed, probe: Probe): Promise<Result> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket, exec } = probe;
  if (httpGet !== undefined) {
    const url = `http://${address}:${portOf(spec, httpGet.port)}${httpGet.path}`;
    return prober.ask({ url, timeoutMs });
  }
  if (tcpSocket !== undefined) {
    return prober.ask({ address: [address, portOf(spec, tcpSocket.port)], timeoutMs });
  }
  if (exec !== undefined) return run(container, exec.command, timeoutMs);
  throw new Error(`a probe of ${spec.name} asks nothing`);
}

function portOf({ name, ports = [] }: ContainerSpec, port: string | number): number {
  if (typeof port === "number") return port;
  const found = ports.find((one) => one.name === port);
  if (found === undefined) throw new Error(`the container ${name} has no port ${port}`);
  return found.containerPort;
}

async function run(container: Container, command: readonly string[], ms: number): Promise<Result> {
  const { exitCode, said } = await container.exec(command, ms);
  return { ok: exitCode === 0, why: said.trim() };
}
