/*
 * The options that a start chooses where the user has set none: what Galera needs of a member, and what
 * fits its container. They stand in galera.cnf and not on the server's command line, of which
 * wsrep_sst_mariabackup hands on what mariadb-backup refuses (`--innodb-buffer-pool-size`, 10.11.19).
 */
import { effectiveLines, isOptionLine } from "../../cnf/effective.js";
import { canonicalName, type Line, scan } from "../../cnf/option-file.js";
import { type OwnOption, ownBlock } from "../../cnf/own-block.js";
import type { ChooseOptions } from "../../cnf/prepare.js";
import { parseProviderOptions } from "../../cnf/provider-options.js";
import { linesIncludedBy } from "../../cnf/reading-order.js";
import type { Settings } from "../../settings.js";
import { exitCode, Failure } from "../../system/failure.js";
import type { Limits, Volume } from "../../system/limits.js";
import type { TlsFiles } from "../../tls/files.js";
import { argumentOf } from "../command.js";
import { type AddressFacts, addressOptions } from "./addresses.js";
import { failoverOptions } from "./failover.js";
import { type SstFacts, sstOptions, type UserSst } from "./sst.js";
import { tlsOptions } from "./tls.js";
import { tuningOptions } from "./tuning.js";

/** What the options follow from. */
export interface OptionFacts extends AddressFacts, SstFacts {
  /** What this container may take of the machine. */
  readonly limits: Limits;
  /** What the datadir is on, where it is known. */
  readonly volume?: Volume | undefined;
  /** Certificate, key and authority; undefined without `--tls-dir`. */
  readonly tls: TlsFiles | undefined;
}

/** What the user has set, and where. */
export interface UserOptions {
  /** The server's arguments. */
  readonly args: readonly string[];
  /** What the server's option files give an option, see readServerOptions. */
  readonly inFiles: (name: string) => string | undefined;
  /** The same of the group that the SST scripts read. */
  readonly inSstGroup: (name: string) => string | undefined;
}

/**
 * What a start chooses, as prepareGaleraCnf wants it.
 *
 * @throws Failure 78 where the server's command line hides what was asked for
 */
export function chooseOptions(
  facts: OptionFacts,
  settings: Settings,
  user: UserOptions,
): ChooseOptions {
  return (text) => {
    const isSet = setBy(user, text);
    const options = optionsFor(facts, settings, isSet);
    refuseHidden(settings, user);
    const provider = isSet.provider;
    const given = parseProviderOptions(provider ?? "");
    // A certificate goes with its key.
    const hasOwn = ["ssl_cert", "ssl_key"].some((name) => isSet.value(name) !== undefined);
    const wanted = options.filter(({ of, name }) => {
      if (of === "server" && /^ssl_(cert|key)$/.test(name)) return !hasOwn;
      if (of === "provider") return !isSet.providerIsHidden && !given.has(name);
      return of === "sst" ? !isSet.sst(name) : isSet.value(name) === undefined;
    });
    return ownBlock([...movedOptions(user.args), ...wanted], provider, isSet.group);
  };
}

/**
 * What the server's command line may not have where mariadb-backup is to be its donor's: the scripts of SST
 * hand it on, and mariadb-backup refuses it (wsrep_sst_common, 10.11.19). It stands in galera.cnf instead.
 */
export const movedArguments = ["innodb_buffer_pool_size", "innodb_buffer_pool_filename"] as const;

function movedOptions(args: readonly string[]): readonly OwnOption[] {
  return movedArguments.flatMap((name) => {
    const value = argumentOf(args, name);
    if (value === undefined) return [];
    const why = "from the server's command line, where it would break SST by mariadb-backup";
    return [{ of: "server", name, value, why } as const];
  });
}

/** In the order in which they stand in galera.cnf. */
function optionsFor(facts: OptionFacts, settings: Settings, user: UserSst): readonly OwnOption[] {
  return [
    ...sstOptions(facts, user),
    ...addressOptions(facts),
    ...failoverOptions(settings.failover ?? "default"),
    ...(facts.tls === undefined ? [] : tlsOptions(facts.tls, settings.tls ?? "on")),
    ...tuningOptions(facts.limits, {
      volume: facts.volume,
      autoincLockMode: user.value("innodb_autoinc_lock_mode"),
    }),
  ];
}

const providerOptions = "wsrep_provider_options";

/** Who has set what: the command line, an option file, or galera.cnf as it is about to be written. */
function setBy({ args, inFiles, inSstGroup }: UserOptions, text: string) {
  const lines: Line[] = scan(text).flatMap((line) => [line, ...linesIncludedBy(line)]);
  const own = (name: string) => effectiveLines(lines, name).at(-1)?.content.value;
  const inOwnSstGroup = (name: string) =>
    lines
      .filter(isOptionLine)
      .some(({ content }) => content.group === "sst" && content.name === canonicalName(name));
  const groups = scan(text).flatMap(({ content }) =>
    content.kind === "group" ? content.name : [],
  );
  return {
    /** That of the last lines. */
    group: groups.at(-1) ?? "galera",
    value: (name: string) => argumentOf(args, name) ?? own(name) ?? inFiles(name),
    sst: (name: string) => inOwnSstGroup(name) || inSstGroup(name) !== undefined,
    provider: own(providerOptions) ?? inFiles(providerOptions),
    providerIsHidden: argumentOf(args, providerOptions) !== undefined,
  };
}

/** On the command line, provider options hide all those of option files. */
function refuseHidden({ failover = "default", tlsDir }: Settings, { args }: UserOptions): void {
  if (argumentOf(args, providerOptions) === undefined) return;
  const asked = [
    ...(failover === "default" ? [] : ["GALERA_FAILOVER"]),
    ...(tlsDir === undefined ? [] : ["GALERA_TLS_DIR"]),
  ];
  if (asked.length === 0) return;
  throw new Failure(
    exitCode.config,
    `--wsrep-provider-options on the server's command line hides what is asked for by ${asked.join(" and ")}: use GALERA_PROVIDER_OPTIONS instead`,
  );
}
