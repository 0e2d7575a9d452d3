/*
 * Certificates for tests, as a cert-manager Issuer makes them, by the `openssl` program: Node signs none.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { TlsPem } from "../../src/tls/files.js";

/** Certificate and key of an authority or a member, as texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** From now on; negative: it has expired before it was valid. */
  readonly days?: number;
  /** Its extensions, as openssl's x509v3_config(5) writes them. */
  readonly extensions?: readonly string[];
  readonly subject?: string;
  /** Its key, as openssl-genpkey(1) takes it: the algorithm, and an option of it. */
  readonly key?: readonly [algorithm: string, option: string];
}

const memberExtensions = ["extendedKeyUsage=serverAuth,clientAuth"];
const authorityExtensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];

/** Makes certificates in a directory of its own. */
export function createIssuer(dir: string) {
  mkdirSync(dir, { recursive: true });
  let count = 0;
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  const file = (text: string): string => {
    count += 1;
    const path = join(dir, `${count}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  /** Signed by `by`, or by itself. */
  const issue = (by: Issued | undefined, options: IssueOptions = {}): Issued => {
    const { days = 90, extensions = memberExtensions, subject = "/CN=galera" } = options;
    const [algorithm, option] = options.key ?? ["EC", "ec_paramgen_curve:P-256"];
    const key = openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option).toString();
    const keyFile = file(key);
    const request = file(openssl("req", "-new", "-key", keyFile, "-subj", subject).toString());
    const signer =
      by === undefined ? ["-signkey", keyFile] : ["-CA", file(by.cert), "-CAkey", file(by.key)];
    const cert = openssl(
      ...["x509", "-req", "-in", request, ...signer, "-set_serial", `${Date.now()}${count}`],
      ...["-days", `${days}`, "-extfile", file(`${extensions.join("\n")}\n`)],
    );
    return { cert: cert.toString(), key };
  };
  return {
    issue,
    authority: (by?: Issued, options: IssueOptions = {}) =>
      issue(by, { extensions: authorityExtensions, subject: "/CN=authority", ...options }),
  };
}

export type Issuer = ReturnType<typeof createIssuer>;

/** What a member has of an authority that is known to everybody. */
export function pemOf(authority: Issued, member: Issued): TlsPem {
  return { ca: authority.cert, cert: member.cert, key: member.key };
}

let mounts = 0;

/**
 * Mounts, or replaces, a Secret as the kubelet does: symbolic links by way of `..data`, which is renamed
 * over the one before.
 */
export function mountSecret(dir: string, { ca, cert, key }: TlsPem, owner?: OwnedBy): void {
  mounts += 1;
  const name = `..mount_${mounts}`;
  const data = join(dir, name);
  mkdirSync(data, { recursive: true });
  for (const [file, text] of [
    ["ca.crt", ca],
    ["tls.crt", cert],
    ["tls.key", key],
  ] as const) {
    const path = join(data, file);
    writeFileSync(path, text);
    chmodSync(path, 0o440);
    if (owner !== undefined) chownSync(path, 0, owner.gid);
    const link = join(dir, file);
    rmSync(link, { force: true });
    symlinkSync(`..data/${file}`, link);
  }
  symlinkSync(name, join(dir, "..data_tmp"));
  renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
}

/** The group that a pod's securityContext.fsGroup names. */
export interface OwnedBy {
  readonly gid: number;
}

export function readPem(dir: string): TlsPem {
  const read = (file: string) => readFileSync(join(dir, file), "utf8");
  return { ca: read("ca.crt"), cert: read("tls.crt"), key: read("tls.key") };
}
