import { join, resolve } from "node:path";
import { isLabel } from "../dns/name.js";
import { parseDuration } from "../system/duration.js";
import { exitCode, Failure, readTogether } from "../system/failure.js";
import type { Experiment } from "./experiment/run.js";
import type { LabSettings } from "./lab.js";
import { readNetworkKind } from "./network/network.js";

/** Which lab is meant, as users say it. */
export interface LabOptions {
  readonly name?: string;
  readonly dir?: string;
}

/** What `up` may be told, as it was typed. */
export interface UpFlags {
  readonly replicas: string;
  readonly parallel?: true;
  readonly dnsLag: string;
  readonly grace: string;
  readonly network: string;
  /** `NAME=VALUE` */
  readonly env?: readonly string[];
  readonly timeout: string;
}

export interface WaitFlags {
  readonly wait?: true;
  readonly timeout: string;
}

/** One call of `galera-peers lab`, its values as they were typed. */
export type LabCall = LabOptions &
  (
    | ({ readonly kind: "up"; readonly args: readonly string[] } & UpFlags)
    | { readonly kind: "ps"; readonly json?: true; readonly watch?: true }
    | ({
        readonly kind: "kill";
        readonly members: readonly string[];
        readonly signal: string;
        readonly container: string;
      } & WaitFlags)
    | ({
        readonly kind: "delete";
        readonly members: readonly string[];
        readonly disk?: true;
        readonly grace?: string;
      } & WaitFlags)
    | ({
        readonly kind: "start" | "resume" | "disk-loss";
        readonly members: readonly string[];
      } & WaitFlags)
    | { readonly kind: "stop" | "pause"; readonly members: readonly string[] }
    | ({ readonly kind: "outage" } & WaitFlags)
    | ({ readonly kind: "scale"; readonly replicas: string } & WaitFlags)
    | {
        readonly kind: "partition";
        /** Members with commas between them are one side. */
        readonly sides: readonly string[];
        readonly node?: true;
        readonly heal?: true;
      }
    | { readonly kind: "dns"; readonly faults: readonly string[] }
    | {
        readonly kind: "sql";
        readonly member: string;
        readonly statement?: string;
        readonly args: readonly string[];
      }
    | {
        readonly kind: "logs";
        readonly member?: string;
        readonly container: string;
        readonly follow?: true;
      }
    | { readonly kind: "events"; readonly json?: true; readonly follow?: true }
    | ({ readonly kind: "experiment"; readonly network: string } & Experiment)
    | { readonly kind: "down" }
    /** The controller itself, in the background; `settings` is JSON that `up` has written. */
    | { readonly kind: "serve"; readonly settings: string }
    /** What is left to do where the controller has died. */
    | { readonly kind: "reap" }
  );

/** A lab's name, which is its pods' namespace, and the directory that holds all of it. */
export interface Lab {
  readonly name: string;
  readonly dir: string;
  /** What the command line said to mean it, ` --name two`. */
  readonly flags?: string;
}

/** What to type for this lab, `galera-peers lab down --name two`. */
export function callFor({ flags = "" }: Lab, name: string, rest = ""): string {
  return `galera-peers lab ${name}${flags}${rest && ` ${rest}`}`;
}

/**
 * The lab that is meant. Each user has labs of their own: the default directory has the uid in it.
 *
 * @param tmp where directories go that nobody has chosen
 * @throws Failure 78 for a name or directory that cannot be one
 */
export function locateLab(options: LabOptions, uid: number, tmp: string): Lab {
  const { name = "lab" } = options;
  if (!isLabel(name)) {
    throw new Failure(
      exitCode.config,
      `--name: ${JSON.stringify(name)} is not a DNS label; it becomes the pods' namespace`,
    );
  }
  const dir = resolve(options.dir ?? join(tmp, `galera-${name}-${uid}`));
  // SST scripts and option files would take other characters apart.
  if (!/^[\w./+-]+$/.test(dir)) {
    throw new Failure(
      exitCode.config,
      `--dir: ${JSON.stringify(dir)} has other characters than letters, digits and ._+-`,
    );
  }
  const flag = (option: string, value: string | undefined) =>
    value === undefined ? "" : ` --${option} ${value}`;
  return { name, dir, flags: flag("name", options.name) + flag("dir", options.dir && dir) };
}

/**
 * What `up` has been told.
 *
 * @throws Failure 78 with all that is wrong
 */
export function readLabSettings(flags: UpFlags, args: readonly string[]): LabSettings {
  const [replicas, network, lagMs, graceMs, settings] = readTogether(
    () => readReplicas("--replicas", flags.replicas, 1),
    () => readNetworkKind(flags.network),
    () => readDurationFlag("--dns-lag", flags.dnsLag),
    () => readDurationFlag("--grace", flags.grace),
    () => readVariables(flags.env ?? []),
  );
  const policy = flags.parallel ? "Parallel" : "OrderedReady";
  return { replicas, policy, network, lagMs, graceMs, settings, args, clients: "ready" };
}

function readVariables(texts: readonly string[]): Readonly<Record<string, string>> {
  const wrong = texts.filter((text) => !/^[A-Za-z_]\w*=/.test(text));
  if (wrong.length > 0) {
    const lines = wrong.map((text) => `--env: ${JSON.stringify(text)} is not NAME=VALUE`);
    throw new Failure(exitCode.config, lines.join("\n"));
  }
  return Object.fromEntries(
    texts.map((text) => {
      const end = text.indexOf("=");
      return [text.slice(0, end), text.slice(end + 1)];
    }),
  );
}

/** Pods that come and go need some addresses more than there are of them. */
const mostReplicas = 99;

/**
 * @param what the flag or the command that has it
 * @param least 1 for a lab to begin with; 0 is an orderly stop of all members
 */
export function readReplicas(what: string, text: string, least: 0 | 1): number {
  const replicas = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  if (replicas >= least) return replicas;
  throw new Failure(
    exitCode.config,
    `${what}: ${JSON.stringify(text)} is not a number from ${least} to ${mostReplicas}`,
  );
}

export function readDurationFlag(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new Failure(
    exitCode.config,
    `${flag}: ${JSON.stringify(text)} is not a duration such as 500ms, 30s or 2m`,
  );
}
