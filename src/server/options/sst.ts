/*
 * How a joiner receives the cluster's data, and from whom. mariabackup lets the donor take writes
 * meanwhile; it needs two programs, and an account at the donor. rsync needs neither, and blocks it.
 */
import type { AgentAccount } from "../../agent/sql/account.js";
import type { OwnOption } from "../../cnf/own-block.js";
import { parseProviderOptions } from "../../cnf/provider-options.js";
import { firstLabel } from "../../dns/name.js";
import type { PeerSet } from "../../peers/peer-set.js";
import { exitCode, Failure } from "../../system/failure.js";
import type { TlsFiles } from "../../tls/files.js";

/** What the way of an SST follows from. */
export interface SstFacts {
  /** How the donor's script gets in at its server; undefined where it has no way in. */
  readonly account: AgentAccount | undefined;
  readonly peers: PeerSet;
  /** Whether this image has a program. */
  readonly has: (program: string) => boolean;
  /** Why mariabackup would fail at members that may be the donor, a reason a member. */
  readonly unable: readonly string[];
  /** Undefined without TLS. */
  readonly tls: TlsFiles | undefined;
}

/** What the user has set of it. */
export interface UserSst {
  /** An option's value, on the command line or in an option file. */
  readonly value: (name: string) => string | undefined;
  /** Whether an option is set in the group that the scripts read. */
  readonly sst: (name: string) => boolean;
}

/**
 * @throws Failure 78 where, with TLS, openssl is missing, by which the scripts check certificates
 *   (wsrep_sst_common), or the user wants rsync and stunnel is missing: the script refuses to send in the
 *   clear (wsrep_sst_rsync)
 */
export function sstOptions(facts: SstFacts, user: UserSst): readonly OwnOption[] {
  if (facts.tls !== undefined && !facts.has("openssl")) {
    throw new Failure(
      exitCode.config,
      "with TLS the scripts of SST need the program openssl, which is not installed: install it, or leave GALERA_TLS_DIR out",
    );
  }
  const hasAuth = user.value("wsrep_sst_auth") !== undefined || user.sst("wsrep_sst_auth");
  return [
    ...methodOption(facts, user.value("wsrep_sst_method"), hasAuth),
    ...(hasAuth ? [] : authOption(facts)),
    ...donorOption(facts.peers, user),
  ];
}

/** Whether both ends of a mariabackup SST can run here. */
export function hasBackup(has: SstFacts["has"]): boolean {
  return has("mariadb-backup") && has("socat");
}

function methodOption(
  facts: SstFacts,
  given: string | undefined,
  hasAuth: boolean,
): readonly OwnOption[] {
  const needsStunnel = facts.tls !== undefined && !facts.has("stunnel");
  if (given === "rsync" && needsStunnel) {
    throw new Failure(
      exitCode.config,
      "wsrep_sst_method is rsync, which with TLS needs stunnel, and stunnel is not installed: install it, or let GALERA_SST_METHOD be mariabackup",
    );
  }
  if (given !== undefined) return [];
  const obstacle = backupObstacle(facts, hasAuth);
  if (obstacle === undefined) {
    return [method("mariabackup", "The donor takes writes while it sends all data to a joiner.")];
  }
  if (facts.has("rsync") && !needsStunnel) {
    return [
      method("rsync", `The donor takes no writes while it sends; not mariabackup: ${obstacle}`),
    ];
  }
  if (!hasBackup(facts.has)) return [];
  const missing = needsStunnel ? "with TLS rsync needs stunnel, which" : "rsync, which";
  return [method("mariabackup", `In place of ${missing} is not installed; but ${obstacle}`)];
}

function method(value: string, why: string): OwnOption {
  return { of: "server", name: "wsrep_sst_method", value, why };
}

/** What speaks against mariabackup. A user's own account is the user's business. */
function backupObstacle({ account, has, unable }: SstFacts, hasAuth: boolean): string | undefined {
  if (!hasBackup(has)) return "mariadb-backup and socat are not both installed";
  if (hasAuth) return undefined;
  if (account === undefined) {
    return "it needs an account, and this UID has no name to make one of, nor is there a GALERA_AGENT_KEY";
  }
  return unable.length === 0 ? undefined : unable.join("; ");
}

/**
 * The donor's script logs in with the donor's own option. It is set by who can run the script, so that a
 * server without it is known to be none that serves mariabackup.
 */
function authOption({ account, has }: SstFacts): readonly OwnOption[] {
  if (account === undefined || !hasBackup(has)) return [];
  const password = account.kind === "password" ? account.password : "";
  return [
    {
      ...{ of: "server", name: "wsrep_sst_auth", value: `${account.user}:${password}` },
      why: "How mariadb-backup gets in at this server, as a donor: as the agent does.",
    },
  ];
}

/**
 * The highest ordinals first, since clients tend to write to the lowest. Galera takes the first that is
 * Synced, passes over names that are not there, and, as the last comma says, takes anybody then; an IST
 * comes from whoever can give it, in the list or not (gcs/src/gcs_group.cpp, gcs_group_find_donor). Names
 * hide segments from it, so who has set one keeps Galera's own choice.
 */
function donorOption({ others }: PeerSet, user: UserSst): readonly OwnOption[] {
  if (others.length < 2) return [];
  const provider = user.value("wsrep_provider_options") ?? "";
  if (parseProviderOptions(provider).has("gmcast.segment")) return [];
  const names = [...others]
    .sort((one, other) => (other.ordinal ?? -1) - (one.ordinal ?? -1))
    .map(({ name }) => firstLabel(name));
  return [
    {
      ...{ of: "server", name: "wsrep_sst_donor", value: `${names.join(",")},` },
      why: "Who sends it: the highest ordinals first, then anybody.",
    },
  ];
}
