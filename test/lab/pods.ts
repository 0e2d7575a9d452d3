import {
  agentUp,
  created,
  deleted,
  ended,
  type GaleraStatus,
  type Health,
  type Pod,
  placed,
  probed,
  started,
} from "../../src/lab/pod-life.js";

/** Pods in the states that decisions are made about; all their times are small numbers of ms. */

export const galera: GaleraStatus = { state: "Synced", primary: true, clusterSize: 2 };
export const synced: Health = { ready: true, why: "synced", galera };
export const donor: Health = {
  ready: false,
  why: "the server is a donor",
  galera: { ...galera, state: "Donor/Desynced" },
};

export const fresh = (ordinal: number) =>
  created(ordinal, ordinal + 1, `127.0.7.${ordinal + 1}`, true);
export const waiting = (ordinal: number) => placed(fresh(ordinal));
/** Its sidecar is up. */
export const attended = (ordinal: number) =>
  agentUp(started(waiting(ordinal), "agent", 200 + ordinal, 0));
export const starting = (ordinal: number) =>
  started(attended(ordinal), "mariadb", 100 + ordinal, 0);
export const ready = (ordinal: number) => probed(starting(ordinal), synced, 0, 1000);
export const crashed = (ordinal: number) => ended(ready(ordinal), "mariadb", "SIGKILL", 2000);
export const leaving = (ordinal: number, wipe = false, graceMs = 30_000): Pod =>
  deleted(ready(ordinal), { wipe, graceMs, preStop: false }, 2000);
/** Nothing of it runs any more. */
export const gone = (ordinal: number, wipe = false) =>
  ended(ended(leaving(ordinal, wipe), "mariadb", "exit 0", 2500), "agent", "exit 143", 2600);
