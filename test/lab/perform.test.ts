import { expect, test } from "vitest";
import type { Controller } from "../../src/lab/controller.js";
import type { Order } from "../../src/lab/orders.js";
import { createPerform } from "../../src/lab/perform.js";
import type { Pod } from "../../src/lab/pod-life.js";
import { testClock } from "../system/test-clock.js";
import { ready, waiting } from "./pods.js";

/** Orders for pods that have no processes; what the controller is told is noted. */
function lab(pods: readonly Pod[], noPartitions?: string) {
  const told: string[] = [];
  const name = ({ ordinal }: Pod) => ordinal;
  const controller = {
    ...{ pods: () => pods, replicas: () => 3, partition: () => undefined, isStopped: () => false },
    scale: (count) => told.push(`scale ${count}`),
    delete: (pod, { wipe, graceMs, preStop }) =>
      told.push(`delete ${name(pod)} ${wipe} ${graceMs} ${preStop}`),
    stop: (ordinal) => void told.push(`stop ${ordinal}`),
    start: (ordinal) => void told.push(`start ${ordinal}`),
    powerLost: (pod) => told.push(`power lost ${name(pod)}`),
    paused: (pod, isPaused) => told.push(`paused ${name(pod)} ${isPaused}`),
    cut: async (partition) => void told.push(`cut ${JSON.stringify(partition)}`),
    down: () => {},
    run: async () => {},
  } satisfies Controller;
  const perform = createPerform(controller, {
    ...{ lab: { name: "lab", dir: "/nowhere" }, clock: testClock(), settings: { graceMs: 30_000 } },
    note: (kind, _, { member = "" } = {}) => told.push(`${kind} ${member}`.trim()),
    setFaults: (faults) => told.push(`faults ${JSON.stringify(faults)}`),
    network: { noPartitions },
  });
  return async (order: Order) => {
    await perform(order);
    return told.splice(0);
  };
}

const two = [ready(0), ready(1)];
const none = { wipe: false } as const;

test.each<[string, Order, string[]]>([
  [
    "delete",
    { kind: "delete", members: [0, 1], ...none },
    ["delete 0 false 30000 true", "delete 1 false 30000 true"],
  ],
  [
    "delete, hurriedly",
    { kind: "delete", members: [0], wipe: true, graceMs: 0 },
    ["delete 0 true 0 true"],
  ],
  ["disk-loss", { kind: "disk-loss", members: [1] }, ["delete 1 true 0 false"]],
  ["stop, also one that is not there", { kind: "stop", members: [2] }, ["stop 2"]],
  ["start", { kind: "start", members: [2, 0] }, ["start 2", "start 0"]],
  ["pause", { kind: "pause", members: [0] }, ["paused 0 true", "paused galera-0"]],
  ["resume", { kind: "resume", members: [0] }, ["paused 0 false", "resumed galera-0"]],
  ["scale", { kind: "scale", replicas: 5 }, ["scale 5", "scaled"]],
  ["dns", { kind: "dns", faults: { stale: true } }, ['faults {"stale":true}']],
  [
    "partition",
    { kind: "partition", sides: [[0]], node: false },
    ['cut {"sides":[[0]],"node":false}', "partition"],
  ],
  ["heal what is whole", { kind: "heal" }, []],
])("%s", async (_, order, told) => {
  expect(await lab(two)(order)).toEqual(told);
});

test("what names a member that cannot be is refused, and nothing is done", async () => {
  const give = lab([...two, ready(3)]);
  const refused = { exitCode: 64, message: expect.stringContaining("no member galera-4") };
  await expect(give({ kind: "delete", members: [0, 4], ...none })).rejects.toMatchObject(refused);
  await expect(give({ kind: "partition", sides: [[0], [4]], node: false })).rejects.toMatchObject(
    refused,
  );
  expect(await give({ kind: "stop", members: [3] })).toEqual(["stop 3"]);
});

test("all members on one side are cut off from nobody, but from DNS and clients they can be", async () => {
  const give = lab([...two, ready(2)]);
  const all = { kind: "partition", sides: [[2, 0, 1]] } as const;
  await expect(give({ ...all, node: false })).rejects.toMatchObject({
    exitCode: 64,
    message: "these are all members, on one side: nobody is left to cut them off from",
  });
  expect(await give({ ...all, node: true })).toEqual([
    'cut {"sides":[[2,0,1]],"node":true}',
    "partition",
  ]);
  const apart = { kind: "partition", sides: [[0, 1], [2]], node: false } as const;
  expect(await give(apart)).toContain("partition");
});

test("what cannot be now is refused, and nothing is done", async () => {
  const give = lab([ready(0), waiting(1)]);
  await expect(give({ kind: "delete", members: [0, 2], ...none })).rejects.toMatchObject({
    exitCode: 69,
    message: "galera-2 is not created yet",
  });
  await expect(
    give({ kind: "kill", members: [0, 1], container: "mariadb", signal: "SIGKILL" }),
  ).rejects.toMatchObject({ exitCode: 69, message: "galera-1 has no process now: it is Pending" });
  expect(await give({ kind: "stop", members: [0] })).toEqual(["stop 0"]);
});

test("a kill of all, and an outage, are a loss of power of those that run", async () => {
  const give = lab([ready(0), ready(1), waiting(2)]);
  const all = { kind: "kill", members: [0], container: "all", signal: "SIGKILL" } as const;
  expect(await give(all)).toEqual(["power lost 0", "signal galera-0"]);
  expect(await give({ ...all, container: "mariadb" })).toEqual(["signal galera-0"]);
  expect(await give({ kind: "outage" })).toEqual([
    ...["outage", "power lost 0", "power lost 1", "signal galera-0", "signal galera-1"],
  ]);
});

test("without namespaces nobody is cut off, and why is said", async () => {
  const give = lab(two, "network namespaces need root");
  await expect(give({ kind: "partition", sides: [[0]], node: false })).rejects.toMatchObject({
    exitCode: 78,
    message: expect.stringContaining("network namespaces need root"),
  });
  expect(await give({ kind: "heal" })).toEqual([]);
});
