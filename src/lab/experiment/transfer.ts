/* What a joiner's log says of the state transfer that it came back by. Pure. */

export interface Transfer {
  /** The whole of the data, or the write-sets that it had missed. */
  readonly kind: "SST" | "IST";
  readonly donor: string;
}

/** The last one; undefined where there was none. */
export function lastTransfer(log: string): Transfer | undefined {
  const donor = lastOf(log, /requested state transfer from .*Selected \S+ \(([^)]+)\)/g);
  const kind = lastOf(log, /rsync (SST|IST) completed on joiner/g);
  return donor === undefined || kind === undefined
    ? undefined
    : { donor, kind: kind === "IST" ? "IST" : "SST" };
}

function lastOf(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}

/** `IST from galera-1` */
export function transferText(transfer: Transfer | undefined): string {
  return transfer === undefined ? "no state transfer" : `${transfer.kind} from ${transfer.donor}`;
}
