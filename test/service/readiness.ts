import type { Clock } from "../../src/system/clock.js";

/** Whether a member says that it is ready; a probe that fails in any way says that it is not. */
export type ProbeReadiness = (address: string, signal: AbortSignal) => Promise<boolean>;

export interface ReadinessOptions {
  /** The addresses of the members that there are now. */
  readonly members: () => readonly string[];
  /** The probe's `periodSeconds`. */
  readonly periodMs: number;
}

export interface ReadinessPorts {
  readonly probe: ProbeReadiness;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Watches who is ready as the kubelet does with both thresholds at 1: each member is probed once a
 * period, on its own, and its last answer counts. A member that nobody has probed yet is not ready.
 *
 * @returns the members that are ready now, in their order
 */
export function watchReadiness(
  { members, periodMs }: ReadinessOptions,
  { probe, clock, signal }: ReadinessPorts,
): () => readonly string[] {
  const ready = new Set<string>();
  const asked = new Set<string>();

  const ask = async (address: string) => {
    if (asked.has(address)) return; // the probe before has not ended
    asked.add(address);
    const isReady = await probe(address, signal).catch(() => false);
    asked.delete(address);
    if (isReady && members().includes(address)) ready.add(address);
    else ready.delete(address);
  };
  const watch = async () => {
    for (;;) {
      const now = members();
      for (const address of ready) if (!now.includes(address)) ready.delete(address);
      for (const address of now) void ask(address);
      await clock.sleep(periodMs, signal);
    }
  };

  watch().catch(() => {}); // the signal's end is the only one
  return () => members().filter((address) => ready.has(address));
}
