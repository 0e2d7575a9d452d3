import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notifyCommand } from "../../src/agent/notify-command.js";
import { loadTold } from "../../src/bootstrap/store.js";
import { scratch, uuid } from "./members.js";

/** As the server does (sql/wsrep_notify.cc): the shell takes all of it apart. */
const shell = (command: string, more: string) => spawnSync("/bin/sh", ["-c", `${command} ${more}`]);

const members = "a/galera-0/10.0.0.1:0";
const appended = `--status synced --uuid ${uuid} --primary yes --index 0 --members ${members}`;

describe("paths arrive as they are", () => {
  const echo = [process.execPath, "-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"];
  test.each([
    ["plain", "/var/lib/mysql"],
    ["spaces", "/a b/ c "],
    ["quotes", `/it's/"quoted"/''`],
    ["a dollar and backquotes", "/$HOME/$(touch x)/`id`"],
    ["backslashes", "/a\\b\\'/\\\\/\\"],
    ["a newline", "/a\nb\n"],
    ["what ends a command", "/a;b&c|d>e<f#g"],
    ["a pattern", "/*/?[a-z]"],
    ["not ASCII", "/日本/ü"],
    ["an option", "--help"],
    ["nothing", ""],
  ])("%s", (_, path) => {
    const { stdout, status } = shell(notifyCommand(echo, path, `${path}/state`), appended);
    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toEqual([
      ...["notify", "--datadir", path, "--state-dir", `${path}/state`],
      ...appended.split(" "),
    ]);
  });
});

test("one that never ends is ended after 5 s, since the server waits for it", () => {
  const command = notifyCommand(["sleep", "60"], "/d", "/s");
  expect(command).toMatch(/^'timeout' '-k' '1' '5' 'sleep' '60' 'notify' /);
});

describe("the built program", () => {
  // Built apart from dist, which other tests run at the same time.
  const root = mkdtempSync(join(tmpdir(), "built-"));
  const program = [process.execPath, join(root, "bin/galera-peers.js")];
  beforeAll(async () => {
    const project = join(import.meta.dirname, "../..");
    chmodSync(root, 0o755);
    for (const name of ["src", "node_modules", "package.json"]) {
      symlinkSync(join(project, name), join(root, name));
    }
    cpSync(join(project, "bin"), join(root, "bin"), { recursive: true });
    const script = join(project, "scripts/build.ts");
    await promisify(execFile)(process.execPath, [script], { cwd: root });
  }, 30_000);
  afterAll(() => rmSync(root, { recursive: true }));

  test("writes down what it is told, and ends quickly", () => {
    const directory = join(scratch(), "it's $HOME");
    mkdirSync(directory);
    writeFileSync(join(directory, "gvwstate.dat"), gvwstate(4));
    const started = performance.now();
    const { status, stdout, stderr } = shell(
      notifyCommand(program, directory, directory),
      appended,
    );
    expect(performance.now() - started).toBeLessThan(1500);
    expect([status, `${stdout}`, `${stderr}`]).toEqual([0, "", ""]);
    expect(loadTold(directory)).toMatchObject({
      ...{ status: "synced", primary: { uuid, view: { number: 4, members: ["galera-0"] } } },
    });
  });

  test("tells in one line what it cannot write", () => {
    const directory = join(scratch(), "missing");
    const { status, stdout, stderr } = shell(
      notifyCommand(program, directory, directory),
      appended,
    );
    expect([status, `${stdout}`]).toEqual([78, ""]);
    expect(`${stderr}`).toMatch(
      /^galera-peers: what the server tells is not written down: ENOENT: .*missing'\n$/,
    );
  });

  test.runIf(process.getuid?.() === 0)(
    "also as the server's account, in another's directory",
    () => {
      const directory = scratch();
      chmodSync(directory, 0o755);
      const run = () =>
        spawnSync(
          "/bin/sh",
          ["-c", `${notifyCommand(program, directory, directory)} ${appended}`],
          { uid: 65_534, gid: 65_534, cwd: "/" },
        );
      const refused = run();
      expect(refused.status).toBe(78);
      expect(`${refused.stderr}`).toMatch(/^galera-peers: .*: EACCES: permission denied.*\n$/);
      chownSync(directory, 65_534, 65_534);
      expect(run().status).toBe(0);
      expect(readFileSync(join(directory, "galera-peers.view.log"), "utf8")).toContain("galera-0");
    },
  );
});

function gvwstate(number: number): string {
  const id = "6d0e0c2a-1111-11ef-8b1f-0a0b0c0d0e0f";
  return `my_uuid: ${id}\n#vwbeg\nview_id: 3 ${id} ${number}\nbootstrap: 0\nmember: ${id} 0\n#vwend\n`;
}
