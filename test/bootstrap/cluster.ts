/** Members of a cluster as they see each other, in few words. */
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { Founding, Ledger } from "../../src/bootstrap/ledger.js";
import { begun, type MemberState, type Running, withVote } from "../../src/bootstrap/member.js";
import type { Contact, Observation } from "../../src/bootstrap/observation.js";

export const uuid = "8b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";
export const otherUuid = "c0ffee00-0b5a-11f0-9d2c-3a8f1e2d4c5b";

export function founding(epoch: number, seqno = -1n, id = `id-${epoch}`): Founding {
  return { epoch, id, seqno };
}

/** `galera-0` … */
export function pods(count: number): string[] {
  return Array.from({ length: count }, (_, ordinal) => `galera-${ordinal}`);
}

/** The ledger of a cluster of so many members, or of these, founded once unless it is said otherwise. */
export function ledger(members: number | readonly string[], patch: Partial<Ledger> = {}): Ledger {
  return {
    ...{ uuid, foundings: [founding(1)], joining: undefined, discarded: [] },
    view: { number: 3, members: typeof members === "number" ? pods(members) : members },
    ...patch,
  };
}

/** A datadir at a position. */
export function at(
  seqno: number,
  patch: Partial<Extract<Evidence, { kind: "position" }>> = {},
): Extract<Evidence, { kind: "position" }> {
  const flags = { safeToBootstrap: false, certain: true };
  return { kind: "position", uuid, seqno: BigInt(seqno), ...flags, ...patch };
}

export const empty: Evidence = { kind: "empty" };
export const halfSst: Evidence = { kind: "interrupted", by: "sst" };

/** A member whose `run` waits for the decision. */
export function waiting(
  ordinal: number,
  evidence: Evidence,
  remembered?: Ledger,
  patch: Partial<MemberState> = {},
): MemberState {
  const name = `galera-${ordinal}`;
  const state = begun(name, `agent-of-${name}`, remembered);
  return { ...state, evidence, phase: { kind: "waiting" }, ...patch };
}

/** The phase of a server that is connected to these members. */
export function connected(
  primary: boolean,
  seqno: number | undefined,
  members: readonly string[],
): Running {
  return {
    ...{ kind: "running", primary, status: primary ? "synced" : "initialized" },
    ...{ view: { number: 4, members }, seqno: seqno === undefined ? undefined : BigInt(seqno) },
  };
}

/** A member whose server runs. */
export function running(ordinal: number, phase: Running, remembered?: Ledger): MemberState {
  return waiting(ordinal, at(1), remembered, { phase });
}

/** A member that does not answer. */
export interface Mute {
  readonly name: string;
  readonly contact: Contact;
}

export function silent(ordinal: number, what = "its agent: no answer within 1s"): Mute {
  return { name: `galera-${ordinal}`, contact: { kind: "silent", what } };
}

export function present(ordinal: number): Mute {
  const what = "its agent: nothing listens";
  return { name: `galera-${ordinal}`, contact: { kind: "present", what } };
}

/** What a member sees: DNS names all of them, unless the patch says otherwise. */
export function seen(
  [self, ...others]: readonly [MemberState, ...(MemberState | Mute)[]],
  patch: Partial<Observation> = {},
): Observation {
  const contacts = others.map((other): [string, Contact] => [
    other.name,
    "contact" in other ? other.contact : { kind: "answers", state: other },
  ]);
  return {
    ...{ mode: "safe", replicas: undefined, self, stale: undefined, discard: undefined },
    named: [self, ...others].map(({ name }) => name).toSorted(),
    contacts: new Map(contacts),
    ...patch,
  };
}

/** The same members, once all of them have granted it to this one. */
export function granting<T extends readonly (MemberState | Mute)[]>(name: string, members: T): T {
  const found = members.find((one) => one.name === name) as MemberState;
  const candidate = withVote(found, found);
  return members.map((one) =>
    "contact" in one ? one : one.name === name ? candidate : withVote(one, candidate),
  ) as unknown as T;
}

/** A member that has voted for this one. */
export function withVoteFor(candidate: string, member: MemberState): MemberState {
  const vote = { candidate, incarnation: `agent-of-${candidate}`, ballot: 1 };
  return { ...member, ballot: member.ballot + 1, vote };
}
