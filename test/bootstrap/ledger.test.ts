import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adopted,
  discarding,
  epochOf,
  type Founding,
  founded,
  haveParted,
  joining,
  type Ledger,
  lineOf,
  newestLedger,
  pastOf,
  sharedUpTo,
  sharedWithoutLedger,
  viewed,
} from "../../src/bootstrap/ledger.js";
import { founding, ledger, otherUuid, pods, uuid } from "./cluster.js";

/** A founding by pc.bootstrap. */
const inPlace = (epoch: number, seqno: bigint, id?: string): Founding => ({
  ...founding(epoch, seqno, id),
  inPlace: true,
});

const blank: Ledger = {
  ...{ uuid: undefined, foundings: [], view: { number: 0, members: [] } },
  ...{ joining: undefined, discarded: [] },
};
const alone = { number: 0, members: pods(1) };
const three = { number: 5, members: pods(3) };

describe("a founding", () => {
  test("is the first of a member that knows of none", () => {
    const expected = { ...blank, uuid, foundings: [founding(1, 4n)], view: alone };
    expect(founded(undefined, founding(1, 4n), alone, uuid)).toEqual(expected);
  });

  test("comes behind the others, ends a join, and keeps what was discarded", () => {
    const before = ledger(3, { joining: [founding(1)], discarded: [1] });
    const foundings = [founding(1), founding(2, 9n)];
    const expected = { uuid, foundings, view: alone, joining: undefined, discarded: [1] };
    expect(founded(before, founding(2, 9n), alone, uuid)).toEqual(expected);
  });

  test("of a new cluster has no uuid, also where there was one", () => {
    expect(founded(ledger(3), founding(2), alone, undefined).uuid).toBeUndefined();
  });

  test("with the past of another one that knows more", () => {
    const past = [founding(1), founding(2, 5n)];
    const made = founded(ledger(2), founding(3, 9n), alone, uuid, past);
    expect(made.foundings).toEqual([...past, founding(3, 9n)]);
  });

  test("the oldest of many are forgotten", () => {
    let made: Ledger | undefined;
    for (let epoch = 1; epoch <= 40; epoch += 1) {
      made = viewed(
        founded(made, founding(epoch), alone, uuid),
        uuid,
        { ...three, number: 1 },
        true,
      );
    }
    expect(made?.foundings.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: 32 }, (_, index) => index + 9),
    );
    expect(epochOf(made)).toBe(40);
  });

  test("one that came to nothing gives way to the next from the same position", () => {
    const first = founded(ledger(1), { ...founding(2), seqno: 9n }, alone, uuid);
    const second = founded(first, { ...founding(3), seqno: 9n }, alone, uuid);
    expect(second.foundings.map(({ epoch }) => epoch)).toEqual([1, 3]);
    const later = founded(first, { ...founding(3), seqno: 10n }, alone, uuid);
    expect(later.foundings.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  });

  test("one by pc.bootstrap is forgotten with the next", () => {
    const inPlace = founded(ledger(1), { ...founding(2), inPlace: true }, alone, uuid);
    expect(founded(inPlace, founding(3), alone, uuid).foundings.map(({ id }) => id)).toEqual([
      founding(1).id,
      founding(3).id,
    ]);
  });
});

test.each<[string, Ledger | undefined, number]>([
  ["no ledger", undefined, 0],
  ["no founding", blank, 0],
  ["one", ledger(1), 1],
  ["two", ledger(1, { foundings: [founding(1), founding(4)] }), 4],
])("the epoch of %s is %i", (_, one, epoch) => {
  expect(epochOf(one)).toBe(epoch);
});

describe("a join", () => {
  test("is noted beside what was known", () => {
    expect(joining(undefined, [founding(3)])).toEqual({ ...blank, joining: [founding(3)] });
    expect(joining(ledger(2), [])).toEqual({ ...ledger(2), joining: [] });
  });

  test("that gives data up forgets the cluster, and not the token", () => {
    expect(discarding(ledger(2, { discarded: [1] }), 4)).toEqual({ ...blank, discarded: [1, 4] });
    expect(discarding(undefined, 4)).toEqual({ ...blank, discarded: [4] });
  });
});

