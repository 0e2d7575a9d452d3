import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseGvwstate } from "./gvwstate.js";

/** One call of `wsrep_notify_cmd` (sql/wsrep_notify.cc). */
export interface Notification {
  /** `joined`, `donor`, `synced`, `connected`, `disconnected`, `initialized`, … */
  readonly status: string;
  readonly uuid: string | undefined;
  readonly primary: boolean;
  /** My place in Galera's order of members; -1 where I am none: a component of the past, seen in IST. */
  readonly index: number;
  /** `wsrep_node_name` of each, sorted: Galera's own order, by UUID, changes from one start to the next. */
  readonly members: readonly string[];
  /** The same, by the UUID that a member has in the group, another one after each start. */
  readonly names: Readonly<Record<string, string>>;
}

/**
 * What Galera calls a member whose state it has not exchanged yet. Two that have lost each other and meet
 * again outside of a primary component never do.
 */
const unknownName = "unspecified";

/** A garbd, as it calls itself: it votes for Galera's quorum, and is nobody to ask. */
function hasNoData(name: string, address: string | undefined): boolean {
  return name.startsWith("garb") && !address;
}

/**
 * Reads the arguments that the server appends: `--status S --uuid U --primary yes|no --index I
 * --members uuid/name/address,…`; the last is missing where there are none.
 *
 * @param known names that were told before, by UUID
 */
export function parseNotification(
  words: readonly string[],
  known: Notification["names"] = {},
): Notification {
  const values = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) {
    values.set(words[index] ?? "", words[index + 1] ?? "");
  }
  const members = (values.get("--members") ?? "")
    .split(",")
    .filter(Boolean)
    .map((member) => member.split("/"))
    .filter(([, name = "", address]) => !hasNoData(name, address))
    .map(([uuid = "", name = ""]) => [uuid, name === unknownName ? known[uuid] : name] as const)
    .filter((member): member is [string, string] => member[1] !== undefined);
  return {
    status: values.get("--status")?.toLowerCase() ?? "",
    uuid: values.get("--uuid"),
    primary: values.get("--primary") === "yes",
    index: Number(values.get("--index") ?? -1),
    members: members.map(([, name]) => name).sort(),
    names: Object.fromEntries(members),
  };
}

/**
 * The number of the primary component that gvwstate.dat describes: it grows from one to the next
 * (gcomm/src/view.cpp writes it before anybody is told).
 */
export function componentNumber(datadir: string): number | undefined {
  try {
    return parseGvwstate(readFileSync(join(datadir, "gvwstate.dat"), "utf8"))?.viewSeq;
  } catch {
    return undefined; // there is none, or a crash has cut it off
  }
}
