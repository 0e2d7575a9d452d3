/*
 * What the model checker explores: members with disks, agents and servers, the network between them,
 * and what clients were told. All values are immutable and shared; equal leaves are one object.
 */
import type { Ledger } from "../../src/bootstrap/ledger.js";
import type { MemberState } from "../../src/bootstrap/member.js";
import { idOf } from "./intern.js";

/** The writes that a replica has, as hexadecimal digits behind a leading 1, oldest first. */
export type History = number;

export interface Disk {
  readonly kind: "empty" | "init" | "data" | "half";
  /** The cluster's number; 0 for none. */
  readonly uuid: number;
  readonly history: History;
  /** grastate.dat has the seqno of a clean stop. */
  readonly clean: boolean;
  readonly safe: boolean;
  /** Half of an SST that can be seen: the SST's marker is there. */
  readonly marked: boolean;
}

/** A component as Galera knows it: servers, not members, since a restarted server is another one. */
export interface Component {
  readonly primary: boolean;
  readonly number: number;
  readonly servers: readonly number[];
}

export interface Server {
  /** `member + 16 * start`. */
  readonly id: number;
  readonly uuid: number;
  /** What it has received; its disk may be behind that. */
  readonly received: History;
  /** Connecting; behind as a server that came with no, or with old data; in an SST; Synced. */
  readonly status: "fresh" | "joining" | "behind" | "sst" | "synced";
  readonly component: Component;
  readonly lastPrimary: Component | undefined;
}

/** What a look at another member came to; undefined is silent. */
export type Copy = MemberState | "present" | undefined;

export interface Member {
  readonly created: boolean;
  readonly disk: Disk;
  /** What is durable; the agent's copy may be newer only where a mutation lets it. */
  readonly ledger: Ledger | undefined;
  readonly agent: MemberState | undefined;
  readonly agents: number;
  readonly servers: number;
  readonly run: "none" | "waiting" | "found" | "join" | "server";
  /** pc.bootstrap is decided and durable, and not done yet. */
  readonly bootstraps: boolean;
  readonly server: Server | undefined;
  readonly contacts: readonly Copy[];
  /** The names in the last DNS answer as bits; 0 before the first. */
  readonly named: number;
  readonly fresh: boolean;
  /** Its epoch of GALERA_FORCE_BOOTSTRAP and of GALERA_ALLOW_DISCARD; 0 for none. */
  readonly forces: number;
  readonly discards: number;
  readonly hash: readonly [number, number];
}

export interface World {
  readonly members: readonly Member[];
  /** Members with the same number reach each other. */
  readonly net: readonly number[];
  /** Members whose agents are cut off from the other agents, as bits. */
  readonly deaf: number;
  readonly faults: number;
  readonly losses: number;
  /** Writes so far; each has its own digit. */
  readonly writes: number;
  /** Writes that clients were told of and that a primary component has to have, as bits. */
  readonly acked: number;
  /** The same, also where a human's token has let the cluster forget them. */
  readonly precious: number;
  readonly clusters: number;
  readonly tokens: number;
  readonly lost: number;
  /** Members that join one whose agent could not be asked, as bits. */
  readonly blind: number;
  readonly violation: string | undefined;
  /** An outcome that the design exempts, at which exploration ends. */
  readonly exempt: string | undefined;
}

export const noWrites: History = 1;

export const nameOf = (index: number): string => `galera-${index}`;

export const indexOf = (name: string): number => Number(name.slice(7));

export const uuidOf = (cluster: number): string => `c${cluster}`;

export const lengthOf = (history: History): number => Math.floor(Math.log2(history) / 4);

export const append = (history: History, write: number): History => history * 16 + write;

export function isPrefix(one: History, other: History): boolean {
  const behind = lengthOf(other) - lengthOf(one);
  return behind >= 0 && Math.floor(other / 16 ** behind) === one;
}

/** The writes in a history, as bits. */
export function writesIn(history: History): number {
  let bits = 0;
  for (let rest = history; rest > 1; rest = Math.floor(rest / 16)) bits |= 1 << (rest & 15);
  return bits;
}

/** A member with a part of it changed. */
export function change(member: Member, patch: Partial<Omit<Member, "hash">>): Member {
  const next = { ...member, ...patch };
  return { ...next, hash: hashMember(next) };
}

export function withMember(
  world: World,
  index: number,
  patch: Partial<Omit<Member, "hash">>,
): World {
  const members = world.members.map((one, at) => (at === index ? change(one, patch) : one));
  return { ...world, members };
}

const runs = { none: 0, waiting: 1, found: 2, join: 3, server: 4 };

function hashMember(member: Omit<Member, "hash">): readonly [number, number] {
  const { created, bootstraps, fresh, contacts } = member;
  const bits = (created ? 1 : 0) + (bootstraps ? 2 : 0) + (fresh ? 4 : 0) + runs[member.run] * 8;
  const rest = [idOf(member.disk), idOf(member.ledger), idOf(member.agent), idOf(member.server)];
  const counts = member.agents + member.servers * 64 + member.forces * 4096;
  const copies = contacts.map((one) => (one === "present" ? -1 : idOf(one)));
  return mix([bits, counts, member.named, member.discards, ...rest, ...copies]);
}

/** Two hashes of 32 bits, taken together as one of 64. */
export function hashWorld(world: World): readonly [number, number] {
  const counts = world.faults + world.losses * 64 + world.writes * 4096 + world.clusters * 65536;
  const own = [
    counts,
    world.acked,
    world.precious,
    world.deaf,
    world.tokens,
    world.lost,
    world.blind,
  ];
  const members = world.members.flatMap(({ hash }) => hash);
  return mix([...own, ...world.net, ...members, world.violation === undefined ? 0 : 1]);
}

function mix(values: readonly number[]): readonly [number, number] {
  let [high, low] = [0x9e3779b9, 0x7f4a7c15];
  for (const value of values) {
    high = Math.imul(high ^ value, 0x85ebca6b);
    high ^= high >>> 13;
    low = Math.imul(low ^ (value + 0x165667b1), 0xc2b2ae35);
    low ^= low >>> 16;
    high = (high + low) | 0;
  }
  return [high >>> 0, low >>> 0];
}
