/*
 * What Galera does by itself: components, quorum, state transfer. After gcomm/src/pc_proto.cpp and
 * gcs/src/gcs_group.cpp.
 */
import { intern } from "./intern.js";
import type { Setup } from "./setup.js";
import {
  type Component,
  type History,
  isPrefix,
  lengthOf,
  type Member,
  type Server,
  type World,
} from "./world.js";

/** A member whose server is connected to the group. */
export interface Connected {
  readonly index: number;
  readonly member: Member;
  readonly server: Server;
}

export function connectedTo(world: World, index: number): Connected[] {
  return world.members.flatMap((member, at) =>
    member.server !== undefined && world.net[at] === world.net[index]
      ? [{ index: at, member, server: member.server }]
      : [],
  );
}

/** The servers of a component, if nobody of it is lost: only then can anything be committed in it. */
export function whole(world: World, index: number): Connected[] | undefined {
  const component = world.members[index]?.server?.component;
  const group = connectedTo(world, index).filter(({ server }) => server.component === component);
  return component !== undefined && group.length === component.servers.length ? group : undefined;
}

export const component = (
  primary: boolean,
  number: number,
  servers: readonly number[],
): Component => intern({ primary, number, servers: servers.toSorted((a, b) => a - b) });

/** The primary component that a group of connected servers goes on from, if it has the quorum. */
export function quorumOf(group: readonly Connected[], { remerge }: Setup): Component | undefined {
  const past = new Set(group.flatMap(({ server }) => server.lastPrimary ?? []));
  return [...past].find((view) => {
    const present = group.filter(({ server }) => server.lastPrimary === view);
    const fromPrimary = present.some(({ server }) => server.component === view);
    // "Quorum: No node with complete state" (gcs_state_msg.cpp): joiners alone keep nothing primary.
    if (!present.some(({ server }) => server.status === "synced")) return false;
    const needed = fromPrimary || remerge === "majority" ? view.servers.length / 2 : Infinity;
    return present.length > needed || present.length === view.servers.length;
  });
}

export function highestNumber(group: readonly Connected[]): number {
  return Math.max(0, ...group.map(({ server }) => server.lastPrimary?.number ?? 0));
}

/** The history that a primary component of this group goes on with, and whose it is. */
export function leading(sources: readonly Connected[]): Server | undefined {
  return sources
    .map(({ server }) => server)
    .reduce<Server | undefined>(
      (best, one) =>
        best === undefined || lengthOf(one.received) > lengthOf(best.received) ? one : best,
      undefined,
    );
}

/** What becomes of a server that meets a primary component. */
export type Meeting = "same" | "behind" | "sst" | "wiped" | "aborts";

export function meeting(server: Server, uuid: number, history: History): Meeting {
  const isFresh = server.status === "fresh";
  if (server.uuid === 0) return "sst";
  const fits = server.uuid === uuid && isPrefix(server.received, history);
  if (!fits) return isFresh ? "wiped" : "aborts";
  if (server.received !== history) return "behind";
  return server.status === "synced" ? "same" : "behind";
}
