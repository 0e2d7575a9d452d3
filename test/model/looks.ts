/*
 * Steps by which a member learns of others and of its own server.
 */
import { newestPrimary, type Primary } from "../../src/bootstrap/join.js";
import type { MemberState } from "../../src/bootstrap/member.js";
import { isPrimary } from "../../src/bootstrap/observation.js";
import { intern } from "./intern.js";
import { existing } from "./life.js";
import { told } from "./primary.js";
import type { Apply } from "./steps.js";
import { type Copy, lengthOf, nameOf, type World, withMember } from "./world.js";

/** Asks a member's agent. The answer may be acted on much later. */
const read: Apply = (world, i, j, { rules }) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.bootstraps) return undefined;
  const copy = lookAt(world, i, j);
  const { server, agent } = member;
  if (server?.component.primary === true && isPrimary(agent.phase)) {
    if (copy === undefined || copy === "present" || agent.ledger === undefined) return undefined;
    const isMine = isPrimary(copy.phase) && agent.phase.view.members.includes(nameOf(j));
    if (!isMine || copy.ledger === undefined) return undefined;
    const ledger = intern(rules.adopted(agent.ledger, copy.ledger));
    if (ledger === intern(agent.ledger)) return undefined;
    return withMember(world, i, { agent: intern({ ...agent, ledger }), ledger });
  }
  if (member.run !== "waiting" && server === undefined) return undefined;
  if (server !== undefined && server.lastPrimary === undefined) {
    const primary = copy === undefined || copy === "present" ? undefined : primaryOf(copy);
    if (primary === undefined || agent.ledger === undefined) return undefined;
    const ledger = intern(rules.joiningNewest(agent.ledger, agent.evidence, primary));
    if (ledger === intern(agent.ledger)) return undefined;
    return withMember(world, i, { agent: intern({ ...agent, ledger }), ledger });
  }
  if (member.contacts[j] === copy) return undefined;
  return withMember(world, i, {
    contacts: member.contacts.map((one, index) => (index === j ? copy : one)),
  });
};

function primaryOf(state: MemberState): Primary | undefined {
  return newestPrimary(new Map([[state.name, { kind: "answers", state }]]));
}

function lookAt(world: World, i: number, j: number): Copy {
  const other = world.members[j];
  if (other === undefined || world.net[i] !== world.net[j]) return undefined;
  const isDeaf = (world.deaf & ((1 << i) | (1 << j))) !== 0;
  const answer: MemberState | undefined = isDeaf ? undefined : other.agent;
  return answer ?? (other.server === undefined ? undefined : "present");
}

/** Asks DNS: what is true now, or an old answer that names me alone, or everybody there ever was. */
const look: Apply = (world, i, j) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.run !== "waiting") return undefined;
  const ever = world.members.reduce((bits, { created }, at) => bits | (created ? 1 << at : 0), 0);
  const named = [existing(world), 1 << i, ever][j] ?? 0;
  const fresh = j === 0;
  if (member.named === named && member.fresh === fresh) return undefined;
  return withMember(world, i, { named, fresh });
};

/** The agent asks its server how far it is. */
const poll: Apply = (world, i) => {
  const member = world.members[i];
  if (member?.agent?.phase.kind !== "running" || member.server === undefined) return undefined;
  const isAsked = world.members.some(({ run }) => run === "waiting");
  if (member.server.component.primary && !isAsked) return undefined;
  const seqno = BigInt(lengthOf(member.disk.history));
  const { phase } = member.agent;
  if (phase.seqno === seqno || member.server.status === "sst") return undefined;
  return withMember(world, i, { agent: intern({ ...member.agent, phase: { ...phase, seqno } }) });
};

/** An agent that was restarted learns of the server that runs. */
const learn: Apply = (world, i, _, context) => {
  const member = world.members[i];
  if (member?.agent?.phase.kind !== "idle" || member.server === undefined) return undefined;
  if (member.server.lastPrimary === undefined) return undefined;
  return withMember(world, i, told(member, i, member.server, context));
};

/** With ledgers that lag: what the server told reaches the disk only now. */
const save: Apply = (world, i) => {
  const member = world.members[i];
  if (member?.agent === undefined || member.agent.ledger === undefined) return undefined;
  const ledger = intern(member.agent.ledger);
  return member.ledger === ledger ? undefined : withMember(world, i, { ledger });
};

export const lookSteps = { read, look, poll, learn, save };
