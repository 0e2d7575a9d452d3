/*
 * Whether SST is encrypted while a running cluster is moved over. Both ends have to do the same: a joiner
 * opens its port before it knows its donor, and each IST begins with a message on that port too
 * (wsrep_sst_mariabackup). A joiner that encrypts fails at once with a donor that does not; the other way
 * round, each waits for the other for 300 s. The scripts read galera.cnf at each SST, so no server is
 * started anew for it.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { createComplaint } from "../agent/complaint.js";
import { readOptionFile } from "../cnf/base.js";
import { ownBlockOf } from "../cnf/own-block.js";
import { writeIfChanged } from "../cnf/write.js";
import type { Clock } from "../system/clock.js";
import { messageOf } from "../system/failure.js";
import type { Log } from "../system/log.js";

/** What a member's agent answers a TLS handshake with. */
export type Speaks = "tls" | "plain" | "nothing";

export interface SstEncryptionPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Asks all other members that DNS names. */
  readonly ask: () => Promise<readonly Speaks[]>;
  /** Whether this pod's server is up: its start has written galera.cnf. */
  readonly isServerUp: () => Promise<boolean>;
}

/** A server that was started runs its script after a second or more; its agent is up before. */
const lookMs = 200;
const askMs = 1000;

/**
 * Has galera.cnf encrypt SST as soon as all members can, until the signal's abort. What is said of it is
 * what the file then holds.
 *
 * @param cnf its path; an `ssl-mode` of the user's stays
 */
export async function adaptSstEncryption(
  cnf: string,
  { clock, log, signal, ask, isServerUp }: SstEncryptionPorts,
): Promise<never> {
  let encrypts: boolean | undefined;
  let askedMs = Number.NEGATIVE_INFINITY;
  let seen: string | undefined;
  let said: SstEncryption | undefined;
  const writing = createComplaint(log);
  const bring = (to: boolean): SstEncryption | undefined => {
    try {
      const text = readOptionFile(cnf);
      if (text === undefined) return "unseen";
      const wanted = withSstEncryption(text, to);
      writeIfChanged(cnf, wanted);
      writing.over();
      return sstEncryptionIn(wanted);
    } catch (error) {
      writing.say(messageOf(error));
      return undefined;
    }
  };
  const tell = async (found: SstEncryption | undefined) => {
    if (found === undefined || found === said) return;
    const { isOurs, line } = tellings[found];
    if (!isOurs && !(await isServerUp())) return; // it may not have been written yet
    said = found;
    log(isOurs ? "info" : "warn", line(cnf));
  };
  for (;;) {
    const isDue = encrypts === undefined || clock.now() - askedMs >= askMs;
    if (isDue) {
      askedMs = clock.now();
      encrypts = canEncrypt(await ask()) ?? encrypts;
    }
    const stamp = stampOf(cnf);
    // A start has written it anew, perhaps.
    if (encrypts !== undefined && (isDue || stamp !== seen)) await tell(bring(encrypts));
    seen = stamp;
    await clock.sleep(lookMs, signal);
  }
}

/** What a galera.cnf says of SST, in the part that each start makes anew. */
type SstEncryption =
  | "on"
  | "off"
  /** There is that part, and no `ssl-mode` in it. */
  | "unchosen"
  /** There is no such part, or no file: no start has written it. */
  | "unseen";

const tellings: Readonly<
  Record<SstEncryption, { readonly isOurs: boolean; readonly line: (cnf: string) => string }>
> = {
  on: { isOurs: true, line: () => "SST is encrypted: all members that answer have TLS" },
  off: { isOurs: true, line: () => "SST is not encrypted: there is a member without TLS" },
  unchosen: {
    isOurs: false,
    line: (cnf) =>
      `the agent leaves SST as it is: ${cnf} has no ssl-mode of this program's, as you have set one, or the server's container has no GALERA_TLS=dynamic`,
  },
  unseen: {
    isOurs: false,
    line: (cnf) =>
      `the agent cannot have SST encrypted: the server's ${cnf} is not there for it: mount ${dirname(cnf)} as one volume in the server's container and in the agent's`,
  },
};

/** Which file there is; it is read again once that is another one. */
function stampOf(path: string): string {
  try {
    const { ino, size, ctimeMs } = statSync(path);
    return `${ino}:${size}:${ctimeMs}`;
  } catch (error) {
    return messageOf(error); // reading it says the same
  }
}

/** Who is silent has no say; undefined where all are. */
export function canEncrypt(answers: readonly Speaks[]): boolean | undefined {
  if (answers.includes("plain")) return false;
  return answers.includes("tls") ? true : undefined;
}

const ownMode = /^ssl-mode=(DISABLED|VERIFY_CA)$/m;

/** A galera.cnf's text with another `ssl-mode` in the part that each start makes anew. */
export function withSstEncryption(text: string, encrypts: boolean): string {
  const block = ownBlockOf(text);
  if (block === "") return text;
  const changed = block.replace(ownMode, `ssl-mode=${encrypts ? "VERIFY_CA" : "DISABLED"}`);
  return text.replace(block, () => changed);
}

function sstEncryptionIn(text: string): SstEncryption {
  const block = ownBlockOf(text);
  if (block === "") return "unseen";
  const [, mode] = ownMode.exec(block) ?? [];
  if (mode === undefined) return "unchosen";
  return mode === "VERIFY_CA" ? "on" : "off";
}
