/*
 * By which method my server serves a joiner. That is the joiner's to choose, and SQL does not tell it.
 */
import { statSync } from "node:fs";
import { join } from "node:path";

/** Every script writes it anew when it begins (wsrep_sst_common, wait_previous_sst). */
const scriptPid = "wsrep_sst.pid";

/**
 * Written by a donor's wsrep_sst_mariabackup before it sends anything, an IST too, and removed at its end
 * (send_magic, cleanup_at_exit). A donor's wsrep_sst_rsync leaves no file there all the while that it
 * blocks the server.
 */
const backupInfo = "donor_galera_info";

/**
 * Whether the SST that a donor sends is mariabackup's, which lets its clients write. A file that is older
 * than the script which runs now was left by another: by one that was killed, or to what is now a donor
 * when it was a joiner.
 */
export function sendsBackup(datadir: string): boolean {
  const begunMs = modifiedMs(join(datadir, scriptPid));
  const backupMs = modifiedMs(join(datadir, backupInfo));
  return begunMs !== undefined && backupMs !== undefined && backupMs >= begunMs;
}

function modifiedMs(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined; // it is not there, or not ours to see
  }
}
