/*
 * The ledger's file, and that in which `galera-peers notify` writes down what the server last told.
 * Each has one writer: the agent (or a `run` without one), and the server's notify command.
 *
 * The names end in `.log` since an SST by mariabackup clears the joiner's datadir of all other files
 * (scripts/wsrep_sst_mariabackup.sh, cpat).
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { flushDirectory, replaceFile } from "../system/files.js";
import {
  FormatError,
  field,
  flag,
  fromJson,
  type Json,
  optional,
  readLedger,
  readView,
  text,
  toJson,
  uuid,
} from "./format.js";
import { type Ledger, type View, viewed } from "./ledger.js";

const ledgerFile = "galera-peers.ledger.log";
const viewFile = "galera-peers.view.log";

/** Whether a file in a datadir is ours and says nothing about its data. */
export function isOwnFile(entry: string): boolean {
  return [ledgerFile, viewFile].some((file) => entry === file || entry === beingWritten(file));
}

/** Each file has one writer; what a crash leaves is written over. The name has to end in `.log` too. */
function beingWritten(path: string): string {
  return path.replace(/\.log$/, ".new.log");
}

/** What the server told of itself, since its start. */
export interface Told {
  /** As the last call had it; undefined where no component was told yet. */
  readonly status: string;
  readonly current: { readonly primary: boolean; readonly view: View } | undefined;
  /** The last primary component, kept when the present one is none. */
  readonly primary:
    | { readonly uuid: string; readonly view: View; readonly synced: boolean }
    | undefined;
  /** Members' names, each by the last UUID that it had in the group. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}

const version = 1;

/**
 * @returns undefined where there is none
 * @throws Failure 65 for a file that is torn, or of a later version than this program's
 */
export function loadLedger(stateDir: string): Ledger | undefined {
  return load(join(stateDir, ledgerFile), "ledger", readLedger);
}

/** Durable when it returns. */
export function saveLedger(stateDir: string, ledger: Ledger): void {
  save(join(stateDir, ledgerFile), { ...ledger });
}

/** @throws Failure 65, as for the ledger */
export function loadTold(stateDir: string): Told | undefined {
  return load(join(stateDir, viewFile), "view", (value, at) => ({
    status: field(value, "status", at, text),
    current: field(
      value,
      "current",
      at,
      optional((one, here) => ({
        primary: field(one, "primary", here, flag),
        view: field(one, "view", here, readView),
      })),
    ),
    primary: field(
      value,
      "primary",
      at,
      optional((one, here) => ({
        uuid: field(one, "uuid", here, uuid),
        view: field(one, "view", here, readView),
        synced: field(one, "synced", here, flag),
      })),
    ),
    names: field(value, "names", at, optional(readNames)),
  }));
}

function readNames(value: Json, at: string): Readonly<Record<string, string>> {
  const ids = Object.keys(value ?? {});
  return Object.fromEntries(ids.map((id) => [id, field(value, id, at, text)]));
}

/** Durable when it returns. */
export function saveTold(stateDir: string, told: Told): void {
  save(join(stateDir, viewFile), { ...told });
}

/**
 * The ledger, with what a server that has ended told last.
 *
 * @throws Failure 65, as `loadLedger`
 */
export function readFolded(stateDir: string): Ledger | undefined {
  const ledger = loadLedger(stateDir);
  const told = loadTold(stateDir)?.primary;
  return told === undefined ? ledger : viewed(ledger, told.uuid, told.view, told.synced);
}

/** Keeps what a server that has ended told last; the next one begins anew. */
export function foldTold(stateDir: string): Ledger | undefined {
  const ledger = readFolded(stateDir);
  const path = join(stateDir, viewFile);
  if (!existsSync(path)) return ledger;
  if (ledger !== undefined) saveLedger(stateDir, ledger);
  rmSync(path);
  return ledger;
}

function load<T>(
  path: string,
  what: string,
  read: (value: unknown, at: string) => T,
): T | undefined {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw new Failure(exitCode.data, `${path} cannot be read: ${messageOf(error)}`);
  }
  const refuse = (why: string) =>
    new Failure(
      exitCode.data,
      `${path}: ${why}; it says who has to be asked before the cluster is founded anew: restore it, or move it away to start without it`,
    );
  try {
    const value = fromJson(content);
    const found = field(value, "version", what, (one) => one);
    if (found !== version) {
      throw refuse(`version ${JSON.stringify(found)} of it is not known (this is ${version})`);
    }
    return read(value, what);
  } catch (error) {
    if (error instanceof FormatError) throw refuse(`it is damaged (${error.message})`);
    throw error;
  }
}

/** Written by root, it gets the owner of its directory: the server's account writes the other one. */
function save(path: string, value: object): void {
  const directory = dirname(path);
  const { uid, gid } = statSync(directory);
  const content = Buffer.from(`${toJson({ version, ...value })}\n`);
  replaceFile(path, content, { mode: 0o644, uid, gid }, beingWritten(path));
  flushDirectory(directory);
}
