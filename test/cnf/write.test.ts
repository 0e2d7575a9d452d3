import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownBlock } from "../../src/cnf/own-block.js";
import { writeIfChanged } from "../../src/cnf/write.js";
import { buildWriter, type Written, writeElsewhere } from "./elsewhere.js";

const root = mkdtempSync(join(tmpdir(), "cnf-write-"));
const isRoot = process.getuid?.() === 0;
const old = "[galera]\na=old\n";
let directory: string;
let path: string;
let count = 0;

beforeAll(() => {
  chmodSync(root, 0o755);
  return buildWriter(root);
});
beforeEach(() => {
  directory = join(root, String(count++));
  mkdirSync(directory);
  path = join(directory, "galera.cnf");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a password that this program has put there", () => {
  const chosen = (auth: string) =>
    ownBlock([{ of: "server", name: "wsrep_sst_auth", value: auth, why: "so" }], undefined);
  const modeOf = () => statSync(path).mode & 0o7777;

  test("is not for others to read, in a new file as in an old one", () => {
    expect(writeIfChanged(path, chosen("galera-peers:geheim"))).toBe("written");
    expect(modeOf()).toBe(0o600);
    expect(writeIfChanged(path, chosen("galera-peers:geheim"))).toBe("unchanged");
    chmodSync(path, 0o644);
    expect(writeIfChanged(path, chosen("galera-peers:geheim"))).toBe("written");
    expect(modeOf()).toBe(0o600);
  });

  test.each([
    ["an account without one", chosen("mysql:")],
    ["a user's own", "[galera]\nwsrep_sst_auth=sst:geheim\n"],
  ])("%s: the mode stays as it was", (_, text) => {
    writeIfChanged(path, text);
    expect(modeOf()).toBe(0o644);
    chmodSync(path, 0o640);
    writeIfChanged(path, `${text}# more\n`);
    expect(modeOf()).toBe(0o640);
  });
});

test("a new file has mode 0644, whatever the umask", () => {
  const umask = process.umask(0o077);
  try {
    expect(writeIfChanged(path, "\xe9\xff\n")).toBe("written");
  } finally {
    process.umask(umask);
  }
  expect(readFileSync(path)).toEqual(Buffer.from([0xe9, 0xff, 0x0a]));
  expect(statSync(path).mode & 0o7777).toBe(0o644);
  expect(readdirSync(directory)).toEqual(["galera.cnf"]);
});

test("a changed file is another file with the same mode and owner", () => {
  writeFileSync(path, old);
  chmodSync(path, 0o640);
  if (isRoot) chownSync(path, 65534, 65534);
  const before = statSync(path);
  expect(writeIfChanged(path, "new")).toBe("written");
  const after = statSync(path);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
  expect(after.ino).not.toBe(before.ino);
  expect(readdirSync(directory)).toEqual(["galera.cnf"]);
});

test("an unchanged file is not touched", () => {
  writeFileSync(path, "a=\xe9\n", "latin1");
  const before = statSync(path, { bigint: true });
  expect(writeIfChanged(path, "a=\xe9\n")).toBe("unchanged");
  const after = statSync(path, { bigint: true });
  expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([
    before.ino,
    before.mtimeNs,
    before.ctimeNs,
  ]);
});

test.each([
  ["a file", true],
  ["a file that does not exist yet", false],
])("a symbolic link to %s stays", (_, exists) => {
  mkdirSync(join(directory, "real"));
  const real = join(directory, "real/x.cnf");
  if (exists) writeFileSync(real, old);
  symlinkSync("real/x.cnf", path);
  expect(writeIfChanged(path, "new")).toBe("written");
  expect(readlinkSync(path)).toBe("real/x.cnf");
  expect(lstatSync(real).isFile()).toBe(true);
  expect(readFileSync(path, "utf8")).toBe("new");
});

describe("refuses, in one line,", () => {
  const refusal = (exitCode: number, message: RegExp) =>
    expect.objectContaining({ exitCode, message: expect.stringMatching(message) });

  test("a file that anybody may write", () => {
    writeFileSync(path, old);
    chmodSync(path, 0o666);
    expect(() => writeIfChanged(path, "new")).toThrow(refusal(78, /^.*galera\.cnf.*chmod o-w .*$/));
    expect(readFileSync(path, "utf8")).toBe(old);
  });

  test("a directory", () => {
    expect(() => writeIfChanged(directory, "new")).toThrow(refusal(78, /^.* is a directory.*$/));
  });

  test("a directory that is not there", () => {
    const nowhere = join(directory, "nowhere");
    expect(() => writeIfChanged(join(nowhere, "x.cnf"), "new")).toThrow(
      refusal(78, /^.*\/nowhere is not a directory$/),
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a link into a directory that is not there", () => {
    symlinkSync("nowhere/x.cnf", path);
    expect(() => writeIfChanged(path, "new")).toThrow(
      refusal(78, /^.*\/nowhere\/x\.cnf cannot be written: .*\/nowhere is not a directory$/),
    );
    expect(readdirSync(directory)).toEqual(["galera.cnf"]);
  });

  test("links in a circle", () => {
    symlinkSync("galera.cnf", path);
    expect(() => writeIfChanged(path, "new")).toThrow(refusal(78, /^.*ELOOP.*$/));
  });

  test("text that is not bytes", () => {
    expect(() => writeIfChanged(path, "\u20ac")).toThrow(refusal(70, /galera\.cnf/));
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("leaves the old file and nothing else on", () => {
  const refused = (message: RegExp): Written => ({
    outcome: expect.stringMatching(message),
    exitCode: 78,
    content: old,
    files: ["galera.cnf"],
  });

  beforeEach(() => writeFileSync(path, old));

  test("a read-only mount, as of a ConfigMap", () => {
    const setup =
      'mount -t tmpfs -o mode=755 none "$1"; printf "[galera]\\na=old\\n" > "$1/galera.cnf"; mount -o remount,bind,ro "$1"';
    expect(writeElsewhere({ path, text: "new", setup })).toEqual(
      refused(/^.*galera\.cnf is on a read-only file system.*GALERA_CNF_TEMPLATE.*$/),
    );
  });

  test("a file that is a mount of its own", () => {
    expect(
      writeElsewhere({ path, text: "new", setup: 'mount --bind "$1/galera.cnf" "$1/galera.cnf"' }),
    ).toEqual(refused(/^.*galera\.cnf is a mount of its own.*mount its directory.*$/));
  });

  test.each([0, 1])("a disk with %i pages left", (pages) => {
    // Three pages: one for the old file, and what is not left is taken.
    const setup = `mount -t tmpfs -o size=12k,mode=755 none "$1"; printf "[galera]\\na=old\\n" > "$1/galera.cnf"; head -c ${(2 - pages) * 4096} /dev/zero > "$1/z"`;
    expect(writeElsewhere({ path, text: "x".repeat(3 * 4096), setup })).toEqual({
      ...refused(/^no space left to write .*galera\.cnf; the file is as it was$/),
      files: ["galera.cnf", "z"],
    });
  });

  test("a directory in which the user may not write", () => {
    chmodSync(directory, 0o555);
    expect(writeElsewhere({ path, text: "new", asNobody: true })).toEqual(
      refused(/^no permission to replace .*galera\.cnf: the user needs to write in .*$/),
    );
  });
});

test("a process elsewhere does write where nothing is in the way", () => {
  expect(writeElsewhere({ path, text: "new", setup: 'mount -t tmpfs none "$1"' })).toEqual({
    outcome: "written",
    exitCode: 0,
    content: "new",
    files: ["galera.cnf"],
  });
});
