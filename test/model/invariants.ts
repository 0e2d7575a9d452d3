/*
 * What must never happen.
 */
import { whole } from "./galera.js";
import type { Context } from "./steps.js";
import { type History, type World, writesIn } from "./world.js";

/** A primary component has come to be: S1 and S2. */
export function founding(
  world: World,
  index: number,
  history: History,
  how: string,
  { setup }: Context,
): World {
  if (world.violation !== undefined) return world;
  if (isUnheard(world, index)) {
    return { ...world, exempt: "members that never heard of a forced founding found without it" };
  }
  const uuid = world.members[index]?.server?.uuid;
  const others = world.members.flatMap(({ disk, created }, at) =>
    created && disk.kind === "data" && disk.uuid !== uuid ? [`galera-${at}`] : [],
  );
  if (how === "a new cluster" && others.length > 0) {
    // Without GALERA_REPLICAS and in order, an empty galera-0 that is alone in DNS is the first.
    const founder = world.members[index];
    const isAlone = founder?.contacts.every((one) => one === undefined);
    // Where no look is a step of its own, DNS is asked in the decision.
    const isFresh = founder?.named === 0 || (founder?.named === 1 << index && founder.fresh);
    const seesAlone = isAlone && isFresh;
    if (setup.replicas === undefined && index === 0 && world.lost & 1 && seesAlone) {
      return { ...world, exempt: "the disk of galera-0 is lost, and it comes back first" };
    }
    if (world.members[index]?.forces && world.lost & (1 << index)) {
      return { ...world, exempt: "a token to found was used after the loss of the disk" };
    }
    const violation = `S1: galera-${index} made a second cluster beside the data of ${others.join(", ")}`;
    return { ...world, violation };
  }
  const missing = world.acked & ~writesIn(history);
  if (missing === 0) return world;
  const holders = world.members.filter(({ disk }) => writesIn(disk.history) & missing);
  if (world.lost && setup.replicas === undefined && holders.every(({ agent }) => !agent)) {
    return { ...world, exempt: "a lost disk was all that told of a member that DNS does not name" };
  }
  const violation = `S2: galera-${index} is primary by ${how} without acknowledged writes`;
  return { ...world, violation };
}

/** A token was used, for a member that those who found now need not ask. */
function isUnheard({ members }: World, index: number): boolean {
  const known = new Set(members[index]?.ledger?.foundings.map(({ id }) => id));
  return members.some(({ forces, ledger }) => {
    const founding = ledger?.foundings.find(({ epoch }) => epoch === forces);
    return founding !== undefined && !known.has(founding.id);
  });
}

/** Two components that could both take writes now. */
export function splitBrain(world: World): string | undefined {
  if (world.exempt !== undefined) return undefined;
  let first: unknown;
  for (const [index, { server }] of world.members.entries()) {
    if (server?.status !== "synced" || !server.component.primary) continue;
    if (server.component === first) continue;
    if (whole(world, index) === undefined) continue;
    if (first !== undefined) return "S1: two primary components take writes";
    first = server.component;
  }
  return undefined;
}

/** Acknowledged writes that no disk and no server has any more were lost with a disk. */
export function withoutLost(world: World): World {
  const left = world.members.reduce(
    (bits, { disk, server }) =>
      bits |
      (disk.kind === "half" ? 0 : writesIn(disk.history)) |
      (server === undefined ? 0 : writesIn(server.received)),
    0,
  );
  const acked = world.acked & left;
  const precious = world.precious & left;
  return { ...world, acked, precious };
}
