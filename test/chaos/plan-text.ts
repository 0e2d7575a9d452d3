/* A round's plan in one line, for people. */
import { faultsText, noFaults } from "../../src/lab/fake-dns/faults.js";
import type { Act, RoundPlan, Step, When } from "./plan.js";

/** `round 12, outage, Parallel, default time-outs: 0 s outage; 1.2 s pause 2; …` */
export function planText({ round, kinds, policy, failover, newCluster, steps }: RoundPlan): string {
  const lab = `${policy}, ${failover} time-outs${newCluster ? ", empty disks" : ""}`;
  return `round ${round}: ${kinds.join(" + ")} (${lab}): ${steps.map(stepText).join("; ")}`;
}

function stepText({ when, act }: Step): string {
  return `${whenText(when)} ${actText(act)}`;
}

function whenText(when: When): string {
  if (when.kind === "after") return `+${seconds(when.ms)}`;
  return `once one is ${when.role} +${seconds(when.thenMs)}`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function actText(act: Act): string {
  switch (act.kind) {
    case "kill-role":
      return `kill it (${act.container})`;
    case "kill":
      return `${act.signal} ${act.members} (${act.container})`;
    case "delete": {
      const grace = act.graceMs === undefined ? "" : `, grace ${seconds(act.graceMs)}`;
      return `delete ${act.members}${grace}`;
    }
    case "partition":
      return `cut off ${act.sides.map(String).join(" | ")}${act.node ? " with their nodes" : ""}`;
    case "dns":
      return `DNS ${faultsText({ ...noFaults, ...act.faults })}`;
    case "scale":
      return `scale ${act.replicas}`;
    case "heal":
      return "heal the network";
    case "outage":
      return "outage";
    default:
      return `${act.kind} ${act.members}`;
  }
}
