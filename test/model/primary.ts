/*
 * How a component becomes primary, and what its members are told then.
 */
import { type Connected, component, highestNumber, leading, meeting } from "./galera.js";
import { intern } from "./intern.js";
import { founding } from "./invariants.js";
import type { Context } from "./steps.js";
import {
  type Component,
  type Disk,
  type History,
  type Member,
  nameOf,
  noWrites,
  type Server,
  uuidOf,
  type World,
  withMember,
  writesIn,
} from "./world.js";

const statusNames = {
  ...{ fresh: "joining", joining: "joining", behind: "joining", sst: "joining" },
  synced: "synced",
};

/** The member's server is in this component now: its agent and its ledger learn of it. */
export function told(member: Member, index: number, server: Server, { rules, setup }: Context) {
  const { component: view, uuid, status } = server;
  const members = view.servers.map((id) => nameOf(id % 16));
  const news = {
    ...{ uuid: uuidOf(uuid), primary: view.primary, status: statusNames[status] },
    view: { number: view.number, members },
  };
  // `notify` writes the ledger also where no agent runs.
  const agent = member.agent ?? rules.begun(nameOf(index), "none", member.ledger);
  const state = intern(rules.inComponent(agent, news));
  const lags = setup.kinds.includes("save");
  const ledger = lags ? member.ledger : state.ledger && intern(state.ledger);
  const patch = { server: intern(server), ledger };
  return member.agent === undefined ? patch : { ...patch, agent: state };
}

/** A server in another component than before. */
export function moved(
  world: World,
  { index }: Connected,
  next: Component,
  patch: Partial<Server>,
  context: Context,
): World {
  const member = world.members[index];
  if (member?.server === undefined) return world;
  const lastPrimary = next.primary ? next : member.server.lastPrimary;
  const server = { ...member.server, lastPrimary, component: next, ...patch };
  const safe = next.primary ? next.servers.length === 1 : member.disk.safe;
  // A view is applied, and told, after the writes before it (replicator_smm.cpp drains them).
  const { received, status } = member.server;
  const history = status === "synced" ? received : member.disk.history;
  const disk: Disk = intern({ ...member.disk, history, clean: false, safe });
  return withMember(world, index, { disk, ...told(member, index, server, context) });
}

function founder(i: number, member: Member, uuid: number, received: History): Partial<Member> {
  const servers = member.servers + 1;
  const id = i + 16 * servers;
  const alone = component(true, 1, [id]);
  const status = "synced" as const;
  const server = { id, uuid, received, status, component: alone, lastPrimary: alone };
  const disk: Disk = intern({
    ...{ kind: "data", uuid, history: received, clean: false, safe: true, marked: false },
  });
  return { run: "server", servers, server: intern(server), disk };
}

function founded(world: World, i: number, patch: Partial<Member>, context: Context): World {
  const started = withMember(world, i, patch);
  const member = started.members[i];
  if (member?.server === undefined) return started;
  return withMember(started, i, told(member, i, member.server, context));
}

/** `--wsrep-new-cluster` on data; what looks like data and is half a copy has nothing for sure. */
export function foundedOnData(world: World, i: number, context: Context): World | undefined {
  const member = world.members[i];
  if (member === undefined) return undefined;
  const { kind, uuid, history } = member.disk;
  const whole = kind === "half" ? noWrites : history;
  const next = founded(world, i, founder(i, member, uuid, whole), context);
  return founding(next, i, whole, "--wsrep-new-cluster", context);
}

/** A new cluster: first the datadir is made, then the server gives it a uuid. */
export function foundedAnew(world: World, i: number, context: Context): World | undefined {
  const member = world.members[i];
  if (member === undefined) return undefined;
  if (member.disk.kind !== "init") {
    const disk: Disk = intern({ ...member.disk, kind: "init", history: noWrites, marked: false });
    return withMember(world, i, { disk });
  }
  const uuid = world.clusters + 1;
  const next = founded(world, i, founder(i, member, uuid, noWrites), context);
  return founding({ ...next, clusters: uuid }, i, noWrites, "a new cluster", context);
}

/** All of a group are one primary component now, on the history of those that it goes on from. */
export function madePrimary(
  world: World,
  group: readonly Connected[],
  how: "pc.bootstrap" | Component,
  context: Context,
): World {
  const past = how === "pc.bootstrap" ? undefined : how;
  const sources = group.filter(
    ({ server }) =>
      server.status === "synced" &&
      (past === undefined ? server.lastPrimary !== undefined : server.lastPrimary === past),
  );
  const lead = leading(sources);
  if (lead === undefined) return world;
  const staying = group.filter(
    ({ server }) => meeting(server, lead.uuid, lead.received) !== "aborts",
  );
  const number = highestNumber(staying) + 1;
  const ids = staying.map(({ server }) => server.id);
  const next = component(true, number, ids);
  const leaving = group.filter((one) => !staying.includes(one));
  let result = leaving.reduce(
    (now, { index }) => withMember(now, index, { server: undefined, run: "none" }),
    world,
  );
  for (const one of staying) {
    const kind = meeting(one.server, lead.uuid, lead.received);
    if (kind === "wiped") result = wiped(result, one, lead.received);
    const fresh = one.server.status === "fresh";
    const stays = one.server.status === "joining" || one.server.status === "sst";
    const status =
      kind === "same" ? "synced" : fresh ? "joining" : stays ? one.server.status : "behind";
    const patch = kind === "wiped" || kind === "sst" ? { uuid: lead.uuid, received: noWrites } : {};
    result = moved(result, one, next, { ...patch, status }, context);
  }
  const [any] = sources;
  const means = past ? "quorum" : "pc.bootstrap";
  return any ? founding(result, any.index, lead.received, means, context) : result;
}

/** The joiner's data are replaced: whatever only they held is gone. */
function wiped(world: World, { index, member }: Connected, history: History): World {
  const gone = writesIn(member.disk.history) & world.precious & ~writesIn(history);
  if (gone === 0) return world;
  if (world.blind & (1 << index)) {
    // Only after a forced founding can the cluster lack them, and here nobody could tell of it.
    return { ...world, exempt: "a member joined one whose agent could not be asked" };
  }
  return { ...world, violation: `S3: joining replaces acknowledged writes of galera-${index}` };
}
