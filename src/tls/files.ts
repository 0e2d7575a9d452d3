import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { errnoOf, exitCode, Failure, messageOf } from "../system/failure.js";
import { examine } from "./certificates.js";
import { refusedByOpenSsl } from "./openssl.js";

/** The files of a mounted directory, as cert-manager and kubernetes.io/tls name them. */
export interface TlsFiles {
  /** `ca.crt`: the authority that all members' certificates are signed by. */
  readonly ca: string;
  /** `tls.crt` */
  readonly cert: string;
  /** `tls.key` */
  readonly key: string;
}

/** What these files hold. */
export type TlsPem = { readonly [File in keyof TlsFiles]: string };

export interface LoadedTls {
  readonly files: TlsFiles;
  readonly pem: TlsPem;
  /** In one line, where one of the certificates is about to expire. */
  readonly warning: string | undefined;
}

/**
 * Finds the files of a directory.
 *
 * @param nowMs the wall clock's time
 * @throws Failure 78 as loadTls
 */
export function readTlsFiles(dir: string, nowMs = Date.now()): TlsFiles {
  return loadTls(dir, nowMs).files;
}

/**
 * Reads the files of a directory, and makes sure that Galera, the server, the SST scripts and the agents
 * can work with them.
 *
 * @param nowMs the wall clock's time
 * @throws Failure 78 with a line for every problem: missing, unreadable, readable by others, not
 *   fitting together, expired, too weak
 */
export function loadTls(directory: string, nowMs: number): LoadedTls {
  const dir = directory.replace(/\/+$/, "");
  if (!isAbsolute(dir) || !/^[\w/.@+,:~-]+$/.test(dir)) {
    throw new Failure(
      exitCode.config,
      `GALERA_TLS_DIR: ${JSON.stringify(directory)} has to be an absolute path of letters, digits and /._-: it stands in wsrep_provider_options`,
    );
  }
  const files = { ca: `${dir}/ca.crt`, cert: `${dir}/tls.crt`, key: `${dir}/tls.key` };
  const read = { ca: readText(files.ca), cert: readText(files.cert), key: readText(files.key) };
  const problems = Object.values(read).flatMap(({ problem }) => problem ?? []);
  if (read.key.problem === undefined) problems.push(...exposure(files.key));
  const pem: TlsPem = { ca: read.ca.text, cert: read.cert.text, key: read.key.text };
  const { problems: found, warning } = examine(files, pem, nowMs);
  problems.push(...found);
  if (problems.length === 0) problems.push(...refusedByOpenSsl(files, pem));
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
  return { files, pem, warning };
}

/** A file's text; empty where there is a problem, which is told once. */
function readText(path: string): { readonly text: string; readonly problem?: string } {
  try {
    const text = readFileSync(path, "utf8");
    return text === "" ? { text, problem: `${path} is empty` } : { text };
  } catch (error) {
    return { text: "", problem: unreadable(path, error) };
  }
}

function unreadable(path: string, error: unknown): string {
  switch (errnoOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return `${path} is missing: mount a Secret with ca.crt, tls.crt and tls.key there (GALERA_TLS_DIR)`;
    case "EACCES":
      return `${path} cannot be read by uid ${process.getuid?.()}: let its group read it (in Kubernetes: securityContext.fsGroup, and the Secret's defaultMode: 0440)`;
    default:
      return `${path} cannot be read: ${messageOf(error)}`;
  }
}

/** The group may: a Secret's files are root's and fsGroup's, where the server is neither. */
function exposure(path: string): string[] {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (error) {
    return [unreadable(path, error)];
  }
  if ((mode & 0o007) === 0) return [];
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  return [
    `${path} is open to every user (mode ${octal}): mount the Secret with defaultMode: 0440, and set securityContext.fsGroup; elsewhere: chmod 0440`,
  ];
}
