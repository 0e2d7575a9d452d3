/*
 * Whom a start asks what to do: the pod's agent, or, without one, itself.
 */
import type { Evidence } from "../bootstrap/evidence.js";
import type { Ledger } from "../bootstrap/ledger.js";
import { createParticipant, type FindOut, type Participant } from "../bootstrap/participant.js";
import { foldTold, saveLedger } from "../bootstrap/store.js";
import type { Look } from "../peers/look.js";
import type { AddressType } from "../peers/peer-set.js";
import type { Settings } from "../settings.js";
import type { Clock } from "../system/clock.js";
import { agentHere } from "./http/here.js";
import { openPeerTls } from "./http/own-tls.js";
import type { PeerTls } from "./http/secure.js";
import { type Ordered, order } from "./ordered.js";

export interface Consultation {
  /** A start is about to begin: whatever server there was, it has ended. */
  ended(): Promise<void>;
  /** A start begins: what the datadir holds. */
  start(evidence: Evidence): Promise<void>;
  /** What it is to do, as of now. */
  next(signal: AbortSignal): Promise<Ordered>;
}

export interface MemberPlace {
  /** The pod's name. */
  readonly name: string;
  readonly stateDir: string;
  readonly ledger: Ledger | undefined;
  readonly look: Look;
  readonly addressType: AddressType;
}

export interface MemberPorts {
  readonly clock: Clock;
  /** An id that nobody else makes: 16 hex digits. */
  readonly newId: () => string;
  /** Left out: as the settings and their files have it, once another member is asked. */
  readonly tls?: PeerTls | undefined;
}

/** This member's part in the decision, by its settings. */
export function participate(
  { name, stateDir, ledger, look, addressType }: MemberPlace,
  settings: Settings,
  key: string | undefined,
  { clock, newId, tls }: MemberPorts,
): Participant {
  const { bootstrap: mode = "safe" } = settings;
  const { port: agentPort } = agentHere(settings);
  // A member that is alone asks nobody.
  let contact: Promise<FindOut> | undefined;
  const loadContact = async (): Promise<FindOut> => {
    const [{ createContact }, { accepts }] = await Promise.all([
      import("./http/contact.js"),
      import("./http/port.js"),
    ]);
    const own = tls ?? (await openPeerTls(settings));
    return createContact({ agentPort, key, tls: own }, { clock, newId, accepts });
  };
  return createParticipant(
    {
      ...{ name, mode, ledger, addressType, incarnation: newId(), replicas: settings.replicas },
      force: settings.forceBootstrap,
      discard: settings.allowDiscard,
    },
    {
      ...{ look, clock, newId },
      save: (next) => saveLedger(stateDir, next),
      contact: async (whom, signal) => {
        contact ??= loadContact().catch((error) => {
          contact = undefined; // certificates may be about to be renewed
          throw error;
        });
        return (await contact)(whom, signal);
      },
    },
  );
}

/** A start without an agent: nobody can ask this member, so it joins, or is alone. */
export function consultOneself(participant: Participant, stateDir: string): Consultation {
  return {
    ended: async () => participant.idle(),
    start: async (evidence) => participant.start(evidence, foldTold(stateDir)),
    next: async (signal) => order(await participant.pass(signal)),
  };
}
