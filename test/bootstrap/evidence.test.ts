import { describe, expect, test } from "vitest";
import {
  describeEvidence,
  type Evidence,
  type Unrecovered,
  withRecovered,
} from "../../src/bootstrap/evidence.js";
import type { Ledger } from "../../src/bootstrap/ledger.js";
import { zeroUuid } from "../../src/galera/grastate.js";
import { empty, otherUuid, halfSst as sst, uuid } from "./cluster.js";
import { crashed, initialisation, lost, position, remembered, unclustered } from "./evidences.js";

describe("once the server has told its position", () => {
  const nowhere = { uuid: zeroUuid, seqno: -1n };
  const told = { uuid, seqno: 9n };
  const found = (
    of: string,
    seqno: bigint,
    certain: boolean,
    safeToBootstrap = false,
  ): Evidence => ({
    ...{ kind: "position", uuid: of, seqno, safeToBootstrap, certain },
  });
  const { cluster, join, rejoin, first } = remembered;
  const foundedAnew = (seqno: bigint): Ledger => {
    const { foundings = [], ...rest } = cluster ?? {};
    const last = { epoch: 9, id: "0000000000000009", seqno };
    return {
      uuid,
      view: { number: 0, members: [] },
      joining: undefined,
      discarded: [],
      ...rest,
      foundings: [...foundings, last],
    };
  };

  test.each<[string, Unrecovered, typeof told, Ledger | undefined, Evidence]>([
    ["after a crash", crashed({}), told, cluster, found(uuid, 9n, true)],
    [
      "after a crash alone",
      crashed({ safeToBootstrap: true }),
      told,
      cluster,
      found(uuid, 9n, true, true),
    ],
    ["after a crash, without a ledger", crashed({}), told, undefined, found(uuid, 9n, true)],
    ["after a crash before the first write", crashed({}), nowhere, cluster, found(uuid, 0n, true)],
    [
      "after a crash before the first write of a cluster founded anew",
      crashed({}),
      nowhere,
      foundedAnew(561n),
      found(uuid, 561n, true),
    ],
    [
      "after a crash of a joiner of that, which was not Synced",
      crashed({}),
      nowhere,
      { ...foundedAnew(561n), joining: foundedAnew(561n).foundings },
      found(uuid, -1n, true),
    ],
    [
      "after a crash before the first write, without a ledger",
      crashed({}),
      nowhere,
      undefined,
      found(uuid, -1n, true),
    ],
    [
      "after a crash before the first write, with another cluster's ledger",
      crashed({ uuid: otherUuid }),
      nowhere,
      cluster,
      found(otherUuid, -1n, true),
    ],
    ["after a DDL statement", lost(true), told, cluster, found(uuid, 9n, true)],
    ["where it may be half of an SST", lost(false), told, rejoin, found(uuid, 9n, false)],
    ["where it may be half of the first", lost(false), told, join, found(uuid, 9n, false)],
    [
      "where grastate.dat has another uuid",
      crashed({ uuid: otherUuid }),
      told,
      cluster,
      found(uuid, 9n, false),
    ],
    ["none, in a cluster", lost(true), nowhere, cluster, sst],
    ["none, in a join", lost(false), nowhere, join, sst],
    ["none, without a ledger", lost(false), nowhere, undefined, unclustered],
    ["none, blank, without a ledger", lost(false, false, true), nowhere, undefined, sst],
    ["none, after a founding", lost(false, true), nowhere, first, { kind: "initialised" }],
    [
      "none, after a founding, and safe is lost",
      lost(false),
      nowhere,
      first,
      { kind: "initialised" },
    ],
    ["none, and safe without a ledger", lost(false, true), nowhere, undefined, unclustered],
    ["none, and safe in a join", lost(false, true), nowhere, join, sst],
    ["none, and safe in a cluster", lost(true, true), nowhere, cluster, sst],
  ])("%s", (_, unrecovered, position, ledger, evidence) => {
    expect(withRecovered(unrecovered, position, ledger)).toEqual(evidence);
  });
});

describe("in one phrase", () => {
  test.each<[Evidence, string]>([
    [empty, "the datadir is empty"],
    [sst, "the datadir's SST was cut off"],
    [initialisation, "the datadir's initialisation was cut off"],
    [unclustered, "the datadir holds data that never belonged to a cluster"],
    [{ kind: "initialised" }, "the datadir is newly initialised"],
    [position(42n, true), `the datadir stands at ${uuid}:42, safe_to_bootstrap 1`],
    [
      { ...position(42n, false), certain: false } as Evidence,
      `the datadir stands at ${uuid}:42, safe_to_bootstrap 0, perhaps half of an SST`,
    ],
    [
      crashed({}),
      `the datadir holds data of cluster ${uuid}, not stopped cleanly, safe_to_bootstrap 0`,
    ],
    [
      lost(true, true),
      "the datadir holds a cluster's data, not stopped cleanly, safe_to_bootstrap 1",
    ],
  ])("%#", (evidence, phrase) => {
    expect(describeEvidence(evidence)).toBe(phrase);
  });
});
