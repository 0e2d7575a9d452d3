/*
 * What happens in a lab, as it happens: a line of JSON each in the lab's directory, so that it can be
 * read when the lab is over.
 */
import { appendFileSync } from "node:fs";

export type EventKind =
  | "begun"
  | "created"
  | "started"
  | "ready"
  | "not-ready"
  | "galera"
  | "ended"
  | "killed"
  | "stopping"
  | "removed"
  | "paused"
  | "resumed"
  | "hook"
  | "signal"
  | "partition"
  | "dns"
  | "scaled"
  | "outage"
  | "over";

export interface LabEvent {
  /** Of the monotonic clock, which all processes of a machine share. */
  readonly atMs: number;
  /** The wall clock's time, in ISO 8601. */
  readonly time: string;
  readonly kind: EventKind;
  /** Which one; left out where it is about the lab as a whole. */
  readonly member?: string;
  /** For people. */
  readonly text: string;
  /** For programs: what it is about, by the kind. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What `up` and the commands that wait tell: enough to see that something goes on. */
export function isTold({ kind, data }: LabEvent): boolean {
  switch (kind) {
    case "created":
    case "stopping":
    case "removed":
      return true;
    case "started":
      return data?.restarts !== 0;
    case "ready":
      return data?.again !== true;
    case "ended":
      return data?.leaving !== true;
    default:
      return false;
  }
}

/** `galera-1 ready 1.5 s after its start` */
export function eventText({ member, text }: LabEvent): string {
  return member === undefined ? text : `${member} ${text}`;
}

/** The line of `lab events`: the time of day, and that since the lab has begun. */
export function eventLine(event: LabEvent, begunMs: number): string {
  const since = ((event.atMs - begunMs) / 1000).toFixed(1).padStart(7);
  return `${event.time.slice(11, 23)} ${since} s  ${eventText(event)}`;
}

export type Note = (
  kind: EventKind,
  text: string,
  about?: { readonly member?: string; readonly data?: Readonly<Record<string, unknown>> },
) => void;

export interface EventPorts {
  readonly clock: { now(): number };
  readonly now: () => Date;
}

/** Keeps events, in a file too, and tells whoever listens. */
export function createEvents(path: string, { clock, now }: EventPorts) {
  const events: LabEvent[] = [];
  const listeners = new Set<(event: LabEvent) => void>();
  const note: Note = (kind, text, about = {}) => {
    const event = { atMs: clock.now(), time: now().toISOString(), kind, text, ...about };
    events.push(event);
    appendFileSync(path, `${JSON.stringify(event)}\n`);
    for (const tell of listeners) tell(event);
  };
  return {
    note,
    all: (): readonly LabEvent[] => events,
    /** @returns what ends it */
    listen: (tell: (event: LabEvent) => void) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
  };
}

/** Reads the lines of the file; the last one may not be whole yet. */
export function readEvents(lines: readonly string[]): readonly LabEvent[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LabEvent);
}
