/** Members as `status` sees them, in few words. */
import type { Report } from "../../src/agent/report.js";
import { begun, type MemberState } from "../../src/bootstrap/member.js";
import type { Round, Sighting } from "../../src/status/overview.js";
import { synced } from "../agent/members.js";
import { at, connected, ledger, pods } from "../bootstrap/cluster.js";

export const service = "galera.default.svc.cluster.local";
const name = (ordinal: number) => `galera-${ordinal}`;

/** What an agent tells that has just come up, and what is otherwise. */
export function report(state: MemberState, patch: Partial<Report> = {}): Report {
  const why = `${state.phase.kind}: the server is in no component`;
  return {
    ...{ state, peers: [], peersAgeMs: undefined, dnsProblem: undefined, awaited: undefined },
    ...{ server: undefined, denied: false, paused: undefined, draining: undefined },
    transfer: undefined,
    startup: { ok: true, why: state.phase.kind },
    liveness: { ok: true, why: state.phase.kind },
    readiness: { ok: false, why },
    ...patch,
  };
}

function seen(ordinal: number, answer: Sighting["answer"], patch: Partial<Sighting>): Sighting {
  const addresses = [`10.244.${ordinal + 1}.17`];
  return { name: name(ordinal), named: true, addresses, answer, ...patch };
}

export function tells(
  ordinal: number,
  state: Partial<MemberState>,
  patch: Partial<Report> = {},
  sighting: Partial<Sighting> = {},
): Sighting {
  const told = report({ ...begun(name(ordinal), `agent-${ordinal}`, undefined), ...state }, patch);
  return seen(ordinal, { kind: "told", told }, sighting);
}

/** Synced and ready, in the primary component of so many members, or of these. */
export function serves(
  ordinal: number,
  members: number | readonly string[] = 3,
  patch: Partial<Report> = {},
  state: Partial<MemberState> = {},
): Sighting {
  const all = typeof members === "number" ? pods(members) : members;
  const phase = connected(true, 41, all);
  const server = { ...synced, clusterSize: all.length, lastCommitted: 41n };
  const readiness = { ok: true, why: "Synced in the primary component" };
  const own = { phase, evidence: at(7), ledger: ledger(all), ...state };
  return tells(ordinal, own, { server, readiness, paused: 0, ...patch });
}

/** Its start waits with data at this position. */
export function waits(ordinal: number, seqno: number, what: string, forMs = 190_000): Sighting {
  const state = { phase: { kind: "waiting" }, evidence: at(seqno), ledger: ledger(3) } as const;
  return tells(ordinal, state, { awaited: { what, forMs, held: false } });
}

export function mute(
  ordinal: number,
  what = "its agent: connection refused",
  patch: Partial<Sighting> = {},
): Sighting {
  return seen(ordinal, { kind: "silent", what, absent: true }, patch);
}

/** Only a view names it. */
export function unnamed(ordinal: number): Sighting {
  return mute(ordinal, "no DNS record", { named: false, addresses: [] });
}

export function unproved(ordinal: number): Sighting {
  const what = "its agent has no GALERA_AGENT_KEY, and I have one";
  return seen(ordinal, { kind: "silent", what, absent: false, unproved: true }, {});
}

export function round(sightings: readonly Sighting[], dnsProblem?: string): Round {
  return { service, dnsProblem, sightings };
}
