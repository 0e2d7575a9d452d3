import type { Clock } from "../../system/clock.js";
import { endOfFault, type FaultName, type Faults, isFaultName, readFault } from "./faults.js";
import { collect, readAddresses, readDuration, readLabel } from "./notation.js";
import type { FakeDns } from "./server.js";
import type { Member } from "./zone.js";

/** A change at a time after the start. */
export type TimelineEvent = { readonly atMs: number } & (
  | { readonly kind: "join"; readonly member: Member }
  | { readonly kind: "leave"; readonly name: string }
  | { readonly kind: "faults"; readonly faults: Partial<Faults> }
);

export interface Timeline {
  /** Who is there at the start: a member whose first event is to join is not. */
  readonly present: readonly Member[];
  /** By time; those of one moment as they were given. */
  readonly events: readonly TimelineEvent[];
}

/**
 * Reads events such as `+2s galera-1=127.0.7.2`, `-8s galera-0`, `+3s drop=0.5`, `-6s drop`: a sign
 * (comes or goes), a time after the start, a member or a fault. A member without an address has the
 * one it had before, or that of `known`.
 */
export function readTimeline(
  texts: readonly string[],
  known: readonly Member[],
  problems: string[],
): Timeline {
  const entries = texts
    .flatMap((text) => collect(problems, `--at "${text}"`, () => [readEntry(text)]) ?? [])
    .sort((a, b) => a.atMs - b.atMs);

  const addresses = new Map(known.map((member) => [member.name, member.addresses]));
  const first = new Map(entries.toReversed().map((entry) => [entry.subject, entry]));
  const events = entries.flatMap(
    (entry) => collect(problems, `--at "${entry.text}"`, () => [readEvent(entry, addresses)]) ?? [],
  );
  return { present: known.filter(({ name }) => first.get(name)?.sign !== "+"), events };
}

/** Lets the events happen, each at its time; ends after the last. */
export async function playTimeline(
  events: readonly TimelineEvent[],
  dns: FakeDns,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.now();
  for (const event of events) {
    await clock.sleep(Math.max(0, startMs + event.atMs - clock.now()), signal);
    applyEvent(event, dns);
  }
}

interface Entry {
  readonly text: string;
  readonly sign: "+" | "-";
  readonly atMs: number;
  readonly subject: string;
  readonly value: string | undefined;
}

function readEntry(text: string): Entry {
  const [, sign, time = "", subject = "", value] =
    /^([+-])(\S+)\s+([^\s=]+)(?:=(.+))?$/s.exec(text.trim()) ?? [];
  if (sign !== "+" && sign !== "-") {
    throw new Error(
      'not an event such as "+2s galera-1=127.0.7.2", "-8s galera-0", "+3s servfail"',
    );
  }
  if (sign === "-" && value !== undefined) throw new Error("what ends has no value: leave it out");
  return { text, sign, atMs: readDuration(time), subject, value };
}

function readEvent(entry: Entry, addresses: Map<string, readonly string[]>): TimelineEvent {
  const { atMs, sign, subject, value } = entry;
  if (isFaultName(subject)) return { atMs, kind: "faults", faults: faultChange(subject, entry) };

  const name = readLabel(subject);
  if (value !== undefined) addresses.set(name, readAddresses(value));
  const known = addresses.get(name);
  if (sign === "-") {
    if (known === undefined) throw new Error(`${name} is not there by then`);
    return { atMs, kind: "leave", name };
  }
  if (known === undefined) throw new Error(`${name} has no address: write ${name}=ADDRESS`);
  return { atMs, kind: "join", member: { name, addresses: known } };
}

function faultChange(name: FaultName, { sign, value }: Entry): Partial<Faults> {
  return sign === "+" ? readFault(name, value ?? true) : endOfFault(name);
}

function applyEvent(event: TimelineEvent, dns: FakeDns): void {
  const others = (name: string) => dns.members().filter((member) => member.name !== name);
  switch (event.kind) {
    case "join":
      dns.setMembers([...others(event.member.name), event.member]);
      break;
    case "leave":
      dns.setMembers(others(event.name));
      break;
    case "faults":
      dns.setFaults({ ...dns.faults(), ...event.faults });
      break;
    default:
      event satisfies never;
  }
}
