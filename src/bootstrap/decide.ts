import { zeroUuid } from "../galera/grastate.js";
import { answered, listed, type PeerSet } from "../peers/peer-set.js";
import { describeEvidence, type Evidence } from "./evidence.js";

/** Who may found: `safe`, what configure-galera.sh did, or nobody. */
export type BootstrapMode = "safe" | "sole-peer" | "never";

/** All that a decision rests on. */
export interface Observation {
  readonly mode: BootstrapMode;
  readonly ordinal: number | undefined;
  readonly evidence: Evidence;
  /** An answer of DNS that names me. */
  readonly peers: PeerSet;
}

/** What to do now, and why, in words that stay the same as long as the reason does. */
export type Decision =
  | { readonly action: "found"; readonly why: string }
  | { readonly action: "join"; readonly why: string }
  /** Look again; `why` names what is waited for. */
  | { readonly action: "wait"; readonly why: string }
  /** Only a human may go on. */
  | { readonly action: "hold"; readonly why: string };

/**
 * Decides whether this member founds the cluster, joins it or waits. Joining can never make a second
 * cluster, since Galera itself finds out whether a primary component exists; founding can. So a
 * doubt is a wait, and no time-out turns a wait into founding.
 */
export function decide(observation: Observation): Decision {
  const { mode, evidence } = observation;
  if (evidence.kind === "unclustered" && mode !== "sole-peer") {
    return {
      action: "hold",
      why: `${describeEvidence(evidence)}, and joining would replace it: move it away to join, or start once with --bootstrap sole-peer, alone, to found a cluster from it`,
    };
  }
  const join = joinOthers(observation);
  if (join !== undefined) return join;
  switch (mode) {
    case "safe":
      return decideAlone(observation);
    case "sole-peer":
      return decideSole(observation);
    case "never":
      return {
        action: "wait",
        why: "another peer in DNS: --bootstrap never forbids this member to found",
      };
    default:
      return mode satisfies never;
  }
}

function decideSole({ evidence }: Observation): Decision {
  if (evidence.kind !== "interrupted" || evidence.by !== "sst") {
    return { action: "found", why: "I am the only peer in DNS" };
  }
  // configure-galera.sh founded here too, from half of a copy.
  return { action: "wait", why: waitAlone(describeEvidence(evidence)) };
}

function decideAlone({ ordinal, evidence, peers }: Observation): Decision {
  const obstacle = obstacleToFounding(ordinal, evidence);
  if (obstacle !== undefined) {
    return { action: "wait", why: waitAlone(obstacle) };
  }
  if (!peers.fresh) {
    const known = answered(peers.self).join(", ");
    const why = known
      ? `a fresh DNS answer: my own record has ${known}, which is not mine`
      : "a fresh DNS answer: this one came without my address, and nothing else proves its age";
    return { action: "wait", why };
  }
  return {
    action: "found",
    why: `${describeEvidence(evidence)}, and I am alone in a fresh DNS answer`,
  };
}

function waitAlone(obstacle: string): string {
  return `another peer in DNS: I am alone there, but ${obstacle}`;
}

function joinOthers({ peers }: Observation): Decision | undefined {
  if (peers.others.length === 0) return undefined;
  return { action: "join", why: `DNS names ${listed(peers.others.map(({ name }) => name))}` };
}

/** Why a member that is alone in DNS must not found; undefined if it may. */
function obstacleToFounding(ordinal: number | undefined, evidence: Evidence): string | undefined {
  switch (evidence.kind) {
    case "unclustered":
      return describeEvidence(evidence);
    case "position":
      if (!evidence.safeToBootstrap)
        return `${describeEvidence(evidence)}: another member left later`;
      if (evidence.uuid !== zeroUuid) return undefined;
      break; // Galera writes safe_to_bootstrap 1 before a first start, a joiner's too
    case "interrupted":
      if (evidence.by === "sst") return describeEvidence(evidence);
      break;
    case "empty":
      break;
    default:
      return evidence satisfies never;
  }
  if (ordinal === 0) return undefined;
  return `${describeEvidence(evidence)} and my name does not end in -0`;
}
