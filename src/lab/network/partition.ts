/*
 * Who does not reach whom. A cut is made on both sides of it: each pod loses the packets that it
 * would send over it.
 */

export interface Partition {
  /** Members by their ordinals; those that are in no side are one together. */
  readonly sides: readonly (readonly number[])[];
  /** The named ones reach neither DNS nor clients. */
  readonly node: boolean;
}

export interface Place {
  readonly ordinal: number;
  readonly address: string;
}

/**
 * What a pod must not reach.
 *
 * @param host where DNS and the clients' endpoint are
 */
export function blockedFor(
  own: Place,
  pods: readonly Place[],
  partition: Partition | undefined,
  host: string,
): readonly string[] {
  if (partition === undefined) return [];
  const { sides, node } = partition;
  const sideOf = (ordinal: number) => sides.findIndex((side) => side.includes(ordinal));
  const mine = sideOf(own.ordinal);
  const others = pods.filter(({ ordinal }) => sideOf(ordinal) !== mine);
  const addresses = others.map(({ address }) => address);
  return node && mine >= 0 ? [...addresses, host] : addresses;
}

/** `galera-0 | galera-1, galera-2`, in words of members' names. */
export function partitionText(
  { sides, node }: Partition,
  ordinals: readonly number[],
  nameOf: (ordinal: number) => string,
): string {
  const rest = ordinals.filter((ordinal) => !sides.some((side) => side.includes(ordinal)));
  const all = [...sides, rest].filter((side) => side.length > 0);
  const text = all.map((side) => side.map(nameOf).join(", ")).join(" | ");
  const named = sides.flat().map(nameOf).join(", ");
  return node ? `${text}; ${named} without DNS and clients` : text;
}
