import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { exitCode, Failure } from "../../src/system/failure.js";
import { loadTls, readTlsFiles, type TlsPem } from "../../src/tls/files.js";
import { createIssuer, type Issued, type Issuer, mountSecret, pemOf } from "./authority.js";

const shared = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));

let issuer: Issuer;
let authority: Issued;
let member: Issued;
beforeAll(() => {
  issuer = createIssuer(shared);
  authority = issuer.authority();
  member = issuer.issue(authority);
});

function mounted(pem: TlsPem): string {
  const dir = mkdtempSync(join(tmpdir(), "tls-mount-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mountSecret(dir, pem);
  return dir;
}

/** Each problem a line, without the directory. */
function problems(dir: string, nowMs = Date.now()): string[] {
  try {
    loadTls(dir, nowMs);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ exitCode: exitCode.config });
    return (error as Failure).message.replaceAll(`${dir}/`, "").split("\n");
  }
}

const dayMs = 86_400_000;
const inDays = (days: number) => Date.now() + days * dayMs;

describe("a directory that will do", () => {
  test("as cert-manager fills it", () => {
    const dir = mounted(pemOf(authority, member));
    expect(readTlsFiles(dir)).toEqual({
      ...{ ca: `${dir}/ca.crt`, cert: `${dir}/tls.crt`, key: `${dir}/tls.key` },
    });
    expect(loadTls(`${dir}//`, Date.now())).toEqual({
      ...{ files: readTlsFiles(dir), pem: pemOf(authority, member), warning: undefined },
    });
  });

  test("with an intermediate authority beside the certificate", () => {
    const middle = issuer.authority(authority, { subject: "/CN=middle" });
    const { cert, key } = issuer.issue(middle);
    const chain = `${cert}${middle.cert}`;
    expect(problems(mounted({ ca: authority.cert, cert: chain, key }))).toEqual([]);
  });

  test("while the authority is changed: two in ca.crt", () => {
    const next = issuer.authority();
    const ca = `${next.cert}${authority.cert}`;
    for (const by of [authority, next]) {
      expect(problems(mounted({ ...pemOf(authority, issuer.issue(by)), ca }))).toEqual([]);
    }
  });

  test("with a certificate that has signed itself", () => {
    const own = issuer.issue(undefined);
    expect(problems(mounted(pemOf(own, own)))).toEqual([]);
  });

  test("with a certificate that says nothing of what it is for", () => {
    const plain = issuer.issue(authority, { extensions: ["basicConstraints=CA:FALSE"] });
    expect(problems(mounted(pemOf(authority, plain)))).toEqual([]);
  });
});

describe("files that are missing, or none", () => {
  test("all three, a line each", () => {
    const missing =
      "is missing: mount a Secret with ca.crt, tls.crt and tls.key there (GALERA_TLS_DIR)";
    const expected = ["ca.crt", "tls.crt", "tls.key"].map((file) => `${file} ${missing}`);
    expect(problems(join(shared, "nowhere"))).toEqual(expected);
  });

  test("a directory in a file's place", () => {
    const dir = mounted(pemOf(authority, member));
    rmSync(join(dir, "ca.crt"));
    mkdirSync(join(dir, "ca.crt"));
    expect(problems(dir)).toEqual([expect.stringMatching(/^ca.crt cannot be read: EISDIR/)]);
  });

  test("empty files", () => {
    expect(problems(mounted({ ca: "", cert: "", key: "" }))).toEqual([
      "ca.crt is empty",
      "tls.crt is empty",
      "tls.key is empty",
    ]);
  });

  test("texts that are something else", () => {
    const dir = mounted({ ca: "an authority", cert: "-----BEGIN", key: "a key" });
    expect(problems(dir)).toEqual([
      "ca.crt holds no certificate in PEM form",
      "tls.crt holds no certificate in PEM form",
      "tls.key holds no private key in PEM form that needs no passphrase",
    ]);
  });

  test("a certificate that is cut off inside", () => {
    const cut = member.cert.replace(/\n.{20}/, "\n");
    expect(problems(mounted({ ...pemOf(authority, member), cert: cut }))).toEqual([
      expect.stringMatching(/^tls.crt holds a certificate that cannot be read: /),
    ]);
  });

  test.each(["tls", "/a dir", "/a;b", "/a=b", '/a"b'])(
    "no path for provider options: %s",
    (dir) => {
      expect(() => loadTls(dir, 0)).toThrow(/^GALERA_TLS_DIR: .* has to be an absolute path/);
    },
  );
});

