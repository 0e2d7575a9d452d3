import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { exitCode, Failure, messageOf } from "../system/failure.js";

/** The account that a server started by root runs as, as in the official image. */
const serverAccount = "mysql";

/**
 * `--user=mysql` where this is root and nobody has chosen an account: mariadbd refuses to run as
 * root (sql/mysqld.cc, check_user), and gives root up itself.
 */
export function userArgs(uid: number, configured: string | undefined): readonly string[] {
  return uid === 0 && configured === undefined ? [`--user=${serverAccount}`] : [];
}

/**
 * Makes sure that the server can write its datadir: created if it is missing and, for root, given
 * to the server's account if root owns it.
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
