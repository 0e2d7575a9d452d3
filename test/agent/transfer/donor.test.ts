import { expect, test } from "vitest";
import type { Neighbour } from "../../../src/agent/drain/leave-turn.js";
import { createNeighbours } from "../../../src/agent/http/neighbours.js";
import { donorAmong } from "../../../src/agent/transfer/donor.js";
import { host, key, newId, serving, signal, stateOf } from "../members.js";
import { syncedReport } from "../reports.js";

/** What an agent answers whose server is a donor with so many bytes. */
const sends = (totalBytes: number | undefined): Neighbour => ({
  kind: "answers",
  report: syncedReport({ transfer: { role: "donor", totalBytes } }),
});
const receives: Neighbour = {
  kind: "answers",
  report: syncedReport({
    transfer: {
      ...{ role: "joiner", stage: "receiving", donor: "galera-0", bytes: 7 },
      ...{ totalBytes: 900, bytesPerSecond: 1 },
    },
  }),
};
const serves: Neighbour = { kind: "answers", report: syncedReport() };
const nobody = { name: undefined, totalBytes: undefined };

test.each<[string, Readonly<Record<string, Neighbour>>, ReturnType<typeof donorAmong>]>([
  ["nobody there", {}, nobody],
  [
    "nobody who sends",
    { "galera-0": serves, "galera-1": { kind: "mute", looks: 1 }, "galera-2": { kind: "gone" } },
    nobody,
  ],
  ["another joiner", { "galera-0": receives }, nobody],
  [
    "one",
    { "galera-0": serves, "galera-1": sends(500), "galera-2": receives },
    { name: "galera-1", totalBytes: 500 },
  ],
  [
    "one that counts still",
    { "galera-1": sends(undefined) },
    { name: "galera-1", totalBytes: undefined },
  ],
  [
    "two: which of them nobody tells",
    { "galera-0": sends(500), "galera-1": sends(510) },
    { name: undefined, totalBytes: 510 },
  ],
])("%s", (_, neighbours, donor) => {
  expect(donorAmong(new Map(Object.entries(neighbours)))).toEqual(donor);
});

test.each<[string, string | undefined, string | undefined, ReturnType<typeof donorAmong>]>([
  ["without a key", undefined, undefined, { name: "galera-1", totalBytes: 500 }],
  ["signed with mine", key, key, { name: "galera-1", totalBytes: 500 }],
  ["signed with another", "some other key of theirs", key, nobody],
  ["unsigned where I have a key", undefined, key, nobody],
])("a donor's report %s", async (_, theirs, mine, donor) => {
  const transfer = { role: "donor" as const, totalBytes: 500 };
  const report = async () => syncedReport({ state: stateOf("galera-1"), transfer });
  const { port } = await serving({ report }, { key: theirs });
  const peers = [{ name: "galera-1.galera.db", addresses: [host], ordinal: 1 }];
  const neighbours = createNeighbours(
    { agentPort: port, key: mine },
    { newId, accepts: async () => true },
    () => ({ peers, self: undefined, others: peers, fresh: true }),
  );
  expect(donorAmong(await neighbours(["galera-1"], signal))).toEqual(donor);
});