describe("who may read the key", () => {
  test.each(["0400", "0440", "0600", "0640"])("mode %s: its owner and its group", (mode) => {
    const dir = mounted(pemOf(authority, member));
    chmodSync(join(dir, "tls.key"), mode);
    expect(problems(dir)).toEqual([]);
  });

  test.each(["0444", "0644", "0604", "0602", "0441"])("mode %s: everybody, refused", (mode) => {
    const dir = mounted(pemOf(authority, member));
    chmodSync(join(dir, "tls.key"), mode);
    expect(problems(dir)).toEqual([
      `tls.key is open to every user (mode ${mode}): mount the Secret with defaultMode: 0440, and set securityContext.fsGroup; elsewhere: chmod 0440`,
    ]);
  });

  test("nobody but another user: what to mount how", () => {
    const dir = mounted(pemOf(authority, member));
    chmodSync(dir, 0o755);
    const uid = process.geteuid?.() ?? 0;
    chmodSync(join(dir, "tls.key"), uid === 0 ? 0o400 : 0);
    if (uid === 0) process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(uid));
    expect(problems(dir)).toContainEqual(
      expect.stringMatching(
        /^tls.key cannot be read by uid \d+: let its group read it \(.*fsGroup.*defaultMode: 0440\)$/,
      ),
    );
  });
});

test("a directory that this user may not enter: what to mount how", () => {
  const dir = mounted(pemOf(authority, member));
  chmodSync(dir, 0);
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) process.seteuid?.(65_534);
  onTestFinished(() => {
    if (uid === 0) process.seteuid?.(0);
    chmodSync(dir, 0o700);
  });
  const unread = (file: string) =>
    expect.stringMatching(new RegExp(`^${file} cannot be read by uid \\d+: .*fsGroup`));
  expect(problems(dir)).toEqual(["ca.crt", "tls.crt", "tls.key"].map(unread));
});

test("a key that is too short for OpenSSL", () => {
  const weak = issuer.issue(authority, { key: ["RSA", "rsa_keygen_bits:1024"] });
  expect(problems(mounted(pemOf(authority, weak)))).toEqual([
    "tls.crt: OpenSSL refuses it: ee key too small",
  ]);
});

