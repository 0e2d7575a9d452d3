/*
 * Steps that go wrong, and those of humans. Each takes from a budget; what mends is free.
 */
import { epochOf } from "../../src/bootstrap/ledger.js";
import { component, whole } from "./galera.js";
import { intern } from "./intern.js";
import { withoutLost } from "./invariants.js";
import { moved } from "./primary.js";
import { blankDisk } from "./setup.js";
import type { Apply, Context } from "./steps.js";
import { type Disk, type Member, nameOf, type World, withMember } from "./world.js";

const gone: Partial<Member> = { run: "none", server: undefined, bootstraps: false };
const podGone = (member: Member): Partial<Member> => ({
  ...gone,
  ...{ agent: undefined, named: 0, fresh: false },
  contacts: member.contacts.map(() => undefined),
});

const cost = (world: World): World | undefined =>
  world.faults === 0 ? undefined : { ...world, faults: world.faults - 1 };

/** The whole pod is killed. */
const crash: Apply = (world, i) => {
  const member = world.members[i];
  if (member === undefined || (member.agent === undefined && member.run === "none"))
    return undefined;
  const paid = cost(world);
  return paid && withoutLost(withMember(paid, i, podGone(member)));
};

/** `run` or the server is killed, and the agent is not. */
const kill: Apply = (world, i) => {
  const member = world.members[i];
  if (member === undefined || member.run === "none") return undefined;
  const paid = cost(world);
  return paid && withoutLost(withMember(paid, i, gone));
};

/** The agent is restarted, and `run` or the server goes on. */
const restart: Apply = (world, i, _, { rules }) => {
  const member = world.members[i];
  const paid = cost(world);
  if (paid === undefined || member?.agent === undefined) return undefined;
  const agents = member.agents + 1;
  const forces = member.forces === 0 ? undefined : member.forces;
  const agent = intern(rules.begun(nameOf(i), `i${agents}`, member.ledger, forces));
  // What was decided for a running server is forgotten; `run` does itself what it was told.
  return withMember(paid, i, {
    ...{ agents, agent, bootstraps: false, named: 0, fresh: false },
    contacts: member.contacts.map(() => undefined),
  });
};

/** The agent of a running server is gone, and stays away until the next restart. */
const mute: Apply = (world, i) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.server === undefined) return undefined;
  const paid = cost(world);
  return (
    paid && withMember(paid, i, { ...podGone(member), run: member.run, server: member.server })
  );
};

/** It comes back. */
const revive: Apply = (world, i, _, { rules }) => {
  const member = world.members[i];
  if (member === undefined || member.agent !== undefined || member.server === undefined) return;
  const agents = member.agents + 1;
  const agent = intern(rules.begun(nameOf(i), `i${agents}`, member.ledger));
  return withMember(world, i, { agents, agent });
};

/** The pod of a server that has ended in order. */
function stopped(member: Member, safe: boolean): Partial<Member> {
  const { disk, server } = member;
  if (server === undefined || (server.status !== "synced" && server.status !== "behind")) {
    return podGone(member);
  }
  const history = server.status === "synced" ? server.received : disk.history;
  return { ...podGone(member), disk: intern({ ...disk, history, clean: true, safe } as Disk) };
}

/** A clean stop: those who stay agree on a view without the member at once. */
const stop: Apply = (world, i, _, context) => {
  const member = world.members[i];
  if (member?.server === undefined) return undefined;
  const paid = cost(world);
  return paid && leave(paid, i, member, context);
};

/** A member's server has ended in order: the others of its component agree on one without it. */
export function leave(
  world: World,
  i: number,
  member: Member,
  context: Context,
  stays: Partial<Member> = {},
): World {
  const group = whole(world, i);
  const ended = stopped(member, group?.length === 1 && member.disk.safe);
  const left = withMember(world, i, { ...ended, ...stays });
  if (group === undefined || group.length === 1) return left;
  const own = group.find(({ index }) => index === i)?.server;
  if (own === undefined || own.status === "fresh") return left;
  const others = group.filter(({ index }) => index !== i);
  // Joiners alone keep no primary component.
  const primary = own.component.primary && others.some(({ server }) => server.status === "synced");
  const number = own.component.number + (primary ? 1 : 0);
  const next = component(
    primary,
    number,
    others.map(({ server }) => server.id),
  );
  return others.reduce((now, one) => {
    const breaks = one.server.status === "joining" || one.server.status === "sst";
    if (!primary && breaks) return withMember(now, one.index, gone);
    if (one.server.lastPrimary === undefined) return now;
    return moved(now, one, next, {}, context);
  }, left);
}

