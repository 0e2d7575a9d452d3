/** A place in the replication history; `uuid:seqno` in Galera's messages and options. */
export interface Position {
  /** The cluster's uuid, lower case; all zero in a member that never had one. */
  readonly uuid: string;
  /** The last write-set; -1 where it is not known (running, crashed, or never clustered). */
  readonly seqno: bigint;
}

/** What grastate.dat holds. */
export interface Grastate extends Position {
  readonly safeToBootstrap: boolean;
}

export const zeroUuid = "00000000-0000-0000-0000-000000000000";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads grastate.dat as galera/src/saved_state.cpp writes it: `name: value` lines padded with
 * spaces, comments behind `#`, in any order.
 *
 * @returns undefined for a file without content, as an interrupted SST leaves it
 * @throws GrastateError naming the line that cannot be read
 */
export function parseGrastate(text: string): Grastate | undefined {
  if (text.trim() === "") return undefined;
  let uuid: string | undefined;
  let seqno: bigint | undefined;
  let safeToBootstrap = false;
  for (const [index, line] of text.split("\n").entries()) {
    const content = line.replace(/#.*/s, "").trim();
    if (content === "") continue;
    const [, name, value = ""] = /^(\w+):\s*(.*)$/.exec(content) ?? [];
    const bad = (what: string) =>
      new GrastateError(index + 1, `${what}: ${JSON.stringify(content.slice(0, 80))}`);
    switch (name) {
      case "uuid":
        uuid = value.toLowerCase();
        if (!uuidPattern.test(uuid)) throw bad("not a uuid");
        break;
      case "seqno":
        if (!/^-?\d{1,19}$/.test(value)) throw bad("not a seqno");
        seqno = BigInt(value);
        if (BigInt.asIntN(64, seqno) !== seqno) throw bad("not a seqno");
        break;
      case "safe_to_bootstrap":
        if (!/^[01]$/.test(value)) throw bad("neither 0 nor 1");
        safeToBootstrap = value === "1";
        break;
      case undefined:
        throw bad("not a line of grastate.dat");
      default: // version and cert_index say nothing about the position
    }
  }
  if (uuid === undefined) throw new GrastateError(1, "no uuid in it");
  if (seqno === undefined) throw new GrastateError(1, "no seqno in it");
  return { uuid, seqno, safeToBootstrap };
}

/** Says which line of grastate.dat cannot be read, and why. */
export class GrastateError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Reads `uuid:seqno`; in GTID mode more follows behind a comma. */
export function parsePosition(text: string): Position {
  const [, uuid = zeroUuid, seqno = "-1"] = /^([^:]+):(-?\d+)/.exec(text) ?? [];
  return { uuid: uuid.toLowerCase(), seqno: BigInt(seqno) };
}

/** `uuid:seqno`. */
export function formatPosition({ uuid, seqno }: Position): string {
  return `${uuid}:${seqno}`;
}

/** The text of grastate.dat, as galera/src/saved_state.cpp writes it. */
export function formatGrastate({ uuid, seqno, safeToBootstrap }: Grastate): string {
  return `# GALERA saved state
version: 2.1
uuid:    ${uuid}
seqno:   ${seqno}
safe_to_bootstrap: ${safeToBootstrap ? 1 : 0}
`;
}
