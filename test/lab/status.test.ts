import { expect, test } from "vitest";
import { readWsrepStatus } from "../../src/galera/wsrep-status.js";
import { readyBySql } from "../../src/lab/health.js";
import { noteHealth } from "../../src/lab/health-events.js";
import { type Pod, paused, probed } from "../../src/lab/pod-life.js";
import { formatStatus, type LabStatus, memberStatuses } from "../../src/lab/status.js";
import { attended, crashed, donor, leaving, ready, starting, synced } from "./pods.js";

const lost = {
  ...{ ready: false, why: "the server's component is not primary" },
  galera: { state: "Initialized", primary: false, clusterSize: 1 },
};

test("the table has all members that are or shall be; below it, where clients go", () => {
  const pods = [ready(0), probed(starting(1), lost, 0, 9), crashed(2), leaving(4), attended(5)];
  const status = {
    members: memberStatuses([...pods, paused(starting(6), true)], 4),
    ...{ clients: "127.0.7.254:3306", ready: ["galera-0"], dns: "127.0.7.254:5300" },
    ...{ faults: "lag=300ms", partition: "galera-1 | galera-0, galera-2" },
  } as unknown as LabStatus;
  expect(formatStatus(status)).toBe(
    `MEMBER    PHASE        READY  PID  ADDRESS    RESTARTS  WSREP STATE                SIZE
galera-0  Running      yes    100  127.0.7.1  0         Synced                     2
galera-1  Running      no     101  127.0.7.2  0         Initialized (non-Primary)  1
galera-2  BackOff      no     -    127.0.7.3  0         SIGKILL                    -
galera-3  Pending      no     -    -          0         -                          -
galera-4  Terminating  no     104  127.0.7.5  0         Synced                     2
galera-5  Pending      no     -    127.0.7.6  0         -                          -
galera-6  Paused       no     106  127.0.7.7  0         -                          -
clients   127.0.7.254:3306, to galera-0
DNS       127.0.7.254:5300, lag=300ms
cut off   galera-1 | galera-0, galera-2`,
  );
  expect(formatStatus({ ...status, ready: [], faults: "none", partition: null })).toMatch(
    /\nclients {3}127\.0\.7\.254:3306, to nobody: no member is ready\nDNS {7}127\.0\.7\.254:5300$/,
  );
});

test.each<[string, Pod, Pod, string[]]>([
  ["nothing new", ready(0), ready(0), []],
  [
    "ready for the first time",
    starting(0),
    ready(0),
    [
      "galera: Synced, cluster of 2 members",
      "ready: ready 1.0 s after its start: Synced, cluster of 2 members",
    ],
  ],
  [
    "a donor",
    ready(0),
    probed(ready(0), donor, 0, 5000),
    ["galera: Donor/Desynced, cluster of 2 members", "not-ready: not ready: the server is a donor"],
  ],
  [
    "and no more",
    probed(ready(0), donor, 0, 5000),
    probed(ready(0), synced, 0, 6000),
    ["galera: Synced, cluster of 2 members", "ready: ready again: Synced, cluster of 2 members"],
  ],
  [
    "cut off",
    ready(0),
    probed(ready(0), lost, 0, 5000),
    [
      "galera: Initialized, non-Primary component of 1 member",
      "not-ready: not ready: the server's component is not primary",
    ],
  ],
  [
    "silent",
    ready(0),
    probed(ready(0), { ready: false, why: undefined, galera: undefined }, 0, 5000),
    ["not-ready: not ready"],
  ],
])("told of a member: %s", (_, before, after, wanted) => {
  const told: string[] = [];
  noteHealth(before, after, "galera-0", (kind, text) => told.push(`${kind}: ${text}`));
  expect(told).toEqual(wanted);
});

test("without an agent, ready is: in the primary component, synced, taking queries", () => {
  const status = (ready: string, state: string, component: string) =>
    readyBySql(
      readWsrepStatus([
        { VARIABLE_NAME: "WSREP_READY", VARIABLE_VALUE: ready },
        { VARIABLE_NAME: "WSREP_LOCAL_STATE", VARIABLE_VALUE: state },
        { VARIABLE_NAME: "WSREP_CLUSTER_STATUS", VARIABLE_VALUE: component },
      ]),
    ).ready;
  expect(status("ON", "4", "Primary")).toBe(true);
  expect(status("OFF", "4", "Primary")).toBe(false);
  expect(status("ON", "2", "Primary")).toBe(false);
  expect(status("ON", "4", "non-Primary")).toBe(false);
  expect(readyBySql(undefined)).toEqual({ ready: false, why: "its server does not answer" });
});
