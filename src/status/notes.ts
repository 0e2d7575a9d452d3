/*
 * What does not fit into a table: a sentence for each member that something is to be said of. Pure.
 */
import { formatReceiving } from "../agent/transfer/words.js";
import { age } from "../system/age.js";
import type { MemberOverview } from "./overview.js";

/** Less of a pause is no news. */
const pausedFrom = 0.01;

/** What is to be said of a member; undefined where its row says it all. */
export function noteOf(member: MemberOverview): string | undefined {
  const facts = [
    member.agent === "answers" ? undefined : silence(member),
    waiting(member),
    receiving(member),
    leaving(member),
    unready(member),
    unasked(member),
    flowControl(member),
    member.liveness?.ok === false ? `is not alive: ${member.liveness.why}` : undefined,
    member.dnsProblem === null ? undefined : `looked in DNS in vain: ${member.dnsProblem}`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? undefined : facts.join("; ");
}

function silence({ agent, problem }: MemberOverview): string {
  return agent === "unproved" ? `is not believed: ${problem}` : `is silent: ${problem}`;
}

function waiting({ awaited }: MemberOverview): string | undefined {
  if (awaited === null) return undefined;
  const { what, forMs, held } = awaited;
  return held ? `is held: ${what}` : `has waited ${age(forMs)}: ${what}`;
}

function receiving({ transfer }: MemberOverview): string | undefined {
  if (transfer === null || transfer.stage === null || transfer.bytes === null) return undefined;
  const { stage, bytes, donor, bytesPerSecond, totalBytes } = transfer;
  return `is ${formatReceiving({
    ...{ role: "joiner", stage, bytes, donor: donor ?? undefined },
    bytesPerSecond: bytesPerSecond ?? undefined,
    totalBytes: totalBytes ?? undefined,
  })}`;
}

function leaving({ draining }: MemberOverview): string | undefined {
  switch (draining) {
    case "waiting":
      return "is draining, and waits for its turn to leave";
    case "leaving":
      return "is draining, and may leave now";
    case null:
      return undefined;
    default:
      return draining satisfies never;
  }
}

/** Who waits or starts is not ready anyhow. */
function unready({ phase, readiness, draining, awaited }: MemberOverview): string | undefined {
  if (phase !== "running" || draining !== null || awaited !== null) return undefined;
  if (readiness?.ok !== false) return undefined;
  return `is not ready: ${readiness.why}`;
}

/** The row has what the server told of itself last, and no position. */
function unasked({ phase, flowControl, readiness }: MemberOverview): string | undefined {
  const isBlind = phase === "running" && flowControl === null && readiness?.ok === true;
  return isBlind ? "gives its agent no answer by SQL" : undefined;
}

function flowControl({ flowControl }: MemberOverview): string | undefined {
  const { paused = null, receiveQueue = 0, sendQueue = 0 } = flowControl ?? {};
  if (paused === null || paused < pausedFrom) return undefined;
  const share = `replication was paused for ${Math.round(paused * 100)}% of the last 10 s`;
  return `${share} (${receiveQueue} write-sets to apply, ${sendQueue} to send)`;
}
