import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  prepareRunDirectories,
  refuseUnwritable,
  serverUser,
  userArgs,
} from "../../src/server/privileges.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "privileges-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  [0, undefined, ["--user=mysql"]],
  [0, "galera", []],
  [999, undefined, []],
])("uid %i with the user %j in the option files gets %j", (uid, configured, args) => {
  expect(userArgs(uid, configured)).toEqual(args);
});

const [name, , uid] = (readFileSync("/etc/passwd", "utf8").split("\n")[1] ?? "").split(":");

test.each([
  [0, undefined, "mysql"],
  [0, "galera", "galera"],
  [Number(uid), undefined, name],
  [Number(uid), "mysql", name], // only root can become another one
  [4_000_000_000, undefined, undefined],
])("a server started by uid %i with the user %j runs as %j", (by, configured, user) => {
  expect(serverUser(by, configured)).toBe(user);
});

test("what is there, or can be made, is no problem, and nothing is made", () => {
  const places = [
    { what: "datadir", path: join(directory, "a/data"), kind: "volume" },
    { what: "socket's directory", path: join(directory, "a/run"), kind: "run" },
    { what: "temporary directory", path: directory, kind: "given" },
  ] as const;
  expect(() => refuseUnwritable(places, 999)).not.toThrow();
  expect(existsSync(join(directory, "a"))).toBe(false);
});

test("every directory that is none is told, each in a line", () => {
  writeFileSync(join(directory, "file"), "", { mode: 0o600 });
  const file = join(directory, "file");
  const missing = join(directory, "missing");
  const places = [
    { what: "datadir", path: file, kind: "volume" },
    { what: "temporary directory", path: missing, kind: "given" },
    { what: "directory of galera.cnf", path: missing, kind: "given", otherwise: "or --cnf" },
  ] as const;
  const gid = process.getgid?.();
  const { uid: owner, gid: group } = statSync(file);
  const lines = [
    `the datadir ${file} is not writable for uid 27: mount a volume there that this uid or its group ${gid} may write (in Kubernetes: securityContext.fsGroup); ${file} belongs to ${owner}:${group}, mode 0600`,
    `the temporary directory ${missing} is not writable for uid 27: mount an emptyDir there; ENOENT: no such file or directory, access '${missing}'`,
    `the directory of galera.cnf ${missing} is not writable for uid 27: mount an emptyDir there, or --cnf; ENOENT: no such file or directory, access '${missing}'`,
  ];
  expect(() => refuseUnwritable(places, 27)).toThrow(
    expect.objectContaining({ exitCode: 78, message: lines.join("\n") }),
  );
});

test("a directory for the socket is made where it is missing, and root's own given to the server", () => {
  const there = join(directory, "there");
  const shared = join(directory, "shared");
  mkdirSync(there);
  mkdirSync(shared);
  chmodSync(shared, 0o1777); // as /tmp
  const made = join(directory, "run/mysqld");
  const uid = process.getuid?.() ?? 0;
  const places = [there, shared, made].map((path) => ({ what: "x", path, kind: "run" }) as const);
  prepareRunDirectories(
    [...places, { what: "x", path: join(directory, "given"), kind: "given" }],
    uid,
    undefined,
  );
  const server = uid === 0 ? statSync("/var/lib/mysql").uid : uid;
  expect([there, shared, made].map((path) => statSync(path).uid)).toEqual([server, uid, server]);
  expect(existsSync(join(directory, "given"))).toBe(false);
});

test("another user's directory for the socket stays as it is", () => {
  const uid = process.getuid?.() ?? 0;
  const there = join(directory, "there");
  mkdirSync(there, { mode: 0o700 });
  if (uid === 0) chownSync(there, 27, 27);
  const before = statSync(there);
  prepareRunDirectories([{ what: "x", path: there, kind: "run" }], uid, undefined);
  expect(statSync(there)).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
});
