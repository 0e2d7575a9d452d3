/*
 * What a member remembers of its cluster. The position on its disk says how far it came; the ledger
 * says who else was there, so who has to be asked before anybody founds the cluster again. It stays
 * on the data volume and survives an SST.
 */

/** One act that made a primary component by decision: `--wsrep-new-cluster` or `pc.bootstrap`. */
export interface Founding {
  /** 1 for the first, one more for each further one. */
  readonly epoch: number;
  /** Tells two foundings of the same epoch apart, which only a human's token can bring about. */
  readonly id: string;
  /** The founder's position; -1 for a new cluster. */
  readonly seqno: bigint;
  /** By pc.bootstrap: Galera's own count of components went on, and no history was left behind. */
  readonly inPlace?: boolean;
}

/** A primary component, by the names of its members (`wsrep_node_name`, the pods' names). */
export interface View {
  /** Grows from one primary component to the next, until a server is started to found anew. */
  readonly number: number;
  readonly members: readonly string[];
}

export interface Ledger {
  /** The cluster's; undefined from the founding of a new one to its first primary component. */
  readonly uuid: string | undefined;
  /** Oldest first; none where the cluster was founded without us, or nobody told its past. */
  readonly foundings: readonly Founding[];
  /** The last primary component that this member was in. */
  readonly view: View;
  /**
   * The foundings of the cluster that a join was begun to and has not come to its end: a datadir
   * without a state of its own may then be half of an SST.
   */
  readonly joining: readonly Founding[] | undefined;
  /** The epochs for which a token to discard this member's data was used. */
  readonly discarded: readonly number[];
}

/** So many foundings are remembered; only the last common one of two members matters. */
const keptFoundings = 32;

const blank: Ledger = {
  uuid: undefined,
  foundings: [],
  view: { number: 0, members: [] },
  joining: undefined,
  discarded: [],
};

/** 0 before the first founding. */
export function epochOf(ledger: Pick<Ledger, "foundings"> | undefined): number {
  return ledger?.foundings.at(-1)?.epoch ?? 0;
}

/**
 * A founding: what has to be durable before the founder's server may start.
 *
 * @param past the foundings before, of the one among those asked who knows most
 */
export function founded(
  ledger: Ledger | undefined,
  founding: Founding,
  view: View,
  uuid: string | undefined,
  past: readonly Founding[] = ledger?.foundings ?? [],
): Ledger {
  const { discarded } = ledger ?? blank;
  const vain = ledger && inVain(ledger, founding);
  const before = past.filter(({ id, inPlace }) => id !== vain?.id && inPlace !== true);
  return {
    uuid,
    foundings: [...before, founding].slice(-keptFoundings),
    view,
    joining: undefined,
    discarded,
  };
}

/** A founding that came to nothing before this one: a start that fails again and again is one. */
function inVain({ foundings, view }: Ledger, { seqno }: Founding): Founding | undefined {
  const last = foundings.at(-1);
  return view.number === 0 && last?.seqno === seqno ? last : undefined;
}

/** A join to a cluster with these foundings is about to begin. */
export function joining(ledger: Ledger | undefined, foundings: readonly Founding[]): Ledger {
  return { ...(ledger ?? blank), joining: foundings };
}

/** The member's data are given up for the cluster of this epoch. */
export function discarding(ledger: Ledger | undefined, epoch: number): Ledger {
  const { discarded } = ledger ?? blank;
  return { ...blank, discarded: [...new Set([...discarded, epoch])] };
}

/**
 * The member is in a primary component: it has that cluster's past from now on. What an older
 * component was is no news.
 */
export function viewed(
  ledger: Ledger | undefined,
  uuid: string,
  view: View,
  synced: boolean,
): Ledger {
  const known = ledger ?? blank;
  if (view.number < known.view.number && known.joining === undefined) return known;
  return {
    ...known,
    uuid,
    foundings: known.joining ?? known.foundings,
    view,
    joining: synced ? undefined : known.joining,
  };
}

