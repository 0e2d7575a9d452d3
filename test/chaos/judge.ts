/* What must be true of a round, and what of it is not. Pure: it rests on what was seen alone. */
import { zeroUuid } from "../../src/galera/grastate.js";
import { constantSum } from "./schema.js";
import type { Sample, View } from "./watcher.js";

export type FindingKind =
  | "lost row"
  | "two clusters"
  | "human needed"
  | "sum"
  | "members differ"
  | "read-back"
  | "no write"
  | "process left"
  | "campaign";

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

/** What a member has when its cluster is whole, and nobody writes. */
export interface Contents {
  readonly member: string;
  readonly rows: ReadonlySet<number>;
  readonly transfers: ReadonlySet<number>;
  readonly sum: number;
  /** Accounts that do not have what its transfers have left them. */
  readonly unbalanced: readonly number[];
  /** By table. */
  readonly checksums: Readonly<Record<string, number>>;
}

export interface Evidence {
  readonly samples: readonly Sample[];
  /** The cluster's uuid before the round; undefined where it had none. */
  readonly uuid: string | undefined;
  readonly contents: readonly Contents[];
  readonly acknowledged: {
    readonly rows: ReadonlySet<number>;
    readonly transfers: ReadonlySet<number>;
  };
  readonly violations: readonly string[];
  readonly leftovers: readonly string[];
}

export function judge(evidence: Evidence): readonly Finding[] {
  const { samples, uuid, contents, acknowledged, violations, leftovers } = evidence;
  return [
    ...findTwoClusters(samples),
    ...findSplit(samples),
    ...findOtherCluster(samples, uuid),
    ...findLost("rows", contents, acknowledged.rows),
    ...findLost("transfers", contents, acknowledged.transfers),
    ...findSums(contents),
    ...findDifferences(contents),
    ...violations.map((text) => ({ kind: "read-back", text }) as const),
    ...leftovers.map((text) => ({ kind: "process left", text }) as const),
  ];
}

const primaries = ({ views }: Sample): readonly View[] =>
  views.filter(({ primary, uuid }) => primary && uuid !== zeroUuid && uuid !== "");

/** At the same time, members are Primary with different uuids. */
function findTwoClusters(samples: readonly Sample[]): readonly Finding[] {
  for (const sample of samples) {
    const seen = primaries(sample);
    if (new Set(seen.map(({ uuid }) => uuid)).size < 2) continue;
    const text = seen.map(({ member, uuid }) => `${member} in ${uuid}`).join(", ");
    return [{ kind: "two clusters", text }];
  }
  return [];
}

/**
 * For so long, a member that is cut off may take itself for primary, without being able to commit:
 * the time-outs of its group communication and a margin for a machine with much to do.
 */
export const behindMs = 20_000;

/**
 * Two are Primary, and not in one component. Where these have no member in common, both can commit: that is
 * seen in two samples. Else one of them was left behind, as a member is that has stood still.
 */
export function findSplit(samples: readonly Sample[]): readonly Finding[] {
  let since = new Map<string, number>();
  for (const sample of samples) {
    const { atMs } = sample;
    const apart = findApart(primaries(sample));
    since = new Map(apart.map(({ pair }) => [pair, since.get(pair) ?? atMs]));
    const found = apart.find(({ pair, limitMs }) => atMs - (since.get(pair) ?? atMs) > limitMs);
    if (found !== undefined) return [{ kind: "two clusters", text: found.text }];
  }
  return [];
}

interface Apart {
  /** The same for as long as they are apart in the same way. */
  readonly pair: string;
  readonly text: string;
  readonly limitMs: number;
}

function findApart(seen: readonly View[]): readonly Apart[] {
  const lacks = (one: View, other: View) =>
    ![other.member, "?"].some((member) => one.beside.includes(member));
  return seen.flatMap((one, index) =>
    seen.slice(index + 1).flatMap((other) => {
      if (!lacks(one, other) && !lacks(other, one)) return [];
      const text = `${componentText(one)}, and ${componentText(other)}`;
      const isSplit = !other.beside.some((member) => member === "?" || one.beside.includes(member));
      const limitMs = isSplit ? 0 : behindMs;
      return [{ pair: `${one.member} ${other.member} ${limitMs}`, text, limitMs }];
    }),
  );
}

function componentText({ member, component, beside }: View): string {
  return `${member} is Primary in component ${component}, of ${beside.join(", ")}`;
}

/**
 * The cluster is another one than before: a new one was founded in its place. One that begins is there
 * once clients are led to a member of it.
 */
function findOtherCluster(
  samples: readonly Sample[],
  before: string | undefined,
): readonly Finding[] {
  let uuid = before;
  for (const sample of samples) {
    const seen = primaries(sample);
    uuid ??= seen.find(({ member }) => sample.ready.includes(member))?.uuid;
    const other = seen.find((view) => uuid !== undefined && view.uuid !== uuid);
    if (other === undefined) continue;
    const text = `${other.member} is Primary in ${other.uuid}, and the cluster was ${uuid}`;
    return [{ kind: "two clusters", text }];
  }
  return [];
}

/** Those acknowledged ones that a member lacks. */
export function lostOf(
  there: ReadonlySet<number>,
  acknowledged: ReadonlySet<number>,
): readonly number[] {
  return [...acknowledged].filter((id) => !there.has(id));
}

function findLost(
  what: "rows" | "transfers",
  contents: readonly Contents[],
  acknowledged: ReadonlySet<number>,
): readonly Finding[] {
  return contents.flatMap((one) => {
    const lost = lostOf(one[what], acknowledged);
    if (lost.length === 0) return [];
    const some = `${lost.slice(0, 5)}${lost.length > 5 ? ", …" : ""}`;
    const text = `${one.member} lacks ${lost.length} of ${acknowledged.size} acknowledged ${what}: ${some}`;
    return [{ kind: "lost row", text }];
  });
}

function findSums(contents: readonly Contents[]): readonly Finding[] {
  return contents
    .flatMap(({ member, sum, unbalanced }) => [
      ...(sum === constantSum ? [] : [`the accounts of ${member} have ${sum}, not ${constantSum}`]),
      ...(unbalanced.length === 0
        ? []
        : [`on ${member} the transfers do not explain the accounts ${unbalanced}`]),
    ])
    .map((text) => ({ kind: "sum", text }));
}

function findDifferences(contents: readonly Contents[]): readonly Finding[] {
  const tables = Object.keys(contents[0]?.checksums ?? {});
  return tables.flatMap((table) => {
    const sums = contents.map(({ checksums }) => checksums[table]);
    if (new Set(sums).size < 2) return [];
    const text = `${table} has checksums ${contents.map(({ member }, at) => `${sums[at]} on ${member}`).join(", ")}`;
    return [{ kind: "members differ", text }];
  });
}
