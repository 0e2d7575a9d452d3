/*
 * Steps of the servers: views, state transfer, clients' writes.
 */
import { component, connectedTo, highestNumber, meeting, quorumOf, whole } from "./galera.js";
import { intern } from "./intern.js";
import { madePrimary, moved, told } from "./primary.js";
import type { Apply } from "./steps.js";
import { append, type Disk, type Server, type World, withMember } from "./world.js";

/** The servers that reach each other agree on a new view. */
const regroup: Apply = (world, i, _, context) => {
  const own = world.members[i]?.server;
  if (own === undefined) return undefined;
  const group = connectedTo(world, i);
  const isSettled =
    group.length === own.component.servers.length &&
    group.every(({ server }) => server.component === own.component);
  if (isSettled) return undefined;
  const from = quorumOf(group, context.setup);
  if (from !== undefined) return madePrimary(world, group, from, context);
  const next = component(
    false,
    highestNumber(group),
    group.map(({ server }) => server.id),
  );
  return group.reduce((now, one) => {
    const { status, lastPrimary } = one.server;
    // A state transfer ends with the primary component, and the joiner with it.
    if (status === "joining" || status === "sst") {
      return withMember(now, one.index, { server: undefined, run: "none" });
    }
    if (lastPrimary !== undefined) return moved(now, one, next, {}, context);
    return withMember(now, one.index, { server: intern({ ...one.server, component: next }) });
  }, world);
};

/** A joiner finds no primary component and gives up. */
const end: Apply = (world, i) => {
  const member = world.members[i];
  if (member?.server?.status !== "fresh") return undefined;
  if (connectedTo(world, i).some(({ server }) => server.component.primary)) return undefined;
  // Nobody has met this server: the next one may have its number.
  const servers = member.servers - 1;
  return withMember(world, i, { server: undefined, run: "none", servers });
};

/** IST (0), or the beginning of an SST with (1) or without (2) a marker in the datadir. */
const transfer: Apply = (world, i, j, context) => {
  const group = whole(world, i);
  const donor = group?.find(({ server }) => server.status === "synced")?.server;
  const member = world.members[i];
  if (donor === undefined || member?.server === undefined) return undefined;
  const { server, disk } = member;
  if (server.status !== "joining" && server.status !== "behind") return undefined;
  if (j === 0) {
    const fits = disk.kind === "data" && disk.uuid === donor.uuid;
    const kind = meeting(server, donor.uuid, donor.received);
    if (!fits || (kind !== "same" && kind !== "behind")) return undefined;
    return synced(world, i, donor, context);
  }
  if (server.status !== "joining") return undefined;
  // `--wsrep-recover` prints the donor's position from half of its data.
  const { uuid, received: history } = donor;
  const half: Disk = intern({ ...disk, kind: "half", uuid, history, marked: j === 1 });
  const receiving: Server = intern({ ...server, status: "sst" });
  return withMember(world, i, { disk: half, server: receiving });
};

/** An SST comes to its end. */
const finish: Apply = (world, i, _, context) => {
  const donor = whole(world, i)?.find(({ server }) => server.status === "synced")?.server;
  if (donor === undefined || world.members[i]?.server?.status !== "sst") return undefined;
  return synced(world, i, donor, context);
};

const synced = (world: World, i: number, donor: Server, context: Parameters<Apply>[3]) => {
  const member = world.members[i];
  if (member?.server === undefined) return undefined;
  const { uuid, received } = donor;
  const server: Server = { ...member.server, uuid, received, status: "synced" };
  const disk: Disk = intern({
    ...{ kind: "data", uuid, history: received, clean: false, safe: false, marked: false },
  });
  return withMember(world, i, { disk, ...told(member, i, server, context) });
};

/** A client is told that its write is safe; the others have applied it (0), or only received it (1). */
const write: Apply = (world, i, j, { setup }) => {
  const group = whole(world, i);
  const writer = world.members[i]?.server;
  if (group === undefined || writer?.status !== "synced" || !writer.component.primary) return;
  if (world.writes >= setup.writes || (j === 1 && group.length === 1)) return undefined;
  const history = append(writer.received, world.writes);
  const bit = 1 << world.writes;
  const next = group.reduce((now, { index, member, server }) => {
    if (server.status !== "synced") return now;
    const applied = j === 0 || index === i;
    const disk = applied ? intern({ ...member.disk, history }) : member.disk;
    return withMember(now, index, { disk, server: intern({ ...server, received: history }) });
  }, world);
  const acked = world.acked | bit;
  return { ...next, writes: world.writes + 1, acked, precious: world.precious | bit };
};

/** A replica applies what it has received. */
const flush: Apply = (world, i) => {
  const member = world.members[i];
  if (member?.server?.status !== "synced") return undefined;
  const { received: history } = member.server;
  if (member.disk.history === history) return undefined;
  return withMember(world, i, { disk: intern({ ...member.disk, history }) });
};

export const serverSteps = { regroup, end, transfer, finish, write, flush };
