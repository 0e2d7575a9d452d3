/** What a server says of its replication: some of its `wsrep_` status and variables. */
export interface WsrepStatus {
  /** It takes queries (`wsrep_ready`). */
  readonly ready: boolean;
  /** Its component is the primary one (`wsrep_cluster_status`); the other fields may lag behind this. */
  readonly primary: boolean;
  /** 1 Joining, 2 Donor/Desynced, 3 Joined, 4 Synced; 0 outside a component (`wsrep_local_state`). */
  readonly state: number;
  /** `Synced`, `Donor/Desynced`, … (`wsrep_local_state_comment`). */
  readonly comment: string;
  /** `wsrep_cluster_size` */
  readonly clusterSize: number;
  /** `wsrep_last_committed`; undefined where there is none. */
  readonly lastCommitted: bigint | undefined;
  /** For how long flow control has paused replication since the start (`wsrep_flow_control_paused_ns`). */
  readonly pausedNs: bigint;
  /** Write-sets that wait to be applied (`wsrep_local_recv_queue`). */
  readonly receiveQueue: number;
  /** Write-sets that wait to be sent (`wsrep_local_send_queue`). */
  readonly sendQueue: number;
  /** Somebody has taken it out of flow control (`wsrep_desync`). */
  readonly desync: boolean;
  /** Somebody has closed it to clients (`wsrep_reject_queries` is not NONE). */
  readonly rejects: boolean;
  /** As a donor it can serve mariabackup: the script has an account, and the one that asks has its privileges. */
  readonly backup: boolean;
}

/** States of `wsrep_local_state` (galera/src/wsrep_api.h). */
export const localState = { donor: 2, joined: 3, synced: 4 } as const;

const statuses = [
  "wsrep_ready",
  "wsrep_cluster_status",
  "wsrep_local_state",
  "wsrep_local_state_comment",
  "wsrep_cluster_size",
  "wsrep_last_committed",
  "wsrep_flow_control_paused_ns",
  "wsrep_local_recv_queue",
  "wsrep_local_send_queue",
];
const variables = ["wsrep_desync", "wsrep_reject_queries", "wsrep_sst_auth"];

/** What mariadb-backup asks for before it copies (extra/mariabackup/xtrabackup.cc, check_all_privileges). */
export const backupPrivileges = ["RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR"] as const;

/** The account of this connection, as information_schema spells a grantee. */
const grantee =
  "CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')";

/**
 * What to ask, in one statement of less than half the cost of `SHOW STATUS` and `SHOW VARIABLES`. A
 * server outside a primary component answers it too, since it reads nothing but information_schema
 * (sql/wsrep_mysqld.cc, wsrep_tables_accessible_when_detached).
 */
export const wsrepQuery = [
  "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS",
  `WHERE VARIABLE_NAME IN (${statuses.map((name) => `'${name}'`).join(", ")})`,
  ...variables.map((name) => `UNION ALL SELECT '${name}', @@GLOBAL.${name}`),
  "UNION ALL SELECT 'backup_privileges', COUNT(*) FROM information_schema.USER_PRIVILEGES",
  `WHERE PRIVILEGE_TYPE IN (${backupPrivileges.map((name) => `'${name}'`).join(", ")})`,
  `AND GRANTEE = ${grantee}`,
].join(" ");

/** A row of it. */
export interface NamedValue {
  readonly VARIABLE_NAME: string;
  readonly VARIABLE_VALUE: string | null;
}

/** Reads the rows of `wsrepQuery`; what a server does not have counts as nothing. */
export function readWsrepStatus(rows: readonly NamedValue[]): WsrepStatus {
  const values = new Map(
    rows.map((row) => [row.VARIABLE_NAME.toLowerCase(), `${row.VARIABLE_VALUE ?? ""}`]),
  );
  const text = (name: string) => values.get(name) ?? "";
  const whole = (name: string) => (/^-?\d+$/.test(text(name)) ? BigInt(text(name)) : undefined);
  const count = (name: string) => Number(whole(name) ?? 0n);
  return {
    ready: text("wsrep_ready") === "ON",
    primary: text("wsrep_cluster_status") === "Primary",
    state: count("wsrep_local_state"),
    comment: text("wsrep_local_state_comment"),
    clusterSize: count("wsrep_cluster_size"),
    lastCommitted: position(whole("wsrep_last_committed")),
    pausedNs: whole("wsrep_flow_control_paused_ns") ?? 0n,
    receiveQueue: count("wsrep_local_recv_queue"),
    sendQueue: count("wsrep_local_send_queue"),
    desync: text("wsrep_desync") === "1",
    rejects: !["", "NONE"].includes(text("wsrep_reject_queries")),
    // A password is shown as asterisks (sql/wsrep_sst.cc, sst_auth_real_set).
    backup: text("wsrep_sst_auth") !== "" && count("backup_privileges") === backupPrivileges.length,
  };
}

/** -1 before there is any (wsrep-API, WSREP_SEQNO_UNDEFINED). */
function position(seqno: bigint | undefined): bigint | undefined {
  return seqno === undefined || seqno < 0n ? undefined : seqno;
}
