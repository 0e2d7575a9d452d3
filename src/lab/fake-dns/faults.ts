import { readDuration, readFraction } from "./notation.js";

/** How the server misbehaves. Where several apply: drop, then servfail, then nxdomain, then truncate. */
export interface Faults {
  /** A change of the members shows in answers only this much later. */
  readonly lagMs: number;
  /** Every answer leaves this much later. */
  readonly delayMs: number;
  /** The part of the queries that gets no answer, 0 to 1, spread evenly: 0.5 is every second one. */
  readonly drop: number;
  /** Every answer is SERVFAIL, as before CoreDNS's caches have synced. */
  readonly servfail: boolean;
  /** Every name in the zone is unknown. */
  readonly nxdomain: boolean;
  /** Every answer over UDP is empty and truncated. */
  readonly truncate: boolean;
  /** Answers keep the members of the moment when this began. */
  readonly stale: boolean;
}

export const noFaults: Faults = {
  lagMs: 0,
  delayMs: 0,
  drop: 0,
  servfail: false,
  nxdomain: false,
  truncate: false,
  stale: false,
};

/** `lag=200ms drop=0.5 stale`: the faults at work, or `none`. */
export function faultsText({ lagMs, delayMs, drop, ...switches }: Faults): string {
  const texts = [
    lagMs > 0 && `lag=${lagMs}ms`,
    delayMs > 0 && `delay=${delayMs}ms`,
    drop > 0 && `drop=${drop}`,
    ...Object.entries(switches).map(([name, on]) => on && name),
  ];
  return texts.filter((text) => text !== false).join(" ") || "none";
}

const faultKeys = {
  lag: "lagMs",
  delay: "delayMs",
  drop: "drop",
  servfail: "servfail",
  nxdomain: "nxdomain",
  truncate: "truncate",
  stale: "stale",
} as const;
export type FaultName = keyof typeof faultKeys;

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faultKeys, text);
}

/**
 * A fault as users write it: `lag` and `delay` with a duration, `drop` with a fraction or alone for
 * all, the others alone.
 *
 * @param value what stands behind the name; true if nothing does
 */
export function readFault(name: FaultName, value: string | boolean): Partial<Faults> {
  if (value === false) return endOfFault(name);
  switch (name) {
    case "lag":
    case "delay":
      if (value === true) throw new Error(`${name} needs a duration such as 200ms`);
      return { [faultKeys[name]]: readDuration(value) };
    case "drop":
      return { drop: value === true ? 1 : readFraction(value) };
    default:
      if (value !== true) throw new Error(`${name} is true or false, not "${value}"`);
      return { [name]: true };
  }
}

/** What sets a fault back. */
export function endOfFault(name: FaultName): Partial<Faults> {
  const key = faultKeys[name];
  return { [key]: noFaults[key] };
}
