import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sendsBackup } from "../../../src/agent/transfer/backup.js";
import { scratch } from "../members.js";

const script = "wsrep_sst.pid";
const backup = "donor_galera_info";

/** When files of a donor's datadir were written, in seconds. */
test.each<[string, Readonly<Record<string, number>>, boolean]>([
  ["nothing", {}, false],
  ["a script that has just begun, or rsync's for as long as it runs", { [script]: 100 }, false],
  ["mariabackup's, which has begun to send", { [script]: 100, [backup]: 101 }, true],
  ["the same, by a coarse clock", { [script]: 100, [backup]: 100 }, true],
  ["rsync's, after a mariabackup that was killed", { [script]: 100, [backup]: 60 }, false],
  ["none, but what was received as a joiner", { [backup]: 60 }, false],
  [
    "rsync's, after one by mariabackup that has its log there",
    { [script]: 100, "mariabackup.backup.log": 101 },
    false,
  ],
])("%s", (_, files, expected) => {
  const datadir = scratch();
  for (const [name, atS] of Object.entries(files)) {
    writeFileSync(join(datadir, name), "");
    utimesSync(join(datadir, name), atS, atS);
  }
  expect(sendsBackup(datadir)).toBe(expected);
});
