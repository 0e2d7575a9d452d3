import { type Choice, elect } from "./elect.js";
import { describeEvidence, type Evidence, isData } from "./evidence.js";
import { decideJoin, newestPrimary } from "./join.js";
import { epochOf, type Founding, type Ledger } from "./ledger.js";
import type { MemberState, Running } from "./member.js";
import { answering, type Observation } from "./observation.js";

/** What to do now, and why, in words that stay the same as long as the reason does. */
export type Decision = {
  readonly why: string;
  /** The member that gets my vote. */
  readonly elects?: MemberState;
} & (
  | { readonly action: "found"; readonly epoch: number; readonly past?: readonly Founding[] }
  | { readonly action: "join"; readonly cluster: Ledger | undefined; readonly discard?: number }
  /** Look again; `why` names what is waited for. `stops`: my server has to end first.
   * `hint`: what a human can do about a wait that does not end. */
  | { readonly action: "wait"; readonly stops?: boolean; readonly hint?: string }
  /** Only a human may go on. `own`: whatever the others say. `about`: `why`, without what changes
   * while the reason does not. */
  | { readonly action: "hold"; readonly own?: true; readonly about?: string }
  /** My server makes the component that it is in primary (`pc.bootstrap`). */
  | {
      readonly action: "bootstrap";
      readonly epoch: number;
      readonly past?: readonly Founding[];
      readonly running: Running;
    }
  /** Nothing is to be decided. */
  | { readonly action: "rest" }
);

/**
 * Decides whether this member founds the cluster, joins it or waits. Joining can never make a second
 * cluster, since Galera itself finds out whether a primary component exists; founding can. So a
 * doubt is a wait, and no time-out turns a wait into founding. docs/bootstrap.md has the rules.
 */
export function decide(o: Observation): Decision {
  const { phase, evidence } = o.self;
  if (phase.kind === "running") return decideRunning(o, phase);
  if (phase.kind !== "waiting" || evidence === undefined) {
    return { action: "rest", why: "no start of a server waits for a decision" };
  }
  const primary = newestPrimary(o.contacts);
  const isAlone = o.named.every((name) => name === o.self.name) && primary === undefined;
  const mayFound = o.mode === "sole-peer" && isAlone;
  const obstacle = mayFound ? undefined : ownObstacle(evidence, o.self.ledger);
  if (obstacle !== undefined) return { action: "hold", own: true, why: obstacle };

  if (primary !== undefined) return decideJoin(o, evidence, primary);
  if (o.mode === "sole-peer") return decideSole(o, evidence);
  if (evidence.kind === "unrecovered") {
    return { action: "wait", why: "my position, which a start recovers from InnoDB" };
  }
  const busy = othersBusy(o);
  if (busy !== undefined) return { action: "wait", why: busy };
  return act(o, elect(o));
}

function act({ mode, contacts, named, self }: Observation, choice: Choice): Decision {
  if (mode === "never" && "candidate" in choice && choice.candidate.name === self.name) {
    return { action: "wait", why: "another member to found: --bootstrap never forbids it to me" };
  }
  switch (choice.kind) {
    case "me":
      return {
        ...{ action: "found", why: choice.why, epoch: choice.epoch, past: choice.past },
        elects: choice.candidate,
      };
    case "candidate":
      return { action: "wait", why: choice.why, elects: choice.candidate };
    case "silent": {
      const present = named.find((name) => contacts.get(name)?.kind === "present");
      if (present === undefined) return { action: "wait", why: choice.why, hint: choice.hint };
      // Whether there is a primary component, Galera finds out itself.
      const why = `${present} has Galera's port open, and no agent answers there (if that has died, end its server)`;
      return { action: "join", cluster: undefined, why };
    }
    case "nobody":
      return { action: "wait", why: choice.why };
    case "human":
      return { action: "hold", why: choice.why };
    default:
      return choice satisfies never;
  }
}

/** What in my own datadir only a human can settle. */
export function ownObstacle(evidence: Evidence, ledger: Ledger | undefined): string | undefined {
  if (evidence.kind === "unclustered") {
    return `${describeEvidence(evidence)}, and joining would replace it: move it away to join, or start once with --bootstrap sole-peer, alone, to found a cluster from it`;
  }
  if (!isData(evidence) || ledger?.uuid === undefined || ledger.uuid === evidence.uuid) {
    return undefined;
  }
  return `${describeEvidence(evidence)}, and my ledger is that of cluster ${ledger.uuid}: one of the two is not mine; move the datadir or the ledger away`;
}

/** Rule 3: somebody is on the way to a primary component already. */
function othersBusy({ contacts }: Observation): string | undefined {
  for (const { name, phase } of answering(contacts)) {
    if (phase.kind === "founding") return `${name}, which is founding the cluster`;
    if (phase.kind === "joining") return `${name}, which is joining`;
  }
  return undefined;
}

/** What configure-galera.sh did, but for half of a copy. */
function decideSole({ named, self }: Observation, evidence: Evidence): Decision {
  const others = named.filter((name) => name !== self.name);
  if (others.length > 0) {
    return { action: "join", cluster: undefined, why: `DNS names ${others.join(", ")}` };
  }
  if (evidence.kind !== "interrupted" || evidence.by !== "sst") {
    const epoch = epochOf(self.ledger) + 1;
    return { action: "found", epoch, why: "I am the only peer in DNS" };
  }
  return {
    action: "wait",
    why: `another peer in DNS: I am alone there, but ${describeEvidence(evidence)}`,
  };
}

/** A server that runs: what is left to decide is how a component becomes primary again. */
function decideRunning(o: Observation, phase: Running): Decision {
  if (phase.primary) return { action: "rest", why: "my server is in the primary component" };
  const primary = newestPrimary(o.contacts);
  if (primary !== undefined) {
    const why = `my server to reach the primary component, which ${primary.name} is in`;
    return { action: "wait", why };
  }
  if (o.mode !== "safe") return { action: "wait", why: "a primary component" };
  const busy = othersBusy(o);
  if (busy !== undefined) return { action: "wait", why: busy };
  const choice = elect(o);
  // A server that runs joins nobody: it meets who is present by itself.
  if (choice.kind === "silent") return { action: "wait", why: choice.why };
  if (choice.kind === "nobody") {
    const stops = choice.stopping?.includes(o.self.name) ?? false;
    return { action: "wait", why: choice.why, stops };
  }
  if (choice.kind !== "me") return act(o, choice);
  const apart = answering(o.contacts)
    .filter((other) => other.phase.kind === "running" && !phase.view.members.includes(other.name))
    .map(({ name }) => name);
  if (apart.length === 0) {
    const { why, epoch, past, candidate: elects } = choice;
    return { action: "bootstrap", why, epoch, past, elects, running: phase };
  }
  // They could become primary without me, by themselves.
  const why = `my server to be connected to that of ${apart.join(", ")}`;
  return { action: "wait", why, elects: choice.candidate };
}
