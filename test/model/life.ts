/*
 * Steps of a member's own programs: `run` starts, decides and acts.
 */
import { epochOf } from "../../src/bootstrap/ledger.js";
import type { MemberState } from "../../src/bootstrap/member.js";
import type { Contact, Observation } from "../../src/bootstrap/observation.js";
import { leave } from "./faults.js";
import { component, whole } from "./galera.js";
import { idOf, intern } from "./intern.js";
import { foundedAnew, foundedOnData, madePrimary } from "./primary.js";
import type { Apply, Context } from "./steps.js";
import { type Member, nameOf, type Server, type World, withMember, writesIn } from "./world.js";

/** The pod comes up, or only its `run` again beside an agent that stayed. */
const start: Apply = (world, i, _, { setup, rules }) => {
  const member = world.members[i];
  if (member === undefined) return undefined;
  const isAsked = member.run === "waiting" && member.agent?.phase.kind === "idle";
  if (member.run !== "none" && !isAsked) return undefined;
  if (!member.created && setup.ordered && i > 0 && !isReady(world, i - 1)) return undefined;
  const { ledger, forces } = member;
  const agents = member.agents + (member.agent === undefined ? 1 : 0);
  const agent =
    member.agent ?? rules.begun(nameOf(i), `i${agents}`, ledger, forces === 0 ? undefined : forces);
  const state = rules.started(agent, rules.evidenceOf(member.disk, ledger));
  return withMember(world, i, { created: true, agents, agent: intern(state), run: "waiting" });
};

function isReady(world: World, i: number): boolean {
  const group = whole(world, i);
  const own = group?.find(({ index }) => index === i)?.server;
  return own?.status === "synced" && own.component.primary;
}

/** An agent notices that the server has ended, or learns of the one that runs after its own restart. */
const notice: Apply = (world, i, _, { rules }) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.run !== "none") return undefined;
  if (member.agent.phase.kind === "idle") return undefined;
  return withMember(world, i, { agent: intern(rules.inPhase(member.agent, { kind: "idle" })) });
};

/** Looks at what it knows, decides, and makes the ledger durable; the act itself is a later step. */
const consider: Apply = (world, i, _, context) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.bootstraps) return undefined;
  const isRunning = member.run === "server" && member.agent.phase.kind === "running";
  if (member.run !== "waiting" && !isRunning) return undefined;
  if (member.run === "waiting" && member.agent.phase.kind !== "waiting") return undefined;
  const { state, decision } = conclude(world, member, member.agent, context);
  if (decision.action === "join" && isRunning) {
    return { ...world, violation: "a running server was told to join" };
  }
  const ledger = intern0(context.rules.durable(member.ledger, state));
  const run =
    decision.action === "found" || decision.action === "join" ? decision.action : undefined;
  const bootstraps = decision.action === "bootstrap";
  if (run === undefined && !bootstraps && state === member.agent) return undefined;
  const isBlind = decision.action === "join" && decision.cluster === undefined;
  const blind = isBlind ? world.blind | (1 << i) : world.blind & ~(1 << i);
  const patch = { agent: state, ledger, bootstraps, run: run ?? member.run };
  const next = { ...withMember(world, i, patch), blind };
  const isForced = (decision.action === "found" || bootstraps) && member.forces > 0;
  if (isForced && "epoch" in decision && decision.epoch === member.forces) {
    // A human has answered for what the silent ones have, and that they are down.
    const runs = world.members.some(
      ({ run }, j) => j !== i && run !== "none" && typeof member.contacts[j] !== "object",
    );
    if (runs) return { ...next, exempt: "a token to found was used while a silent member ran" };
    const history = member.server?.received ?? member.disk.history;
    return { ...next, acked: next.acked & writesIn(history) };
  }
  const isDiscarded =
    decision.action === "join" &&
    decision.discard === member.discards &&
    !member.ledger?.discarded.includes(member.discards);
  return isDiscarded ? forgotten(next, i) : next;
};

