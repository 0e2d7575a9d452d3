/*
 * One plain sentence about all members. Pure.
 */
import { listed } from "../peers/peer-set.js";
import type { MemberOverview } from "./overview.js";

export interface Verdict {
  /** `good`: every member is ready. `bad`: nothing says that clients are served safely. */
  readonly health: "good" | "impaired" | "bad";
  readonly text: string;
}

/** What is to be said of the cluster first. */
export function verdictOf(members: readonly MemberOverview[], dnsProblem: string | null): Verdict {
  const bad = (text: string): Verdict => ({ health: "bad", text });
  if (dnsProblem !== null) {
    const known =
      members.length === 0 ? "no member is known" : `last known members: ${names(members)}`;
    return bad(`DNS fails: ${dnsProblem}; ${known}`);
  }
  const states = () => counted(members.map(unreadyWord));
  if (members.every(({ agent }) => agent !== "answers"))
    return bad(`no agent answers: ${states()}`);
  const clusters = clustersOf(members);
  if (clusters.length > 1) return bad(`${several(clusters.length)} clusters: ${each(clusters)}`);
  const [component, ...others] = componentsOf(members);
  if (component === undefined) {
    const founders = members.filter(({ phase }) => phase === "founding");
    if (founders.length === 0) return bad(`no primary component: ${states()}`);
    return { health: "impaired", text: `${names(founders)} is founding the cluster` };
  }
  if (others.length > 0) {
    const all = [component, ...others].map((one) => ["", one] as const);
    return bad(`${several(all.length)} primary components: ${each(all)}`);
  }
  return ofComponent(members, component);
}

function ofComponent(
  members: readonly MemberOverview[],
  component: readonly MemberOverview[],
): Verdict {
  const rest = members.filter(({ readiness }) => readiness?.ok !== true);
  const ready = members.length - rest.length;
  const newest = Math.max(...component.map(({ view }) => view?.number ?? 0));
  const size = component.find(({ view }) => view?.number === newest)?.view?.members.length;
  const what = `${ready} of ${members.length} ready, one primary component`;
  if (rest.length === 0 && size === members.length) return { health: "good", text: what };
  const unready = rest.length === 0 ? "" : `; ${counted(rest.map(unreadyWord))}`;
  const text = `${what} of ${size}${unready}`;
  return { health: ready === 0 ? "bad" : "impaired", text };
}

/** How a member is, in a word: a phase of its start, or the state of its server. */
export function stateWord({ agent, phase, wsrepState, draining }: MemberOverview): string {
  if (agent !== "answers" || phase === null) return agent;
  if (draining !== null) return "draining";
  if (phase !== "running" || wsrepState === null) return phase;
  // Donor/Desynced; Joining: receiving State Transfer
  return wsrepState.toLowerCase().replace(/\W.*$/, "") || phase;
}

function unreadyWord(member: MemberOverview): string {
  const word = member.primary === false ? "non-primary" : stateWord(member);
  return word === "synced" ? "not ready" : word;
}

/** `2 waiting, 1 silent`. */
function counted(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)]
    .map(([word, all]) => `${all.length} ${word}`)
    .join(", ");
}

type Group = readonly [label: string, members: readonly MemberOverview[]];

/** `8b1f9d4e (galera-0, galera-1), 77aa0c1d (galera-2)`. */
function each(groups: readonly Group[]): string {
  return groups.map(([label, members]) => `${label} (${names(members)})`.trimStart()).join(", ");
}

function several(count: number): string {
  return count === 2 ? "two" : `${count}`;
}

function names(members: readonly MemberOverview[]): string {
  return listed(members.map(({ name }) => name));
}

/** The members by the cluster that their data belong to. */
function clustersOf(members: readonly MemberOverview[]): readonly Group[] {
  const uuidOf = ({ position, uuid }: MemberOverview) => position?.uuid ?? uuid ?? undefined;
  const known = members.filter((member) => uuidOf(member) !== undefined);
  return [...Map.groupBy(known, uuidOf)].map(([uuid, all]) => [`${uuid}`.slice(0, 8), all]);
}

/**
 * The primary components. Members answer at slightly different times: two are in the same one as long
 * as either's view has the other.
 */
function componentsOf(members: readonly MemberOverview[]): readonly (readonly MemberOverview[])[] {
  const isConnected = (one: MemberOverview, other: MemberOverview) =>
    one.view?.members.includes(other.name) || other.view?.members.includes(one.name);
  let components: (readonly MemberOverview[])[] = [];
  for (const member of members.filter(({ primary }) => primary)) {
    const isMine = (component: readonly MemberOverview[]) =>
      component.some((one) => isConnected(one, member));
    const mine = components.filter(isMine).flat();
    components = [...components.filter((one) => !isMine(one)), [...mine, member]];
  }
  return components;
}
