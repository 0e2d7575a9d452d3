import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fingerprint } from "../../../src/agent/progress.js";
import type { ServerSight } from "../../../src/agent/sql/server-watch.js";
import { createTransferWatch } from "../../../src/agent/transfer/watch.js";
import type { Phase } from "../../../src/bootstrap/member.js";
import { testClock } from "../../system/test-clock.js";
import { collect, passing, scratch, synced } from "../members.js";
import { running } from "../reports.js";

const unasked: ServerSight = { answer: undefined, answeredMs: undefined, paused: undefined };
/** As a joiner's server tells before its SST, and as the last thing until that is over. */
const connected: Phase = { ...running, primary: false, status: "connected" };

/** A member on a real disk. */
function member(phase: Phase) {
  const datadir = scratch();
  const clock = testClock();
  const { log, lines } = collect();
  const world = { phase, server: unasked, looks: 0 };
  const watch = createTransferWatch(datadir, {
    ...{ clock, log, phase: () => world.phase, server: () => world.server },
    askDonor: async () => ({ name: "galera-0", totalBytes: 50 }),
  });
  const walk = async () => {
    const pass = watch.pass();
    await fingerprint(datadir, pass?.see);
    pass?.end();
  };
  const file = (path: string, bytes: number) => {
    mkdirSync(join(datadir, path, ".."), { recursive: true });
    writeFileSync(join(datadir, path), "x".repeat(bytes));
  };
  /** Lets looks go by until something is so. */
  const until = (isSo: () => unknown) =>
    passing(clock, async () => {
      watch.look();
      await walk();
      return isSo();
    });
  return { datadir, world, watch, lines, file, until, clock };
}

test("a joiner, from its decision to its first word in the cluster", async () => {
  const { datadir, world, watch, lines, file, until, clock } = member({ kind: "joining" });
  watch.look();
  await passing(clock, () => clock.now() >= 1000);
  expect(watch.isReceiving()).toBe(false);
  world.phase = connected;
  file("sst_in_progress", 0);
  await until(() => watch.isReceiving());
  file("db/t.ibd", 20);
  await until(
    () => watch.sight()?.role === "joiner" && (watch.sight() as { bytes: number }).bytes === 20,
  );
  expect(watch.sight()).toMatchObject({ stage: "receiving", donor: "galera-0", totalBytes: 50 });
  file("db/u.ibd", 31);
  rmSync(join(datadir, "sst_in_progress"));
  await until(() => !watch.isReceiving());
  expect(watch.sight()).toBeUndefined();
  world.phase = running;
  await until(() => lines.some((line) => line.includes("the SST is over")));
  expect(lines.at(-1)).toMatch(/^info: the SST is over: 51 B from galera-0 in /);
  await until(() => clock.now() > 5000);
  expect(lines.filter((line) => line.includes("is over"))).toHaveLength(1);
});

test("a joiner whose server has ended: the next start begins with nothing", async () => {
  const { world, watch, lines, file, until } = member({ kind: "joining" });
  watch.look();
  await until(() => watch.pass() === undefined);
  file("sst_in_progress", 0);
  await until(() => watch.isReceiving());
  file("db/t.ibd", 20);
  await until(() => JSON.stringify(watch.sight()).includes('"bytes":20'));
  world.phase = { kind: "waiting" };
  watch.look();
  expect(watch.sight()).toBeUndefined();
  expect(lines.at(-1)).toMatch(
    /^warn: the SST came to nothing: receiving 20 of 50 B from galera-0/,
  );
  world.phase = { kind: "joining" };
  await until(() => true);
  await until(() => true);
  expect(watch.isReceiving()).toBe(false); // what the script left is not its own
});

test.each<[string, Phase, boolean]>([
  ["sent by a donor", { ...running, status: "donor" }, true],
  ["left behind in a synced member", running, false],
])("mariabackup's file, %s", (_, phase, expected) => {
  const { watch, file } = member(phase);
  file("wsrep_sst.pid", 4);
  expect(watch.sendsBackup()).toBe(false);
  file("donor_galera_info", 4);
  expect(watch.sendsBackup()).toBe(expected);
});

test.each<[string, Phase, ServerSight, boolean]>([
  ["a donor", { ...running, status: "donor" }, unasked, true],
  [
    "a donor by SQL",
    { ...running, status: "donor" },
    { ...unasked, answer: { kind: "status", status: { ...synced, state: 2 } } },
    true,
  ],
  [
    "a server that was desynced by hand, which calls itself a donor",
    { ...running, status: "donor" },
    { ...unasked, answer: { kind: "status", status: { ...synced, state: 2, desync: true } } },
    false,
  ],
  ["a synced one", running, unasked, false],
  ["one that lost the others", connected, unasked, false],
  ["none", { kind: "idle" }, unasked, false],
])("%s", (_, phase, server, isDonor) => {
  const { watch, world } = member(phase);
  world.server = server;
  expect(watch.sight()).toEqual(isDonor ? { role: "donor", totalBytes: undefined } : undefined);
  expect(watch.pass()).toBeUndefined();
});
