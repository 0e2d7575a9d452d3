/*
 * How the agent gets in at the server of its pod. All members use the same account: an SST brings the
 * founder's to all others.
 */
import { backupPrivileges } from "../../galera/wsrep-status.js";

export type AgentAccount =
  /** The operating system's user: the unix_socket plugin lets it in under that name, without a secret. */
  | { readonly kind: "socket"; readonly user: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

/**
 * What the account may. To read the status takes no privilege; `pc.bootstrap` takes SUPER and nothing less
 * (sql/set_var.cc, sys_var::on_check_access_global: sys_vars.cc gives wsrep_provider_options none of the
 * finer ones); SHUTDOWN is no part of SUPER. With the others mariadb-backup reads a donor's data.
 */
export const agentPrivileges = ["SUPER", "SHUTDOWN", ...backupPrivileges] as const;

/** Of the members whose user has no name, as OpenShift's have none. */
const sharedUser = "galera-peers";

/** What the key is used for here; signatures have other subjects. */
const purpose = "galera-peers/sql-account/1";

/**
 * The account of an agent, and what a founder's initialisation makes it.
 *
 * @param osUser the operating system's user that server and agent run as; undefined for a UID without
 *   a name. root's account is the administrator's
 * @param key the key that the members share
 * @returns undefined where there is no way in: neither a name nor a key
 */
export function agentAccount(
  osUser: string | undefined,
  key: string | undefined,
): AgentAccount | undefined {
  if (osUser !== undefined && osUser !== "root") return { kind: "socket", user: osUser };
  if (key === undefined) return undefined;
  return { kind: "password", user: sharedUser, password: passwordOf(key) };
}

/**
 * Says nothing about the key. Its end has a character of each class that simple_password_check asks
 * for, which a digest has by chance only.
 */
function passwordOf(key: string): string {
  const { createHmac } = process.getBuiltinModule("node:crypto"); // loaded by who needs it only
  return `${createHmac("sha256", key).update(purpose).digest("base64url")}-Aa1`;
}