describe("a primary component", () => {
  const theirs = [founding(1), founding(2, 9n)];
  test.each<[string, Ledger | undefined, boolean, Ledger]>([
    ["of a cluster that was founded without us", undefined, true, { ...blank, uuid, view: three }],
    ["of mine", ledger(2), true, ledger(2, { view: three })],
    [
      "of my new cluster: now it has a uuid",
      { ...ledger(1), uuid: undefined },
      true,
      ledger(1, { view: three }),
    ],
    [
      "in which my SST goes on",
      joining(ledger(2), theirs),
      false,
      ledger(2, { foundings: theirs, view: three, joining: theirs }),
    ],
    [
      "in which my SST has ended",
      joining(ledger(2), theirs),
      true,
      ledger(2, { foundings: theirs, view: three }),
    ],
    [
      "as old as what I know",
      ledger(2, { view: { number: 5, members: pods(2) } }),
      true,
      ledger(2, { view: three }),
    ],
    [
      "that is older is no news",
      ledger(2, { view: { number: 6, members: pods(2) } }),
      true,
      ledger(2, { view: { number: 6, members: pods(2) } }),
    ],
    [
      "that is older, of the cluster that I join, is news",
      joining(ledger(2, { view: { number: 6, members: pods(2) } }), theirs),
      true,
      ledger(2, { foundings: theirs, view: three }),
    ],
  ])("%s", (_, before, synced, after) => {
    expect(viewed(before, uuid, three, synced)).toEqual(after);
    expect(viewed(after, uuid, three, synced)).toEqual(after); // told twice
  });
});

describe("a founding that a member of my component has learnt of", () => {
  const later = ledger(2, { foundings: [founding(1), founding(2, 5n)] });
  test.each<[string, Ledger, Ledger, Ledger]>([
    ["is adopted", ledger(3), later, { ...later, view: ledger(3).view }],
    ["not twice", later, later, later],
    ["not an earlier one", later, ledger(3), later],
    ["not that of another cluster", ledger(3), { ...later, uuid: otherUuid }, ledger(3)],
  ])("%s", (_, mine, theirs, expected) => {
    expect(adopted(mine, theirs)).toEqual(expected);
  });
});

describe("the newest", () => {
  const early = ledger(3, { view: { number: 9, members: pods(3) } });
  const late = ledger(1, {
    foundings: [founding(1), founding(2)],
    view: { number: 2, members: pods(1) },
  });
  const later = { ...late, view: { number: 3, members: pods(2) } };
  test.each<[string, readonly Ledger[], Ledger | undefined]>([
    ["of none", [], undefined],
    ["of one", [early], early],
    ["the later epoch, whatever its component", [late, early], late],
    ["the later component of the same epoch", [late, later, early], later],
    [
      "the later component, whoever knows of a founding in place",
      [{ ...late, foundings: [...late.foundings, inPlace(3, 7n)] }, later],
      later,
    ],
    [
      "who knows of it, of the same component",
      [late, { ...late, foundings: [...late.foundings, inPlace(3, 7n)] }],
      { ...late, foundings: [...late.foundings, inPlace(3, 7n)] },
    ],
  ])("%s", (_, ledgers, newest) => {
    expect(newestLedger(ledgers)).toEqual(newest);
    expect(newestLedger(ledgers.toReversed())).toEqual(newest);
  });
});

describe("two have parted", () => {
  const twice = (id: string) => ledger(1, { foundings: [founding(1), founding(2, 5n, id)] });
  test.each<[string, Ledger, Ledger, boolean]>([
    ["by two foundings of one epoch", twice("a"), twice("b"), true],
    ["not by the same one", twice("a"), twice("a"), false],
    ["not by one that the other has not learnt of", twice("a"), ledger(1), false],
    ["not where none has a founding", blank, blank, false],
    [
      "not by foundings in place, which Galera itself keeps to one",
      ledger(1, { foundings: [founding(1), inPlace(2, 5n, "a")] }),
      ledger(1, { foundings: [founding(1), inPlace(2, 5n, "b")] }),
      false,
    ],
    [
      "by two of one epoch, behind which one went on in place",
      { ...twice("a"), foundings: [...twice("a").foundings, inPlace(3, 9n)] },
      twice("b"),
      true,
    ],
  ])("%s: %s", (_, one, other, parted) => {
    expect(haveParted(one, other)).toBe(parted);
    expect(haveParted(other, one)).toBe(parted);
  });
});

