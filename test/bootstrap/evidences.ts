/** What datadirs tell, and what members remember when they look. */
import type { Evidence, Unrecovered } from "../../src/bootstrap/evidence.js";
import { founded, joining, type Ledger } from "../../src/bootstrap/ledger.js";
import { founding, ledger, uuid } from "./cluster.js";

export const initialisation: Evidence = { kind: "interrupted", by: "initialisation" };
export const unclustered: Evidence = { kind: "unclustered" };
export const position = (seqno: bigint, safeToBootstrap: boolean): Evidence => ({
  ...{ kind: "position", uuid, seqno, safeToBootstrap, certain: true },
});
export const crashed = (patch: Partial<Unrecovered>): Unrecovered => ({
  ...{ kind: "unrecovered", uuid, safeToBootstrap: false, certain: true },
  ...{ isBlank: false, damage: undefined },
  ...patch,
});
export const lost = (certain: boolean, safeToBootstrap = false, isBlank = false): Unrecovered =>
  crashed({ uuid: undefined, certain, safeToBootstrap, isBlank });

/** What a member may remember when it looks at its datadir. */
export const remembered: Readonly<
  Record<"none" | "cluster" | "join" | "first" | "rejoin", Ledger | undefined>
> = {
  none: undefined,
  /** It was in a primary component of this cluster. */
  cluster: ledger(3),
  /** Its first join has not come to its end. */
  join: joining(undefined, [founding(1)]),
  /** Nor a later one. */
  rejoin: joining(ledger(3), [founding(1)]),
  /** It is founding a new cluster. */
  first: founded(undefined, founding(1), { number: 0, members: ["galera-0"] }, undefined),
};
