import { formatDuration } from "../system/duration.js";
import { type LabStatus, type MemberStatus, stateText } from "./status.js";

/** What has happened between two looks at a lab, a line each. */
export function progressLines(before: LabStatus | undefined, after: LabStatus): readonly string[] {
  const names = new Set([...(before?.members ?? []), ...after.members].map(({ name }) => name));
  return [...names].sort(byOrdinal).flatMap((name) => {
    const find = (status: LabStatus | undefined) =>
      status?.members.find((member) => member.name === name);
    return memberLines(find(before), find(after)).map((line) => `${name} ${line}`);
  });
}

function memberLines(
  before: MemberStatus | undefined,
  after: MemberStatus | undefined,
): readonly string[] {
  if (after === undefined || after.phase === "Pending") {
    return before === undefined || before.phase === "Pending" ? [] : ["stopped and removed"];
  }
  const lines = [];
  const recreated = after.incarnation !== before?.incarnation;
  const restarted = !recreated && after.restarts !== before.restarts;
  if (recreated) lines.push(`created, ${after.address}`);
  if (restarted) lines.push(`started again on its disk (restart ${after.restarts})`);
  if (after.readyAfterMs !== null && (recreated || restarted || before.readyAfterMs === null)) {
    const size = after.clusterSize === 1 ? "1 member" : `${after.clusterSize} members`;
    const took = formatDuration(after.readyAfterMs);
    lines.push(`ready ${took} after its start: ${stateText(after)}, cluster of ${size}`);
  }
  if (after.phase !== before?.phase) {
    if (after.phase === "BackOff") lines.push(`has ended: ${after.ended}`);
    if (after.phase === "Terminating") lines.push("stopping");
  }
  return lines;
}

function byOrdinal(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