describe("up to which position two histories are one", () => {
  const [a, b, c] = [founding(1), founding(2, 5n), founding(3, 9n)];
  test.each<[string, readonly Founding[], readonly Founding[], bigint | undefined]>([
    ["the same", [a, b], [a, b], undefined],
    ["a member without a past", [], [a, b], undefined],
    ["one founding more", [a], [a, b], 5n],
    ["two more: the first of them", [a], [a, b, c], 5n],
    ["one more each: the lower", [a, b], [a, founding(2, 7n, "x")], 5n],
    ["one more here, two there", [a, founding(2, 3n, "x")], [a, b, c], 3n],
    ["nothing in common but the uuid", [a], [founding(1, -1n, "x")], undefined],
    ["what was forgotten parts nobody", [b, c], [a, b, c], undefined],
    ["the earliest is forgotten, one founding more", [b], [a, b, c], 9n],
    ["a founding in place parts nobody", [a], [a, inPlace(2, 5n)], undefined],
    ["nor two of them", [a, inPlace(2, 3n, "x")], [a, inPlace(2, 5n)], undefined],
    ["one behind it does", [a], [a, inPlace(2, 5n), founding(3, 7n)], 7n],
  ])("%s", (_, mine, theirs, position) => {
    expect(sharedUpTo(mine, theirs)).toBe(position);
  });

  const some = (prefix: string, max = 6) =>
    fc.array(fc.bigInt({ min: -1n, max: 50n }), { maxLength: max }).map((seqnos) =>
      // A founder goes on from its position, so that of a later founding is none before it.
      seqnos
        .toSorted((one, other) => Number(one - other))
        .map((seqno, index) => founding(index + 1, seqno, `${prefix}${index}`)),
    );

  test("is the same from both sides", () => {
    fc.assert(
      fc.property(some("c"), some("m"), some("t"), (common, mine, theirs) => {
        const [one, other] = [
          [...common, ...mine],
          [...common, ...theirs],
        ];
        expect(sharedUpTo(one, other)).toBe(sharedUpTo(other, one));
      }),
    );
  });

  test("is the lowest founding that one of the two has alone", () => {
    fc.assert(
      fc.property(some("c"), some("m"), some("t"), (common, mine, theirs) => {
        const first = (of: readonly Founding[]) => of.find(({ seqno }) => seqno >= 0n)?.seqno;
        const parted = [first(mine), first(theirs)].filter((seqno) => seqno !== undefined);
        fc.pre(common.length > 0);
        const lowest = parted.toSorted((one, other) => Number(one - other))[0];
        expect(sharedUpTo([...common, ...mine], [...common, ...theirs])).toBe(lowest);
      }),
    );
  });

  test("what both have forgotten changes nothing", () => {
    fc.assert(
      fc.property(some("c"), some("m"), some("t"), fc.nat(5), (common, mine, theirs, forgotten) => {
        fc.pre(common.length > forgotten);
        const kept = common.slice(forgotten);
        expect(sharedUpTo([...kept, ...mine], [...kept, ...theirs])).toBe(
          sharedUpTo([...common, ...mine], [...common, ...theirs]),
        );
      }),
    );
  });
});

test.each<[string, readonly Founding[], Founding | undefined]>([
  ["no founding", [], undefined],
  ["the last", [founding(1), founding(2, 5n)], founding(2, 5n)],
  ["the last that was not in place", [founding(1), inPlace(2, 5n)], founding(1)],
  ["none but in place", [inPlace(2, 5n)], undefined],
])("since when Galera counts the components: %s", (_, foundings, line) => {
  expect(lineOf(ledger(1, { foundings }))).toEqual(line);
});

test.each<[string, readonly Founding[], bigint | undefined]>([
  ["a cluster that nothing is known of", [], undefined],
  ["a cluster that was new with its first founding", [founding(1), founding(2, 5n)], undefined],
  ["a cluster that is older than its first founding", [founding(1, 7n), founding(2, 9n)], 7n],
])("what a member without a ledger shares with %s", (_, theirs, position) => {
  expect(sharedWithoutLedger(theirs)).toBe(position);
});

describe("the past of one who founds", () => {
  const more = ledger(1, { foundings: [founding(1), founding(2, 5n)] });
  test.each<[string, Ledger | undefined, readonly Ledger[], readonly Founding[]]>([
    ["nobody knows any", undefined, [], []],
    ["its own", more, [ledger(1)], more.foundings],
    ["that of one who knows more of it", ledger(1), [ledger(1), more], more.foundings],
    ["that of others, where it has none", undefined, [ledger(1), more], more.foundings],
    [
      "not that of one who knows another past",
      ledger(1),
      [ledger(1, { foundings: [founding(1, -1n, "x"), founding(2, 5n, "y")] })],
      [founding(1)],
    ],
  ])("%s", (_, own, ledgers, past) => {
    expect(pastOf(own, ledgers)).toEqual(past);
  });
});