describe("files that do not fit together", () => {
  test("another certificate's key", () => {
    const { key } = issuer.issue(authority);
    expect(problems(mounted({ ...pemOf(authority, member), key }))).toEqual([
      expect.stringMatching(/^tls.crt and \S*tls.key do not belong together: that is another key$/),
    ]);
  });

  test("another authority of the same name", () => {
    const other = issuer.authority();
    expect(problems(mounted(pemOf(other, member)))).toEqual([
      expect.stringMatching(
        /^tls.crt is not signed by an authority in .*ca.crt: take both from one/,
      ),
    ]);
  });

  test("an intermediate authority that is not there", () => {
    const middle = issuer.authority(authority, { subject: "/CN=middle" });
    expect(problems(mounted(pemOf(authority, issuer.issue(middle))))).toEqual([
      expect.stringMatching(/with the intermediate certificates in tls.crt$/),
    ]);
  });

  test("an intermediate authority whose own is not there", () => {
    const middle = issuer.authority(authority, { subject: "/CN=middle" });
    const other = issuer.authority(undefined, { subject: "/CN=other" });
    const { cert, key } = issuer.issue(middle);
    const dir = mounted({ ca: other.cert, cert: `${cert}${middle.cert}`, key });
    expect(problems(dir)).toEqual([expect.stringMatching(/, nor is CN=middle above it: /)]);
  });

  test("an intermediate authority in ca.crt, which OpenSSL does not end a chain with", () => {
    const middle = issuer.authority(authority, { subject: "/CN=middle" });
    expect(problems(mounted(pemOf(middle, issuer.issue(middle))))).toEqual([
      "ca.crt ends with CN=middle, which another authority has signed: put that one's certificate there too",
    ]);
  });

  test("a signature by a certificate that may not sign", () => {
    const leaf = issuer.issue(authority, { extensions: ["basicConstraints=CA:FALSE"] });
    const { cert, key } = issuer.issue(leaf);
    expect(problems(mounted({ ca: authority.cert, cert: `${cert}${leaf.cert}`, key }))).toEqual([
      expect.stringMatching(/^tls.crt is not signed by an authority/),
    ]);
  });

  test.each([
    ["serverAuth", "client auth"],
    ["clientAuth", "server auth"],
  ])("a certificate for %s alone", (usage, missing) => {
    const half = issuer.issue(authority, { extensions: [`extendedKeyUsage=${usage}`] });
    expect(problems(mounted(pemOf(authority, half)))).toEqual([
      `tls.crt is not for ${missing}: members connect to each other both ways (in a cert-manager Certificate: usages: [server auth, client auth])`,
    ]);
  });
});

describe("time", () => {
  test("a certificate that has expired, or is not valid yet: when", () => {
    const dir = mounted(pemOf(authority, issuer.issue(authority, { days: 30 })));
    expect(problems(dir, inDays(31))).toEqual([
      expect.stringMatching(
        /^tls.crt: CN=galera has expired at \d{4}-\d\d-\d\dT[\d:]+Z: renew it$/,
      ),
    ]);
    expect(problems(dir, inDays(-1))).toContainEqual(
      expect.stringMatching(
        /^tls.crt: CN=galera is not valid before \S+Z, and this host's clock is \S+Z$/,
      ),
    );
  });

  test("an authority that has expired", () => {
    const old = issuer.authority(undefined, { days: 10 });
    const dir = mounted(pemOf(old, issuer.issue(old, { days: 90 })));
    expect(problems(dir, inDays(11))).toEqual([
      expect.stringMatching(/^ca.crt: CN=authority has expired at /),
    ]);
  });

  test.each([
    [90, 82, false],
    [90, 84, true],
    [8, 5, false],
    [8, 7, true],
  ])("of %d days, after %d: a warning? %s", (days, after, warns) => {
    const lasting = issuer.authority(undefined, { days: 3650 });
    const dir = mounted(pemOf(lasting, issuer.issue(lasting, { days })));
    const { warning } = loadTls(dir, inDays(after));
    const expected = /tls.crt: CN=galera expires at \S+Z, and has not been renewed: /;
    expect(warning).toEqual(warns ? expect.stringMatching(expected) : undefined);
  });
});

test("all problems are told at once, and nothing of the key", () => {
  const middle = issuer.authority(authority, { subject: "/CN=middle" });
  const half = issuer.issue(middle, { days: -1, extensions: ["extendedKeyUsage=serverAuth"] });
  const dir = mounted({ ca: authority.cert, cert: half.cert, key: member.key });
  chmodSync(join(dir, "tls.key"), 0o644);
  const lines = problems(dir);
  expect(
    lines.map((line) => /open to every|another key|client auth|not signed|expired/.exec(line)?.[0]),
  ).toEqual(["open to every", "another key", "client auth", "not signed", "expired"]);
  expect(lines.join("\n")).not.toContain(member.key.split("\n")[1]);
});