/** Two members are stopped at the same moment: who stays has lost the quorum. */
const stopTwo: Apply = (world, i, j) => {
  const [one, other] = [world.members[i], world.members[j]];
  if (i > j || one?.server === undefined || other?.server === undefined) return undefined;
  const paid = cost(world);
  return paid && withMember(withMember(paid, i, stopped(one, false)), j, stopped(other, false));
};

/** A member is scaled away for good; its volume stays. */
const remove: Apply = (world, i, _, context) => {
  const member = world.members[i];
  const group = whole(world, i);
  if (member?.server?.status !== "synced" || !member.server.component.primary) return undefined;
  const stays = group?.some(({ index, server }) => index !== i && server.status === "synced");
  if (!stays) return undefined;
  const paid = cost(world);
  return paid && withMember(leave(paid, i, member, context), i, { created: false });
};

const isolate: Apply = (world, i) => {
  const isShared = world.net.some((one, index) => index !== i && one === world.net[i]);
  const paid = cost(world);
  if (paid === undefined || !isShared) return undefined;
  return { ...paid, net: world.net.map((one, index) => (index === i ? i + 1 : one)) };
};

/** A member comes into reach of another, and of no more than that one reaches. */
const meet: Apply = (world, i, j) => {
  if (world.net[i] === world.net[j]) return undefined;
  return { ...world, net: world.net.map((one, at) => (at === i ? (world.net[j] ?? 0) : one)) };
};

const heal: Apply = (world) =>
  world.deaf === 0 && world.net.every((one) => one === world.net[0])
    ? undefined
    : { ...world, deaf: 0, net: world.net.map(() => 0) };

/** Only the agent's port is cut off. */
const deafen: Apply = (world, i) => {
  const paid = cost(world);
  if (paid === undefined || world.deaf & (1 << i)) return undefined;
  return { ...paid, deaf: world.deaf | (1 << i) };
};

const lose: Apply = (world, i) => {
  const member = world.members[i];
  if (member === undefined || world.losses === 0 || member.agent || member.run !== "none") return;
  if (member.disk.kind === "empty" && member.ledger === undefined) return undefined;
  const next = withMember(world, i, { disk: blankDisk(), ledger: undefined });
  return withoutLost({ ...next, losses: world.losses - 1, lost: world.lost | (1 << i) });
};

/** A human lets a member found, having made sure that nobody runs whom it does not reach. */
const force: Apply = (world, i) => {
  const member = world.members[i];
  if (member === undefined || world.tokens === 0 || member.agent || member.run !== "none") return;
  const isQuiet = world.members.every(({ server, run }) => server === undefined && run !== "found");
  const reached = world.members.filter(
    ({ agent }, index) => index === i || (agent && world.net[index] === world.net[i]),
  );
  // One token at a time, and on data.
  const newest = Math.max(...world.members.map(({ ledger }) => epochOf(ledger)));
  const unused = world.members.some(({ forces }) => forces > newest);
  const apart = world.members.some(({ agent }, at) => agent && world.net[at] !== world.net[i]);
  if (!isQuiet || unused || member.disk.kind !== "data" || apart || world.deaf !== 0)
    return undefined;
  const epoch = Math.max(...reached.map(({ ledger }) => epochOf(ledger))) + 1;
  if (member.forces === epoch) return undefined;
  return { ...withMember(world, i, { forces: epoch }), tokens: world.tokens - 1 };
};

/** A human gives up a member's data for the primary component's. */
const discard: Apply = (world, i) => {
  const member = world.members[i];
  if (member === undefined || world.tokens === 0 || member.agent || member.run !== "none") return;
  const primary = world.members.find(({ server }) => server?.component.primary);
  if (primary === undefined) return undefined;
  const epoch = epochOf(primary.ledger);
  if (member.discards === epoch) return undefined;
  return { ...withMember(world, i, { discards: epoch }), tokens: world.tokens - 1 };
};

export const faultSteps = {
  ...{
    crash,
    kill,
    restart,
    mute,
    revive,
    stop,
    stopTwo,
    remove,
    isolate,
    meet,
    heal,
    deafen,
    lose,
  },
  ...{ force, discard },
};
