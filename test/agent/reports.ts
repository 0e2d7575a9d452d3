import type { Metrics } from "../../src/agent/metrics/metrics.js";
import type { Report } from "../../src/agent/report.js";
import type { MemberState, Running } from "../../src/bootstrap/member.js";
import { stateOf, synced, uuid } from "./members.js";

const members = ["galera-0", "galera-1", "galera-2"];
const view = { number: 3, members };

export const running: Running = {
  ...{ kind: "running", primary: true, status: "synced", view, seqno: 41n },
};

/** A member of three that is Synced and well. */
export const syncedState: MemberState = stateOf("galera-0", {
  phase: running,
  evidence: { kind: "position", uuid, seqno: 12n, safeToBootstrap: false, certain: true },
  ledger: {
    ...{ uuid, view, joining: undefined, discarded: [] },
    foundings: [{ epoch: 2, id: "0123456789abcdef", seqno: 12n }],
  },
});

const well = { ok: true, why: "all is well" };

export function syncedReport(rest: Partial<Report> = {}): Report {
  return {
    state: syncedState,
    ...{ peers: members, peersAgeMs: 500, dnsProblem: undefined, awaited: undefined },
    ...{ server: synced, denied: false, paused: 0, draining: undefined },
    transfer: undefined,
    ...{ startup: well, liveness: well, readiness: well },
    ...rest,
  };
}

/** An agent that has just begun: nothing is known. */
export function firstReport(rest: Partial<Report> = {}): Report {
  return syncedReport({
    ...{ state: stateOf("galera-0"), peers: [], peersAgeMs: undefined },
    ...{ server: undefined, paused: undefined },
    readiness: { ok: false, why: "no server has been started" },
    ...rest,
  });
}

/** Everything happens once that is counted. */
export function exercise(metrics: Metrics): void {
  const set = { peers: [], self: undefined, others: [], fresh: false };
  metrics.looked({ kind: "peers", set, ttlS: 5 }, 2);
  for (const because of ["unnamed", "empty", "failed"] as const) {
    metrics.looked({ kind: "awaiting", because, what: "DNS" }, 2000);
  }
  for (const action of ["found", "join", "wait", "hold", "bootstrap", "rest"] as const) {
    metrics.decided(action);
  }
  for (const hook of ["on-start", "on-change"] as const) {
    metrics.hookRan(hook, "success", 120);
    metrics.hookRan(hook, "failure", 30_000);
  }
}
