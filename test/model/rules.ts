/*
 * The code under test as the model calls it. A mutation replaces a part of it.
 */
import { type Decision, decide } from "../../src/bootstrap/decide.js";
import { type Evidence, withRecovered } from "../../src/bootstrap/evidence.js";
import { joiningNewest } from "../../src/bootstrap/join.js";
import { adopted, type Ledger } from "../../src/bootstrap/ledger.js";
import {
  begun,
  decided,
  inComponent,
  inPhase,
  type MemberState,
  started,
  withVote,
} from "../../src/bootstrap/member.js";
import type { Observation } from "../../src/bootstrap/observation.js";
import { zeroUuid } from "../../src/galera/grastate.js";
import { type Disk, lengthOf, uuidOf } from "./world.js";

export interface Rules {
  readonly name: string;
  readonly decide: (o: Observation) => Decision;
  readonly decided: typeof decided;
  readonly begun: typeof begun;
  readonly started: typeof started;
  readonly inPhase: typeof inPhase;
  readonly inComponent: typeof inComponent;
  readonly adopted: typeof adopted;
  readonly joiningNewest: typeof joiningNewest;
  readonly evidenceOf: (disk: Disk, ledger: Ledger | undefined) => Evidence;
  /** What is on the disk once a decision has been made: the next state's ledger. */
  readonly durable: (before: Ledger | undefined, next: MemberState) => Ledger | undefined;
  readonly cache: Map<string, { readonly state: MemberState; readonly decision: Decision }>;
}

/** readEvidence and `mariadbd --wsrep-recover`, for what the model's disks can hold. */
export function evidenceOf(disk: Disk, ledger: Ledger | undefined): Evidence {
  const { kind, uuid, history, clean, safe, marked } = disk;
  const position = { uuid: uuidOf(uuid), seqno: BigInt(lengthOf(history)) };
  const unrecovered = {
    kind: "unrecovered",
    uuid: undefined,
    isBlank: false,
    damage: undefined,
  } as const;
  switch (kind) {
    case "empty":
      return { kind: "empty" };
    case "init": {
      const found = { ...unrecovered, safeToBootstrap: true, certain: true };
      return withRecovered(found, { uuid: zeroUuid, seqno: -1n }, ledger);
    }
    case "half": {
      if (marked) return { kind: "interrupted", by: "sst" };
      // grastate.dat has a zero uuid, and --wsrep-recover prints a position all the same.
      const certain = ledger?.uuid !== undefined && ledger.joining === undefined;
      return withRecovered({ ...unrecovered, safeToBootstrap: safe, certain }, position, ledger);
    }
    case "data": {
      if (clean) return { kind: "position", ...position, safeToBootstrap: safe, certain: true };
      const found = { ...unrecovered, uuid: position.uuid, safeToBootstrap: safe, certain: true };
      return withRecovered(found, position, ledger);
    }
    default:
      return kind satisfies never;
  }
}

/** As participant.ts decides: whom nobody else has to grant it need not wait. */
export function decideForMyself(o: Observation): Decision {
  const decision = decide(o);
  const isForMe = decision.action === "wait" && decision.elects?.name === o.self.name;
  return isForMe ? decide({ ...o, self: withVote(o.self, o.self) }) : decision;
}

export const realRules: Rules = {
  name: "the real code",
  decide: decideForMyself,
  ...{ decided, begun, started, inPhase, inComponent, adopted, joiningNewest, evidenceOf },
  durable: (_, next) => next.ledger,
  cache: new Map(),
};
