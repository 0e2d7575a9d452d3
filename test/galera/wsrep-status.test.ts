import fc from "fast-check";
import { expect, test } from "vitest";
import { type NamedValue, readWsrepStatus, wsrepQuery } from "../../src/galera/wsrep-status.js";

/** The columns of the table below. */
const names = [
  ...["WSREP_READY", "WSREP_CLUSTER_STATUS", "WSREP_LOCAL_STATE", "WSREP_LOCAL_STATE_COMMENT"],
  ...["WSREP_CLUSTER_SIZE", "WSREP_LAST_COMMITTED", "WSREP_LOCAL_RECV_QUEUE"],
  ...["wsrep_desync", "wsrep_reject_queries"],
];
const further = ["wsrep_sst_auth", "backup_privileges"];

function rowsOf(values: readonly string[]): NamedValue[] {
  const rest = ["WSREP_FLOW_CONTROL_PAUSED_NS", "WSREP_LOCAL_SEND_QUEUE"];
  return [
    ...names.map((name, index) => ({ VARIABLE_NAME: name, VARIABLE_VALUE: values[index] ?? "" })),
    ...rest.map((name) => ({ VARIABLE_NAME: name, VARIABLE_VALUE: "0" })),
  ];
}

const receiving = "Joining: receiving State Transfer";

/**
 * What real servers said, MariaDB 10.11.19 with Galera 26.4.23. `Primary` goes first when a component is lost, the state a moment later.
 */
test.each<[string, readonly string[], object]>([
  [
    "a founder that starts",
    ["OFF", "Primary", "3", "Joined", "1", "0", "1", "0", "NONE"],
    { ready: false, primary: true, state: 3, comment: "Joined", lastCommitted: 0n },
  ],
  [
    "alone",
    ["ON", "Primary", "4", "Synced", "1", "1", "0", "0", "NONE"],
    { ready: true, primary: true, state: 4, comment: "Synced", clusterSize: 1, lastCommitted: 1n },
  ],
  [
    "a joiner, when its SST has ended",
    ["OFF", "Primary", "1", receiving, "2", "-1", "0", "0", "NONE"],
    { ready: false, primary: true, state: 1, lastCommitted: undefined },
  ],
  [
    "a donor",
    ["ON", "Primary", "2", "Donor/Desynced", "2", "39", "0", "0", "NONE"],
    { ready: true, primary: true, state: 2, comment: "Donor/Desynced", desync: false },
  ],
  [
    "desynced by hand",
    ["ON", "Primary", "2", "Donor/Desynced", "2", "2", "0", "1", "NONE"],
    { ready: true, state: 2, comment: "Donor/Desynced", desync: true },
  ],
  [
    "under FLUSH TABLES WITH READ LOCK",
    ["ON", "Primary", "2", "Donor/Desynced", "2", "40", "0", "0", "NONE"],
    { ready: true, state: 2, comment: "Donor/Desynced", desync: false },
  ],
  [
    "rejecting queries",
    ["ON", "Primary", "4", "Synced", "2", "2", "0", "0", "ALL"],
    { ready: true, state: 4, rejects: true },
  ],
  [
    "rejecting queries, its clients' connections killed",
    ["ON", "Primary", "4", "Synced", "2", "2", "0", "0", "ALL_KILL"],
    { ready: true, state: 4, rejects: true },
  ],
  [
    "without a primary component, at first",
    ["OFF", "non-Primary", "4", "Synced", "1", "40", "1", "0", "NONE"],
    { ready: false, primary: false, state: 4, clusterSize: 1, receiveQueue: 1, lastCommitted: 40n },
  ],
  [
    "without a primary component",
    ["OFF", "non-Primary", "0", "Initialized", "1", "2", "0", "0", "NONE"],
    { ready: false, primary: false, state: 0, comment: "Initialized", lastCommitted: 2n },
  ],
  [
    "disconnected",
    ["OFF", "Disconnected", "0", "Initialized", "0", "2", "0", "0", "NONE"],
    { ready: false, primary: false, state: 0, clusterSize: 0, lastCommitted: 2n },
  ],
])("%s", (_, values, status) => {
  expect(readWsrepStatus(rowsOf(values))).toMatchObject(status);
});

test("a server without a provider has nothing", () => {
  expect(readWsrepStatus([])).toEqual({
    ...{ ready: false, primary: false, state: 0, comment: "", clusterSize: 0 },
    ...{ lastCommitted: undefined, pausedNs: 0n, receiveQueue: 0, sendQueue: 0 },
    ...{ desync: false, rejects: false, backup: false },
  });
});

test.each<[string, string | null, string, boolean]>([
  ["a way in and all privileges", "********", "4", true],
  ["a way in and a privilege too few", "********", "3", false],
  ["no way in, as MariaDB has it", null, "4", false],
  ["an empty way in", "", "4", false],
])("mariabackup with %s", (_, auth, privileges, backup) => {
  const rows = [
    { VARIABLE_NAME: "wsrep_sst_auth", VARIABLE_VALUE: auth },
    { VARIABLE_NAME: "backup_privileges", VARIABLE_VALUE: privileges },
  ];
  expect(readWsrepStatus(rows)).toMatchObject({ backup });
});

test("counters have no bounds", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (value) => {
      const rows = ["WSREP_LAST_COMMITTED", "WSREP_FLOW_CONTROL_PAUSED_NS"].map((name) => ({
        ...{ VARIABLE_NAME: name, VARIABLE_VALUE: `${value}` },
      }));
      const { lastCommitted, pausedNs } = readWsrepStatus(rows);
      expect([lastCommitted, pausedNs]).toEqual([value, value]);
    }),
  );
});

test("all that is read is asked for", () => {
  for (const name of [...rowsOf([]).map((row) => row.VARIABLE_NAME), ...further]) {
    expect(wsrepQuery).toContain(`'${name.toLowerCase()}'`);
  }
});
