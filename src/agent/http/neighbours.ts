import { firstLabel } from "../../dns/name.js";
import { galeraPort } from "../../galera/group-port.js";
import { addressOf, type PeerSet } from "../../peers/peer-set.js";
import type { Neighbour } from "../drain/leave-turn.js";
import { askReport } from "./ask.js";
import type { ContactOptions, ContactPorts } from "./contact.js";

/** Asks other members for their reports, all at once. */
export type Neighbours = (
  names: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, Neighbour>>;

/** What is remembered of a member from one look to the next. */
interface Before {
  /** DNS may have forgotten a pod that Galera still counts in. */
  readonly address: string | undefined;
  readonly muteLooks: number;
}

/** @param peers where DNS says that they are */
export function createNeighbours(
  { agentPort: port, key, tls }: ContactOptions,
  { newId, accepts }: Pick<ContactPorts, "newId" | "accepts">,
  peers: () => PeerSet | undefined,
): Neighbours {
  let known: ReadonlyMap<string, Before> = new Map();

  const ask = async (
    name: string,
    address: string | undefined,
    signal: AbortSignal,
  ): Promise<Neighbour> => {
    const before = known.get(name)?.muteLooks ?? 0;
    const mute: Neighbour = { kind: "mute", looks: before + 1 };
    if (address === undefined) return mute; // Galera counts it in, and nothing speaks against it
    const answer = await askReport({ name, address, port, key, tls, nonce: newId(), signal });
    const told = answer.kind === "told" ? answer.told : undefined;
    const its: Neighbour = told === undefined ? mute : { kind: "answers", report: told };
    // An agent notices within a second that its server has been killed; that it answers, at once.
    if (told?.server !== undefined) return its;
    return (await accepts(address, galeraPort, signal)) ? its : { kind: "gone" };
  };

  return async (names, signal) => {
    const all = await Promise.all(
      names.map(async (name) => {
        const peer = peers()?.peers.find((one) => firstLabel(one.name) === name);
        const address = (peer && addressOf(peer, "ip")) ?? known.get(name)?.address;
        return { name, address, neighbour: await ask(name, address, signal) };
      }),
    );
    const muteLooks = (one: Neighbour) => (one.kind === "mute" ? one.looks : 0);
    known = new Map(
      all.map(({ name, address, neighbour }) => [
        name,
        { address, muteLooks: muteLooks(neighbour) },
      ]),
    );
    return new Map(all.map(({ name, neighbour }) => [name, neighbour]));
  };
}
