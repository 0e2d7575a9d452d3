import type { Position } from "../galera/grastate.js";

/** `8b1f…:41`: enough to tell two clusters apart, short enough for a line about several members. */
export function shortPosition({ uuid, seqno }: Position): string {
  return `${uuid.slice(0, 4)}…:${seqno}`;
}

/** A wait or a hold, and what is known of everybody. */
export function withKnown(what: string, known: readonly string[]): string {
  return known.length === 0 ? what : `${what}; ${known.join(", ")}`;
}
