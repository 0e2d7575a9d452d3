/** One container of a pod over its restarts. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Container, startContainer } from "./engine.js";
import type { ContainerSpec } from "./manifest.js";
import type { Prober } from "./prober.js";
import { probe, type Verdict } from "./probes.js";

/** Before the first restart, the second, …; kubelet's are ten times as long. */
const pausesMs = [0, 1000, 2000, 4000];

export interface LifeOptions {
  readonly name: string;
  readonly spec: ContainerSpec;
  readonly address: string;
  readonly prober: Prober;
  readonly graceSeconds: number;
  readonly options: readonly string[];
  readonly args: readonly string[];
}

/** How a container was ended. */
export interface Ending {
  readonly preStop: { readonly exitCode: number | undefined; readonly said: string } | undefined;
  /** 137 where it took SIGKILL. */
  readonly exitCode: number;
}

export type Life = ReturnType<typeof createLife>;

export function createLife({ name, spec, graceSeconds, options, args, ...own }: LifeOptions) {
  const { address, prober } = own;
  const over = new AbortController();
  const runs: Container[] = [];
  const verdicts: Verdict[] = [];
  const endedBy: string[] = [];
  const hasStarted = Promise.withResolvers<void>();
  let isReady = false;

  /** One run of it, from its start to its end. */
  const run = async () => {
    const container = startContainer({ name: `${name}-${runs.length}`, options, args });
    runs.push(container);
    const stop = new AbortController();
    const say = (verdict: Verdict) => {
      verdicts.push(verdict);
      if (verdict.probe === "readiness") isReady = verdict.ok;
    };
    const started = () => {
      isReady = spec.readinessProbe === undefined;
      hasStarted.resolve();
    };
    const signals = { signal: stop.signal, leaving: over.signal };
    const watching = probe({ spec, address, prober, container, ...signals, say }, started).then(
      async (failed) => {
        if (failed === undefined) return;
        endedBy.push(failed.why);
        await end(container, (failed.graceSeconds ?? graceSeconds) * 1000);
      },
    );
    await container.ended;
    stop.abort();
    isReady = false;
    await watching;
  };

  const end = async (container: Container, graceMs: number): Promise<Ending> => {
    const begun = Date.now();
    const left = () => Math.max(graceMs - (Date.now() - begun), 2000);
    const hook = spec.lifecycle?.preStop?.exec.command;
    const preStop = hook && (await container.exec(hook, left()));
    await container.kill("TERM");
    const timer = setTimeout(() => container.kill("KILL"), left());
    const exitCode = await container.ended;
    clearTimeout(timer);
    return { preStop, exitCode };
  };

  const current = () => {
    const container = runs.at(-1);
    if (container === undefined) throw new Error(`${name} was not started`);
    return container;
  };

  return {
    name: spec.name,
    /** Its verdicts, and what of them ended a run of it. */
    ...{ verdicts, endedBy },
    current,
    /** Ends its process and nothing else. */
    kill: async () => {
      const container = runs.at(-1);
      await container?.kill("KILL");
      await container?.ended;
    },
    /** Of all its runs. */
    output: () => runs.map((container) => container.output()).join(""),
    restarts: () => runs.length - 1,
    isReady: () => isReady,
    /** Keeps it running; resolves once it has started, by its startup probe if it has one. */
    start: async () => {
      const live = async () => {
        for (;;) {
          await run();
          if (over.signal.aborted) return;
          const pauseMs = pausesMs[Math.min(runs.length, pausesMs.length) - 1];
          await sleep(pauseMs, undefined, { signal: over.signal }).catch(() => undefined);
          if (over.signal.aborted) return;
        }
      };
      live().catch((error) => {
        hasStarted.reject(error);
        throw error; // once it has started nobody else hears of it
      });
      await hasStarted.promise;
    },
    /** For good: preStop, SIGTERM, and after the grace SIGKILL. */
    end: (graceMs: number) => {
      over.abort();
      return end(current(), graceMs);
    },
    /** It is not to be started again, whatever ends it. */
    leave: () => over.abort(),
  };
}
