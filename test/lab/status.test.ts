import { expect, test } from "vitest";
import { progressLines } from "../../src/lab/progress.js";
import { readStatus } from "../../src/lab/readiness.js";
import { created, deleted, ended, type Pod, probed, restarted } from "../../src/lab/statefulset.js";
import { formatMembers, type LabStatus, memberStatuses } from "../../src/lab/status.js";

const synced = { ready: true, state: "Synced", component: "Primary", clusterSize: 2 };
const lost = { ready: false, state: "Initialized", component: "non-Primary", clusterSize: 1 };

const starting = created(0, 1, 100, 0);
const ready = probed(starting, synced, 1500);
const crashed = ended(ready, "SIGKILL", 2000);
const again = restarted(crashed, 101, 2000);
const stopping = deleted(ready, false, 2000);
const anew = created(0, 2, 102, 3000);

function lab(pods: readonly Pod[], replicas = 1): LabStatus {
  const members = memberStatuses(pods, replicas, 7);
  return { name: "lab", dir: "/d", service: "s", dns: "d", replicas, members };
}

test("the table has all members that are or shall be", () => {
  const pods = [
    ready,
    { ...probed(again, lost, 2500), ordinal: 1 },
    { ...crashed, ordinal: 2 },
    { ...stopping, ordinal: 4 },
  ];
  expect(formatMembers(memberStatuses(pods, 4, 7))).toBe(
    `MEMBER    PHASE        READY  PID  ADDRESS    RESTARTS  WSREP STATE                SIZE
galera-0  Running      yes    100  127.0.7.1  0         Synced                     2
galera-1  Running      no     101  127.0.7.2  1         Initialized (non-Primary)  1
galera-2  BackOff      no     -    127.0.7.3  0         SIGKILL                    -
galera-3  Pending      no     -    127.0.7.4  0         -                          -
galera-4  Terminating  no     100  127.0.7.5  0         -                          -`,
  );
});

test.each<[string, Pod | undefined, Pod | undefined, string[]]>([
  ["created", undefined, starting, ["created, 127.0.7.1"]],
  ["ready", starting, ready, ["ready 1.5 s after its start: Synced, cluster of 2 members"]],
  [
    "both between two looks",
    undefined,
    ready,
    ["created, 127.0.7.1", "ready 1.5 s after its start: Synced, cluster of 2 members"],
  ],
  ["nothing new", ready, ready, []],
  ["a donor for a while", probed(ready, lost, 2000), ready, []],
  ["a crash", ready, crashed, ["has ended: SIGKILL"]],
  ["a restart", crashed, again, ["started again on its disk (restart 1)"]],
  [
    "a crash and a restart between two looks",
    ready,
    again,
    ["started again on its disk (restart 1)"],
  ],
  ["its end", ready, stopping, ["stopping"]],
  ["gone", stopping, undefined, ["stopped and removed"]],
  ["gone and there again between two looks", stopping, anew, ["created, 127.0.7.1"]],
])("progress: %s", (_, before, after, lines) => {
  const status = (pod: Pod | undefined) => lab(pod === undefined ? [] : [pod]);
  expect(progressLines(status(before), status(after))).toEqual(
    lines.map((line) => `galera-0 ${line}`),
  );
});

test("progress: from nothing, and to nothing, in the order of the ordinals", () => {
  const pods = [10, 2].map((ordinal) => ({ ...starting, ordinal }));
  expect(progressLines(undefined, lab(pods, 0))).toEqual([
    "galera-2 created, 127.0.7.3",
    "galera-10 created, 127.0.7.11",
  ]);
  expect(progressLines(lab(pods, 0), { ...lab(pods, 0), members: [] })).toEqual([
    "galera-2 stopped and removed",
    "galera-10 stopped and removed",
  ]);
});

test("ready is: in the primary component, synced, taking queries", () => {
  const output = (ready: string, state: string, component: string) =>
    readStatus(
      `wsrep_cluster_size\t3\nwsrep_cluster_status\t${component}\nwsrep_local_state_comment\t${state}\nwsrep_ready\t${ready}`,
    );
  expect(output("ON", "Synced", "Primary")).toEqual({
    ...{ ready: true, state: "Synced", component: "Primary", clusterSize: 3 },
  });
  expect(output("OFF", "Synced", "Primary").ready).toBe(false);
  expect(output("ON", "Donor/Desynced", "Primary").ready).toBe(false);
  expect(output("ON", "Synced", "non-Primary").ready).toBe(false);
  expect(readStatus("").ready).toBe(false);
});
