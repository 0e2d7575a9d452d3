import { readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { type Ownership, replaceFile } from "../system/files.js";
import { refuseWorldWritable } from "./check.js";
import { scan } from "./option-file.js";
import { ownBlockOf } from "./own-block.js";

/**
 * Makes a file hold `text`, one byte a character. The file is replaced whole or not at all (see
 * src/system/files.ts); a symbolic link stays, and the file it leads to is replaced. What already holds the
 * text is not touched. Others cannot read a password that this program has put there; whoever writes
 * it is the server's own user, and so are the SST scripts that read it.
 *
 * @throws Failure (config) that names the path and what to do; the old file is then intact
 */
export function writeIfChanged(path: string, text: string): "unchanged" | "written" {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.toString("latin1") !== text) {
    throw new Failure(exitCode.software, `the text for ${path} is not one byte a character`);
  }
  let target = path;
  try {
    target = targetOf(path);
    const stats = statSync(target, { throwIfNoEntry: false });
    const like = holdsPassword(text) ? closed(stats) : stats;
    if (stats !== undefined) {
      refuseWorldWritable(path, stats.mode);
      if (like?.mode === stats.mode && readFileSync(target).equals(bytes)) return "unchanged";
    }
    replaceFile(target, bytes, like);
    return "written";
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(exitCode.config, explain(target, error));
  }
}

function holdsPassword(text: string): boolean {
  return scan(ownBlockOf(text)).some(
    ({ content }) =>
      content.kind === "option" &&
      content.name === "wsrep_sst_auth" &&
      /:./.test(content.value ?? ""),
  );
}

/** For its owner's eyes only. */
function closed(like: Ownership | undefined): Ownership {
  return like === undefined ? { mode: 0o600 } : { ...like, mode: like.mode & ~0o077 };
}

/** The file that a path leads to, also through a link to a file that does not exist yet. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  let link: string;
  try {
    link = readlinkSync(path);
  } catch {
    return path;
  }
  return targetOf(resolve(dirname(path), link));
}

function explain(path: string, error: unknown): string {
  switch (errnoOf(error)) {
    case "EROFS":
      return `${path} is on a read-only file system (a ConfigMap?): let --cnf (GALERA_CNF) name a writable path, and --template (GALERA_CNF_TEMPLATE) this one`;
    case "EACCES":
    case "EPERM":
      return `no permission to replace ${path}: the user needs to write in ${dirname(path)}; or let --cnf (GALERA_CNF) name another path`;
    case "EBUSY":
      return `${path} is a mount of its own and cannot be replaced: mount its directory, or let --cnf (GALERA_CNF) name another path and --template (GALERA_CNF_TEMPLATE) this one`;
    case "ENOSPC":
    case "EDQUOT":
      return `no space left to write ${path}; the file is as it was`;
    case "ENOENT":
    case "ENOTDIR":
      return `${path} cannot be written: ${dirname(path)} is not a directory`;
    case "EISDIR":
      return `${path} is a directory: --cnf (GALERA_CNF) has to name a file`;
    default:
      return `${path} cannot be written: ${messageOf(error)}`;
  }
}
