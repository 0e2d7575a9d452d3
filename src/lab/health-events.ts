import { formatDuration } from "../system/duration.js";
import type { Note } from "./events.js";
import type { GaleraStatus, Pod } from "./pod-life.js";

/** Tells what a look at a pod has shown anew. */
export function noteHealth(before: Pod, after: Pod, member: string, note: Note): void {
  const galera = galeraText(after.health.galera);
  if (galera !== undefined && galera !== galeraText(before.health.galera)) {
    note("galera", galera, { member, data: { ...after.health.galera } });
  }
  const { ready, why } = after.health;
  if (ready === before.health.ready) return;
  if (ready) {
    const again = before.readyAfterMs !== undefined;
    const took = again ? "again" : `${formatDuration(after.readyAfterMs ?? 0)} after its start`;
    const text = `ready ${took}${galera === undefined ? "" : `: ${galera}`}`;
    note("ready", text, { member, data: { again } });
  } else note("not-ready", `not ready${why === undefined ? "" : `: ${why}`}`, { member });
}

/** `Synced, cluster of 3 members` */
function galeraText(galera: GaleraStatus | undefined): string | undefined {
  if (galera === undefined) return undefined;
  const { state, primary, clusterSize } = galera;
  const size = clusterSize === 1 ? "1 member" : `${clusterSize} members`;
  return `${state}, ${primary ? "cluster" : "non-Primary component"} of ${size}`;
}
