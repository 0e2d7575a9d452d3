import { expect, test } from "vitest";
import type { Report } from "../../src/agent/report.js";
import type { Receiving } from "../../src/agent/transfer/transfer.js";
import { noteOf } from "../../src/status/notes.js";
import { overviewOf, type Sighting } from "../../src/status/overview.js";
import { synced } from "../agent/members.js";
import { connected } from "../bootstrap/cluster.js";
import { mute, round, serves, tells, unnamed, unproved, waits } from "./sightings.js";

const no = (why: string) => ({ ok: false, why });
const paused = (share: number): Partial<Report> => ({
  ...{ paused: share, server: { ...synced, receiveQueue: 120, sendQueue: 2 } },
});
const apart = connected(false, 41, ["galera-1"]);

const GiB = 1024 ** 3;
const receiving: Receiving = {
  ...{ role: "joiner", stage: "receiving", donor: "galera-2", bytes: 1.2 * GiB },
  ...{ totalBytes: 3.4 * GiB, bytesPerSecond: 85 * 1024 ** 2 },
};

test.each<[string, Sighting, string | undefined]>([
  ["ready", serves(1), undefined],
  ["about to start", tells(1, {}), undefined],
  ["on its way in", tells(1, { phase: { kind: "joining" } }), undefined],
  [
    "an SST",
    tells(1, { phase: { kind: "joining" } }, { transfer: receiving }),
    "is receiving 1.2 of 3.4 GiB from galera-2 (35 %, 85 MiB/s, about 26 s left)",
  ],
  [
    "an SST, and a donor that does not tell",
    tells(
      1,
      { phase: { kind: "joining" } },
      { transfer: { ...receiving, donor: undefined, totalBytes: undefined } },
    ),
    "is receiving 1.2 GiB (85 MiB/s)",
  ],
  [
    "a donor: its row says so",
    serves(1, 3, { transfer: { role: "donor", totalBytes: 9 } }),
    undefined,
  ],
  ["silent", mute(1), "is silent: its agent: connection refused"],
  ["known to a view only", unnamed(1), "is silent: no DNS record"],
  [
    "not believed",
    unproved(1),
    "is not believed: its agent has no GALERA_AGENT_KEY, and I have one",
  ],
  [
    "a wait",
    waits(1, 41, "galera-0: its agent is up, its server not started"),
    "has waited 3 min: galera-0: its agent is up, its server not started",
  ],
  [
    "a server that waits is not ready anyhow",
    tells(
      1,
      { phase: apart },
      { awaited: { what: "a primary component", forMs: 9000, held: false } },
    ),
    "has waited 9 s: a primary component",
  ],
  [
    "a hold",
    tells(
      1,
      { phase: { kind: "waiting" } },
      { awaited: { what: "diverged", forMs: 9000, held: true } },
    ),
    "is held: diverged",
  ],
  [
    "not ready",
    serves(1, 3, { readiness: no("the server is desynced (wsrep_desync)") }),
    "is not ready: the server is desynced (wsrep_desync)",
  ],
  [
    "not ready, since it is to leave",
    serves(1, 3, { readiness: no("draining"), draining: "waiting" }),
    "is draining, and waits for its turn to leave",
  ],
  ["its turn", serves(1, 3, { draining: "leaving" }), "is draining, and may leave now"],
  [
    "not alive",
    tells(1, {}, { liveness: no("no server has been started for 61 s") }),
    "is not alive: no server has been started for 61 s",
  ],
  ["a short pause", serves(1, 3, paused(0.009)), undefined],
  [
    "a pause",
    serves(1, 3, paused(0.014)),
    "replication was paused for 1% of the last 10 s (120 write-sets to apply, 2 to send)",
  ],
  ["no SQL", serves(1, 3, { server: undefined }), "gives its agent no answer by SQL"],
  [
    "no SQL, and not ready for it",
    serves(1, 3, { server: undefined, readiness: no("the server does not answer: closed") }),
    "is not ready: the server does not answer: closed",
  ],
  [
    "DNS as it sees it",
    serves(1, 3, { dnsProblem: "my own SRV record: galera-1.x is not among galera-0.x" }),
    "looked in DNS in vain: my own SRV record: galera-1.x is not among galera-0.x",
  ],
  [
    "several things",
    serves(1, 3, { ...paused(1), draining: "leaving" }),
    "is draining, and may leave now; replication was paused for 100% of the last 10 s (120 write-sets to apply, 2 to send)",
  ],
])("%s", (_, sighting, note) => {
  const [member] = overviewOf(round([sighting])).members;
  expect(member && noteOf(member)).toBe(note);
});
