import { expect, test } from "vitest";
import { endsReceiving, isPayload } from "../../../src/agent/transfer/payload.js";

test.each([
  ...["ibdata1", "undo001", "aria_log_control", "aria_log.00000001"],
  ...["db/t.ibd", "db/t.frm", "db/db.opt", "db/t#p#p0.ibd", "mysql/global_priv.MAD"],
  ...[".sst/ibdata1", ".sst/undo001", ".sst/db/t.ibd"],
])("an SST brings %s", (path) => expect(isPayload(path)).toBe(true));

test.each([
  ...["ib_logfile0", ".sst/ib_logfile0", "ibtmp1", "ib_buffer_pool"],
  ...["galera.cache", "grastate.dat", "gvwstate.dat", "sst_in_progress", "wsrep_sst.pid"],
  ...["galera-0.err", "mariadb-bin.000001", "rsync_sst.conf", ".sst/xtrabackup_info"],
  ...["lost+found/x", ".snapshot/db/t.ibd", ".zfs/x"],
])("an SST does not bring %s", (path) => expect(isPayload(path)).toBe(false));

test.each([
  [".sst/xtrabackup_checkpoints", true],
  [".sst/mariadb_backup_checkpoints", true],
  ["xtrabackup_checkpoints", false],
  [".sst/db/xtrabackup_checkpoints", false],
])("%s is mariabackup's last file: %s", (path, isLast) => {
  expect(endsReceiving(path)).toBe(isLast);
});
