import { expect, test } from "vitest";
import { createNotices } from "../../../src/agent/sql/notices.js";
import type { WsrepStatus } from "../../../src/galera/wsrep-status.js";
import { collect, synced } from "../members.js";

type Step = readonly [WsrepStatus | undefined, number | undefined] | "another server";

const desynced: WsrepStatus = { ...synced, state: 2, comment: "Donor/Desynced", desync: true };
const rejecting: WsrepStatus = { ...synced, rejects: true };

const itsDesynced =
  "warn: my server was desynced by hand (wsrep_desync): nobody waits for it, so it may fall behind, until SET GLOBAL wsrep_desync=OFF";
const notDesynced = "info: my server is not desynced by hand any more";
const itRejects =
  "warn: my server rejects its clients' queries (wsrep_reject_queries), until SET GLOBAL wsrep_reject_queries=NONE";
const itTakes = "info: my server takes its clients' queries again";
const paused = (percent: number) =>
  `warn: flow control has paused replication for ${percent} % of the last 10 s: a member does not keep up, and all writes wait for it; galera-peers status shows whose queue is long`;
const goesOn = "info: flow control lets replication go on";

test.each<[string, readonly Step[], readonly string[]]>([
  [
    "a server as it should be",
    [
      [synced, undefined],
      [synced, 0],
    ],
    [],
  ],
  [
    "what wsrep_notify_cmd tells: a donor",
    [
      [synced, 0],
      [{ ...desynced, desync: false }, 0],
    ],
    [],
  ],
  [
    "what wsrep_notify_cmd tells: not primary",
    [
      [synced, 0],
      [{ ...synced, primary: false, ready: false }, 0],
    ],
    [],
  ],
  [
    "desynced by hand, said once",
    [
      [synced, 0],
      [desynced, 0],
      [desynced, 0],
    ],
    [itsDesynced],
  ],
  ["desynced when it was seen first", [[desynced, undefined]], [itsDesynced]],
  [
    "and back",
    [
      [desynced, 0],
      [synced, 0],
      [synced, 0],
    ],
    [itsDesynced, notDesynced],
  ],
  [
    "it rejects, and takes again",
    [
      [rejecting, 0],
      [rejecting, 0],
      [synced, 0],
    ],
    [itRejects, itTakes],
  ],
  [
    "silence says nothing",
    [
      [desynced, 0],
      [undefined, undefined],
      [desynced, 0],
    ],
    [itsDesynced],
  ],
  ["half of the time is not more than half", [[synced, 0.5]], []],
  [
    "paused for long, said once",
    [
      [synced, 0.51],
      [synced, 0.9],
      [synced, 1],
    ],
    [paused(51)],
  ],
  [
    "to and fro about the half",
    [
      [synced, 0.6],
      [synced, 0.4],
      [synced, 0.6],
    ],
    [paused(60)],
  ],
  [
    "over",
    [
      [synced, 0.7],
      [synced, 0.25],
      [synced, 0],
    ],
    [paused(70), goesOn],
  ],
  [
    "twice",
    [
      [synced, 0.7],
      [synced, 0.1],
      [synced, 0.8],
    ],
    [paused(70), goesOn, paused(80)],
  ],
  [
    "the share is not known for a while",
    [
      [synced, 0.7],
      [synced, undefined],
      [synced, 0.6],
    ],
    [paused(70)],
  ],
  [
    "another server begins with nothing",
    [[desynced, 0.7], "another server", [synced, 0]],
    [itsDesynced, paused(70)],
  ],
])("%s", (_, steps, said) => {
  const { log, lines } = collect();
  const notices = createNotices(log);
  for (const step of steps) {
    if (step === "another server") notices.forget();
    else notices.note(...step);
  }
  expect(lines).toEqual(said);
});

test("a server that denies the account is said once, until it has answered", () => {
  const { log, lines } = collect();
  const notices = createNotices(log);
  const denied = "Access denied for user 'mysql'@'localhost'";
  for (const round of [1, 2]) {
    for (let time = 0; time < 3; time += 1) notices.refused(denied);
    expect(lines).toHaveLength(round);
    notices.note(synced, 0);
  }
  expect(lines[0]).toBe(
    `warn: my server does not answer me: ${denied}; readiness goes by what it tells`,
  );
});
