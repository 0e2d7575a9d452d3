/*
 * An SST that is under way, as a member's agent tells of it.
 */
import { count, FormatError, field, name, oneOf, optional, text } from "../../bootstrap/format.js";

export type Transfer = Sending | Receiving;

/** My server is the donor. */
export interface Sending {
  readonly role: "donor";
  /** How much an SST from it brings; undefined until that was counted. */
  readonly totalBytes: number | undefined;
}

/** My server is the joiner. */
export interface Receiving {
  readonly role: "joiner";
  /**
   * `waiting`: nothing has come yet, and nothing will if the donor has all write-sets that are missing
   * (IST). `preparing`: mariabackup has received everything, and makes it consistent.
   */
  readonly stage: "waiting" | "receiving" | "preparing";
  /** Undefined where nobody says that it is the donor, or several do. */
  readonly donor: string | undefined;
  readonly bytes: number;
  /** What the donor has; undefined where its agent does not say. */
  readonly totalBytes: number | undefined;
  /** Over the last ten seconds; undefined where nothing is being received. */
  readonly bytesPerSecond: number | undefined;
}

/** @throws FormatError */
export function readTransfer(value: unknown, at: string): Transfer {
  const totalBytes = field(value, "totalBytes", at, optional(count));
  const role = field(value, "role", at, text);
  switch (role) {
    case "donor":
      return { role, totalBytes };
    case "joiner":
      return {
        ...{ role, totalBytes },
        stage: field(value, "stage", at, oneOf("waiting", "receiving", "preparing")),
        donor: field(value, "donor", at, optional(name)),
        bytes: field(value, "bytes", at, count),
        bytesPerSecond: field(value, "bytesPerSecond", at, optional(count)),
      };
    default:
      throw new FormatError(`${at}.role: ${JSON.stringify(role)} is not known`);
  }
}