/** A member of my own primary component has learnt of a founding that I have not: pc.bootstrap. */
export function adopted(ledger: Ledger, theirs: Ledger): Ledger {
  const grown = epochOf(theirs) > epochOf(ledger) && ledger.uuid === theirs.uuid;
  return grown ? { ...ledger, foundings: theirs.foundings } : ledger;
}

/** The ledger that knows most; with equal epochs and foundings the one of the later component. */
export function newestLedger(ledgers: readonly Ledger[]): Ledger | undefined {
  return ledgers.reduce<Ledger | undefined>(
    (best, one) => (best === undefined || isNewer(one, best) ? one : best),
    undefined,
  );
}

/**
 * Whether one is of a later primary component than the other. Only the bootstrapper knows of a
 * founding in place until the others adopt it, so that does not tell; the components' numbers, which
 * go on, do.
 */
export function isNewer(one: Ledger, other: Ledger): boolean {
  const [mine, theirs] = [lineOf(one)?.epoch ?? 0, lineOf(other)?.epoch ?? 0];
  if (mine !== theirs) return mine > theirs;
  if (one.view.number !== other.view.number) return one.view.number > other.view.number;
  return epochOf(one) > epochOf(other);
}

/** The past of one who founds: its own, as far as the one among these who knows most of it. */
export function pastOf(own: Ledger | undefined, ledgers: readonly Ledger[]): readonly Founding[] {
  const last = own && lineOf(own);
  const knowing = ledgers.filter(
    ({ foundings }) => last === undefined || foundings.some(({ id }) => id === last.id),
  );
  const candidates = own === undefined ? knowing : [own, ...knowing];
  return newestLedger(candidates)?.foundings ?? [];
}

/** The founding since which Galera has counted the components; undefined where nobody told. */
export function lineOf({ foundings }: Ledger): Founding | undefined {
  return foundings.findLast(({ inPlace }) => !inPlace);
}

/** Two foundings of the same epoch: histories that tokens have let part. */
export function haveParted(one: Ledger, other: Ledger): boolean {
  const [mine, theirs] = [lineOf(one), lineOf(other)];
  return mine?.epoch === theirs?.epoch && mine?.id !== theirs?.id;
}

/**
 * Up to which position a member that has been in no component since there are ledgers shares the
 * history of a cluster that is older than they are: it has missed even the first founding.
 */
export function sharedWithoutLedger(theirs: readonly Founding[]): bigint | undefined {
  const first = theirs[0]?.seqno;
  return first === undefined || first < 0n ? undefined : first;
}

/**
 * Up to which position a member with these foundings shares the history of another: beyond it, the
 * two have written different things under the same numbers.
 *
 * @returns undefined where they never parted
 */
export function sharedUpTo(
  mine: readonly Founding[],
  theirs: readonly Founding[],
): bigint | undefined {
  const parting = (foundings: readonly Founding[]) => foundings.filter(({ inPlace }) => !inPlace);
  return sharedUpToParting(parting(mine), parting(theirs));
}

function sharedUpToParting(
  mine: readonly Founding[],
  theirs: readonly Founding[],
): bigint | undefined {
  if (mine.length === 0 || theirs.length === 0) return undefined;
  const after = (one: readonly Founding[], other: readonly Founding[]) => {
    const known = new Set(other.map(({ id }) => id));
    const later = one.slice(one.findLastIndex(({ id }) => known.has(id)) + 1);
    // The uuid tells that its first founding is common, also where one of them was not told of it.
    return later.find(({ seqno }) => seqno >= 0n)?.seqno;
  };
  const parted = [after(mine, theirs), after(theirs, mine)].filter((seqno) => seqno !== undefined);
  return parted.length === 0 ? undefined : parted.reduce((a, b) => (a < b ? a : b));
}
