/*
 * Which of a datadir's files an SST brings. Pure.
 */

/** Where mariabackup's joiner receives, before it moves all of it into its place. */
const staging = ".sst/";

/** Of the files beside the databases: InnoDB's system and undo tablespaces, and Aria's log. */
const beside = /^(?:ibdata\d+|undo\d+|aria_log_control|aria_log\.\d+)$/;

/**
 * Whether an SST brings a file: those of all databases, and a few beside them (the filter of
 * scripts/wsrep_sst_rsync.sh; get_footprint in scripts/wsrep_sst_mariabackup.sh leaves out small ones
 * that it sends). InnoDB's log is not counted: rsync sends it, mariabackup writes one anew.
 *
 * @param path from the datadir on
 */
export function isPayload(path: string): boolean {
  const place = path.startsWith(staging) ? path.slice(staging.length) : path;
  const [top = "", ...below] = place.split("/");
  if (below.length === 0) return beside.test(top);
  return !top.startsWith(".") && top !== "lost+found";
}

/** mariabackup's last file: all is there, and is prepared next. Its name since 11.1 is the second. */
const lastReceived = ["xtrabackup_checkpoints", "mariadb_backup_checkpoints"];

/** Whether mariabackup has received everything once a joiner has this file. */
export function endsReceiving(path: string): boolean {
  return lastReceived.some((name) => path === staging + name);
}
