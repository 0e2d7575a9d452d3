import { type PeerSet, peerSet } from "../../../src/peers/peer-set.js";
import { member, targets } from "../../peers/members.js";

/** What DNS names, as a member sees it. */
export function peerSetOf(own: number, ordinals: readonly number[]): PeerSet {
  const pods = ordinals.map((ordinal) => `galera-${ordinal}=10.0.0.${ordinal + 1}`);
  return peerSet(targets(...pods), member(`galera-${own}`));
}
