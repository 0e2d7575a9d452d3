import { expect, test } from "vitest";
import type { Answer } from "../../../src/agent/http/ask.js";
import { type Report, readReport } from "../../../src/agent/report.js";
import { fromJson, toJson } from "../../../src/bootstrap/format.js";
import { unableDonors } from "../../../src/server/options/sst-donors.js";
import { stateOf, synced } from "../../agent/members.js";
import { running, syncedReport } from "../../agent/reports.js";
import { peerSetOf } from "./peers.js";

const told = (rest: Partial<Report>): Answer<Report> => ({
  ...{ kind: "told", told: syncedReport(rest) },
});
const unable = { server: { ...synced, backup: false } };
const { denied: _, ...rest } = syncedReport({ server: { ...synced, backup: undefined as never } });
const older = readReport(fromJson(toJson(rest)), "status");
const denied = { server: undefined, denied: true };
const outside = { state: stateOf("galera-0", { phase: { ...running, primary: false } }) };
const waiting = { state: stateOf("galera-0", { phase: { kind: "waiting" } }) };

/** What galera-2 is told of the others, galera-0 first. */
test.each<[string, readonly Answer<Report>[], readonly RegExp[]]>([
  ["both can", [told({}), told({})], []],
  ["one lacks a privilege", [told({}), told(unable)], [/^galera-1 has no wsrep_sst_auth, or /]],
  [
    "one's agent is of an older version",
    [told(older), told({})],
    [/^galera-0 has no wsrep_sst_auth/],
  ],
  ["one has no account", [told(denied), told({})], [/^galera-0 denies the agent's account/]],
  ["neither has", [told(denied), told(denied)], [/^galera-0 /, /^galera-1 /]],
  ["their servers have not answered yet", [told({ server: undefined }), told({})], []],
  [
    "agents that do not answer",
    [
      { kind: "silent", what: "its agent: connection refused", absent: true },
      { kind: "silent", what: "its agent's answer cannot be read", absent: false },
    ],
    [],
  ],
  [
    "who is in no primary component is no donor",
    [told({ ...denied, ...waiting }), told({ ...unable, ...outside })],
    [],
  ],
])("%s", async (_, answers, reasons) => {
  const { others } = peerSetOf(2, [0, 1, 2]);
  const asked: string[] = [];
  const result = await unableDonors(others, async ({ name }) => {
    asked.push(name);
    return answers[others.findIndex((one) => one.name === name)] ?? told({});
  });
  expect(asked).toEqual(others.map(({ name }) => name));
  expect(result).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
});