/** A running server that stands in the way of a founder ends by its agent's decision. */
const halt: Apply = (world, i, _, context) => {
  const member = world.members[i];
  if (member?.agent?.phase.kind !== "running" || member.run !== "server" || member.bootstraps)
    return;
  const { decision } = conclude(world, member, member.agent, context);
  if (decision.action !== "wait" || decision.stops !== true) return undefined;
  const { agent, contacts, named, fresh } = member;
  return leave(world, i, member, context, { agent, contacts, named, fresh });
};

const intern0 = <T extends object>(value: T | undefined) => value && intern(value);

/** What only a member has that a human lets it discard. */
function forgotten(world: World, i: number): World {
  const others = world.members
    .filter((_, index) => index !== i)
    .reduce((bits, { disk }) => bits | (disk.kind === "half" ? 0 : writesIn(disk.history)), 0);
  return { ...world, acked: world.acked & others, precious: world.precious & others };
}

/** The real decision, remembered by all that it rests on. */
function conclude(world: World, member: Member, self: MemberState, context: Context) {
  const { rules, setup } = context;
  // Who has not looked as a step of its own asks DNS now, and is told the truth.
  const isOwn = member.named !== 0;
  const named = isOwn ? member.named : existing(world);
  const fresh = isOwn ? member.fresh : true;
  const copies = member.contacts.map((one) => (one === "present" ? -1 : idOf(one)));
  const key = `${idOf(self)} ${named} ${fresh} ${copies} ${member.discards} ${setup.replicas}`;
  const known = rules.cache.get(key);
  if (known !== undefined) return known;
  const o = observe(member, self, named, fresh, setup.replicas);
  const decision = rules.decide(o);
  const id = `${self.name}.${self.incarnation}.${epochOf(self.ledger) + 1}`;
  const made = { decision, state: intern(rules.decided(self, decision, id)) };
  if (rules.cache.size > 4_000_000) rules.cache.clear();
  rules.cache.set(key, made);
  return made;
}

/** The pods that DNS names, as bits. */
export function existing(world: World): number {
  return world.members.reduce((bits, { agent }, i) => bits | (agent === undefined ? 0 : 1 << i), 0);
}

export function observe(
  member: Member,
  self: MemberState,
  named: number,
  fresh: boolean,
  replicas: number | undefined,
): Observation {
  const contacts = new Map<string, Contact>();
  for (const [index, copy] of member.contacts.entries()) {
    if (copy === undefined) continue;
    const contact: Contact =
      copy === "present"
        ? { kind: "present", what: "Galera's port is open" }
        : { kind: "answers", state: copy };
    contacts.set(nameOf(index), contact);
  }
  return {
    mode: "safe",
    ...{ replicas, self, contacts },
    named: member.contacts.flatMap((_, index) => (named & (1 << index) ? [nameOf(index)] : [])),
    stale: fresh ? undefined : "the answer of DNS is older than my start",
    discard: member.discards === 0 ? undefined : { pod: self.name, epoch: member.discards },
  };
}

/** Does what was decided: starts the server, or calls pc.bootstrap. */
const act: Apply = (world, i, _, context) => {
  const member = world.members[i];
  if (member === undefined) return undefined;
  if (member.bootstraps) return bootstrap(world, i, context);
  if (member.run === "join") return withMember(world, i, joinerOf(member, i));
  if (member.run !== "found") return undefined;
  const { disk } = member;
  const isData = disk.kind === "data" || disk.kind === "half";
  return isData ? foundedOnData(world, i, context) : foundedAnew(world, i, context);
};

function joinerOf(member: Member, i: number): Partial<Member> {
  const { disk } = member;
  const servers = member.servers + 1;
  const id = i + 16 * servers;
  const server: Server = {
    ...{ id, uuid: disk.kind === "data" ? disk.uuid : 0, received: disk.history, status: "fresh" },
    ...{ component: component(false, 0, [id]), lastPrimary: undefined },
  };
  return { run: "server", servers, server: intern(server) };
}

function bootstrap(world: World, i: number, context: Context): World {
  const done = withMember(world, i, { bootstraps: false });
  const group = whole(done, i);
  const primary = world.members[i]?.server?.component.primary ?? true;
  return primary || group === undefined ? done : madePrimary(done, group, "pc.bootstrap", context);
}

export const lifeSteps = { start, notice, consider, halt, act };
