/** The last primary component that a member was in, as gvwstate.dat keeps it for `pc.recovery`. */
export interface Gvwstate {
  /** The member's own, lower case; it is not that of the cluster's history. */
  readonly uuid: string;
  /** The component's number: it grows from one to the next, and begins again in a new group. */
  readonly viewSeq: number;
  /** The uuids of all members, the member's own among them. */
  readonly members: readonly string[];
}

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const myUuidLine = new RegExp(`^my_uuid: (${uuid})$`, "i");
/** The type 3 is a primary component: no other is written. */
const viewIdLine = new RegExp(`^view_id: 3 ${uuid} (\\d{1,10})$`, "i");
const memberLine = new RegExp(`^member: (${uuid}) \\d+$`, "i");

/**
 * Reads gvwstate.dat as gcomm/src/view.cpp writes it: `my_uuid`, and the view between `#vwbeg` and
 * `#vwend`.
 *
 * @returns undefined for a file without content, which keeps Galera from starting
 *   (codership/galera#354)
 * @throws GvwstateError naming the line that cannot be read, or after which the file ends too early
 */
export function parseGvwstate(text: string): Gvwstate | undefined {
  if (text.trim() === "") return undefined;
  const lines = text.trimEnd().split(/\r?\n/);
  let place = 0;
  const next = (what: string, pattern: RegExp): string => {
    const line = lines[place++];
    if (line === undefined) throw new GvwstateError(place - 1, `it ends before ${what}`);
    const match = pattern.exec(line);
    if (match === null) {
      throw new GvwstateError(place, `not ${what}: ${JSON.stringify(line.slice(0, 80))}`);
    }
    return (match[1] ?? "").toLowerCase();
  };
  const own = next("my_uuid", myUuidLine);
  next("#vwbeg", /^#vwbeg$/);
  const viewSeq = Number(next("a primary component's view_id", viewIdLine));
  next("bootstrap", /^bootstrap: [01]$/);
  const members: string[] = [];
  while (lines[place]?.startsWith("member:")) members.push(next("a member", memberLine));
  next("#vwend", /^#vwend$/);
  return { uuid: own, viewSeq, members };
}

/** Says which line of gvwstate.dat cannot be read, and why. */
export class GvwstateError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
