/*
 * Who has to be asked before anybody founds: rule 5 of docs/bootstrap.md.
 */
import { ordinalOf } from "../peers/identity.js";
import { isNewer, type Ledger, lineOf } from "./ledger.js";
import type { MemberState } from "./member.js";
import { answering, type Contact, type Observation } from "./observation.js";

/** The ledgers of all who answer, and mine. */
export function ledgersOf({ self, contacts }: Observation): Ledger[] {
  const states = [self, ...answering(contacts)];
  return states.flatMap(({ ledger }) => (isOfCluster(ledger) ? [ledger] : []));
}

/** A ledger of some cluster, and not only the note of a join that never came to anything. */
function isOfCluster(ledger: Ledger | undefined): ledger is Ledger {
  return ledger !== undefined && ledger.view.members.length > 0;
}

/** Those who have to be asked, by their names. */
export function electorate(
  o: Observation,
  newest: Ledger | undefined,
  ledgers: readonly Ledger[],
): readonly string[] {
  if (newest === undefined) return withoutLedger(o);
  const last = lastMembers(newest, ledgers);
  return hasForgetful(o, last) ? [...new Set([...last, ...withoutLedger(o)])] : last;
}

/**
 * Whether one of them has lost its disk: it may have been in a later component, and cannot tell, so
 * whoever else there may be is asked too.
 */
function hasForgetful({ self, contacts }: Observation, names: readonly string[]): boolean {
  return [self, ...answering(contacts)].some(
    ({ name, ledger }) => names.includes(name) && !isOfCluster(ledger),
  );
}

/**
 * The members of the newest primary component, by all ledgers that have it. A ledger without a founding
 * (of a cluster that was founded without us, or joined where no agent told) cannot be compared, nor one
 * of a founding that the newest does not know of (its founder knew no past), so their members are asked
 * too.
 */
function lastMembers(newest: Ledger, ledgers: readonly Ledger[]): readonly string[] {
  const known = new Set(newest.foundings.map(({ id }) => id));
  const others = ledgers.filter((one) => {
    const line = lineOf(one);
    return line === undefined || !known.has(line.id) || !isNewer(newest, one);
  });
  return [...new Set([newest, ...others].flatMap(({ view }) => view.members))];
}

/** Nobody remembers a cluster: all whom DNS names, and all of a StatefulSet up to the last of them. */
function withoutLedger({ named, self, replicas = 0 }: Observation): readonly string[] {
  const own = ordinalOf(self.name);
  // In order, nobody but ordinal 0 exists at first.
  const isAlone = replicas <= 1 && named.length === 1 && named[0] === self.name;
  if (own === undefined || isAlone) return named;
  const set = self.name.slice(0, -`${own}`.length);
  const last = Math.max(replicas - 1, ...named.map((name) => ordinalOf(name) ?? 0));
  const ordinals = Array.from({ length: last + 1 }, (_, ordinal) => `${set}${ordinal}`);
  return [...new Set([...ordinals, ...named])];
}

/** Its `run` or its server takes part. */
export function isAwake({ phase }: MemberState): boolean {
  return phase.kind !== "idle";
}

/** How it shows that somebody does not take part. */
export function silence(contact: Contact | undefined): string {
  if (contact === undefined) return "no DNS record";
  return contact.kind === "answers" ? "its agent is up, its server not started" : contact.what;
}
