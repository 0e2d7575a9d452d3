import { constants } from "node:os";
import { join, resolve } from "node:path";
import { isLabel } from "../dns/name.js";
import { parseDuration } from "../system/duration.js";
import { exitCode, Failure } from "../system/failure.js";

/** Which lab is meant, as users say it. */
export interface LabOptions {
  readonly name?: string;
  readonly dir?: string;
}

/** One call of `galera-peers lab`, its values as they were typed. */
export type LabCall = LabOptions &
  (
    | {
        readonly kind: "up";
        readonly replicas: string;
        readonly timeout: string;
        readonly args: readonly string[];
      }
    | { readonly kind: "ps"; readonly json?: true }
    | {
        readonly kind: "kill";
        readonly member: string;
        readonly signal: string;
        readonly wait?: true;
        readonly timeout: string;
      }
    | {
        readonly kind: "delete";
        readonly member: string;
        readonly disk?: true;
        readonly wait?: true;
        readonly timeout: string;
      }
    | {
        readonly kind: "sql";
        readonly member: string;
        readonly statement?: string;
        readonly args: readonly string[];
      }
    | { readonly kind: "logs"; readonly member?: string }
    | { readonly kind: "down" }
    /** The controller itself, in the background. */
    | { readonly kind: "serve"; readonly replicas: string; readonly args: readonly string[] }
    /** What is left to do where the controller has died. */
    | { readonly kind: "reap" }
  );

/** A lab's name, which is its pods' namespace, and the directory that holds all of it. */
export interface Lab {
  readonly name: string;
  readonly dir: string;
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
  return { name, dir };
}

/** Addresses 127.0.x.1 and so on; the last ones are the DNS server's and the broadcast's. */
const mostReplicas = 99;

export function readReplicas(text: string): number {
  const replicas = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (replicas >= 1) return replicas;
  throw new Failure(
    exitCode.config,
    `--replicas: ${JSON.stringify(text)} is not a number from 1 to ${mostReplicas}`,
  );
}

export function readTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new Failure(
    exitCode.config,
    `--timeout: ${JSON.stringify(text)} is not a duration such as 500ms, 30s or 2m`,
  );
}

/** `KILL`, `SIGKILL`, `kill` or `9`. */
export function readSignal(text: string): NodeJS.Signals {
  const wanted = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  for (const [name, number] of Object.entries(constants.signals)) {
    if (name === wanted || String(number) === text) return name as NodeJS.Signals;
  }
  throw new Failure(exitCode.config, `--signal: ${JSON.stringify(text)} is no signal's name`);
}
