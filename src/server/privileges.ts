import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";

/** The account that a server started by root runs as, as in the official image. */
const serverAccount = "mysql";

/** A directory that has to be writable. */
export interface Place {
  /** What it is to the server. */
  readonly what: string;
  readonly path: string;
  /** A volume with data · made at the start where it is missing · there already. */
  readonly kind: "volume" | "run" | "given";
  /** What else than a mount would do. */
  readonly otherwise?: string;
}

/**
 * `--user=mysql` where this is root and nobody has chosen an account: mariadbd refuses to run as
 * root (sql/mysqld.cc, check_user), and gives root up itself.
 */
export function userArgs(uid: number, configured: string | undefined): readonly string[] {
  return uid === 0 && configured === undefined ? [`--user=${serverAccount}`] : [];
}

/**
 * Makes sure, before anything happens, that the server will be able to write. Changes nothing. Root is
 * refused by a read-only file system alone, and what it makes is given to the server's account.
 *
 * @throws Failure 78 with a line for each directory: what it is, and what to mount how
 */
export function refuseUnwritable(places: readonly Place[], uid: number): void {
  const problems = unwritable(places, uid);
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
}

/** The same lines, for a dry run. */
export function unwritable(places: readonly Place[], uid: number): readonly string[] {
  const gid = process.getgid?.() ?? 0;
  return places.flatMap((place) => problemOf(place, uid, gid) ?? []);
}

function problemOf(place: Place, uid: number, gid: number): string | undefined {
  const { what, path, kind, otherwise } = place;
  const why = refusal(existing(place), constants.R_OK | constants.W_OK | constants.X_OK);
  if (why === undefined) return kind === "volume" ? foreignFile(place, uid, gid) : undefined;
  const mount =
    kind === "volume"
      ? `mount a volume there that this uid or its group ${gid} may write (in Kubernetes: securityContext.fsGroup)`
      : `mount an emptyDir there${otherwise === undefined ? "" : `, ${otherwise}`}`;
  return `the ${what} ${path} is not writable for uid ${uid}: ${mount}; ${why}`;
}

/** The directory itself, or the one in which it is going to be made. */
function existing({ path, kind }: Place): string {
  if (kind === "given" || existsSync(path) || dirname(path) === path) return path;
  return existing({ what: "", path: dirname(path), kind });
}

/** What every server's datadir has, and Galera adds. */
const samples = ["ibdata1", "aria_log_control", "mysql", "grastate.dat", "galera.cache"];

/** A line for a datadir whose files are another user's. */
function foreignFile({ what, path }: Place, uid: number, gid: number): string | undefined {
  for (const name of samples) {
    const file = join(path, name);
    const isDirectory = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const why = refusal(file, constants.R_OK | constants.W_OK | (isDirectory ? constants.X_OK : 0));
    if (why === undefined || !existsSync(file)) continue;
    const owner = statSync(file).uid;
    return `${file} in the ${what} is not writable for uid ${uid}: run as its owner (in Kubernetes: securityContext.runAsUser: ${owner}), or let group ${gid} read and write all files there (securityContext.fsGroup); ${why}`;
  }
  return undefined;
}

/** Why this process may not do that with a file; undefined where it may. */
function refusal(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return errnoOf(error) === "EACCES" ? ownership(path) : messageOf(error);
  }
}

function ownership(path: string): string {
  try {
    const { uid, gid, mode } = statSync(path);
    return `${path} belongs to ${uid}:${gid}, mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Makes a datadir ready: created if it is missing and, for root, given to the server's account if root
 * owns it.
 *
 * @throws Failure 78 in one line that says what to mount how
 */
export function prepareDatadir(datadir: string, uid: number, account: string | undefined): void {
  prepareDirectory("datadir", datadir, uid, account, () => mkdirSync(datadir, { recursive: true }));
}

/**
 * The same for the directory of the ledger; that it is in has to be there.
 *
 * @throws Failure 78, as `prepareDatadir`
 */
export function prepareStateDir(stateDir: string, uid: number, account: string | undefined): void {
  prepareDirectory("state directory", stateDir, uid, account, () => {
    if (!existsSync(stateDir)) mkdirSync(stateDir);
  });
}

/**
 * Makes the directories of the socket and the pid file, and gives root's own to the server's account, as the
 * official image does; one that all share, as /tmp, or that is the system's, as /run, stays as it is.
 */
export function prepareRunDirectories(
  places: readonly Place[],
  uid: number,
  account: string | undefined,
): void {
  for (const { path, kind } of places) {
    if (kind !== "run" || (existsSync(path) && (uid !== 0 || isCommon(path)))) continue;
    prepareDirectory("socket's directory", path, uid, account, () =>
      mkdirSync(path, { recursive: true }),
    );
  }
}

function isCommon(path: string): boolean {
  const real = realpathSync(path);
  return (statSync(real).mode & 0o002) !== 0 || dirname(real) === "/";
}

function prepareDirectory(
  what: string,
  path: string,
  uid: number,
  account: string | undefined,
  make: () => void,
): void {
  try {
    make();
    if (uid === 0) {
      const ids = idsOf(account ?? serverAccount);
      if (ids !== undefined && statSync(path).uid === 0) chownSync(path, ids.uid, ids.gid);
    } else accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Failure(
      exitCode.config,
      `the ${what} ${path} is not writable for uid ${uid}: mount a volume there that this uid or its group may write (in Kubernetes: securityContext.fsGroup); ${messageOf(error)}`,
    );
  }
}

/** The operating system's user that the server runs as; undefined for a UID without a name. */
export function serverUser(uid: number, configured: string | undefined): string | undefined {
  return uid === 0 ? (configured ?? serverAccount) : userName(uid);
}

/** The name of a UID, where it has one. */
export function userName(uid: number): string | undefined {
  return accounts().find((account) => account.uid === uid)?.name;
}

/** An account's ids. */
function idsOf(wanted: string): { uid: number; gid: number } | undefined {
  return accounts().find(({ name }) => name === wanted);
}

/** /etc/passwd, where the image's own accounts are. */
function accounts(): { name: string; uid: number; gid: number }[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => {
      const [name = "", , uid, gid] = line.split(":");
      return { name, uid: Number(uid), gid: Number(gid) };
    });
}
