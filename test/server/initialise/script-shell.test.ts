/** The functions and commands in a real bash, with a client that tells how it was called. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { scriptArgs, sqlArgs } from "../../../src/server/initialise/script-shell.js";
import type { Script } from "../../../src/server/initialise/scripts.js";
import { runProcess } from "../../../src/system/processes.js";

const directory = mkdtempSync(join(tmpdir(), "script-shell-"));
afterAll(() => rmSync(directory, { recursive: true }));
mkdirSync(join(directory, "bin"));

function file(name: string, text: string | Buffer, mode = 0o644): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

file("bin/mariadb", '#!/bin/sh\necho "$MYSQL_PWD: $*"\ncat\n[ -z "$REFUSES" ] || exit 1\n', 0o755);

async function bash(args: readonly string[], env: Record<string, string> = {}, input = "") {
  return runProcess("bash", args, {
    ...{ input, output: "keep", signal: new AbortController().signal },
    env: {
      ...{ PATH: `${join(directory, "bin")}:${process.env.PATH}`, SOCKET: "/a b/sock" },
      ...{ MARIADB_ROOT_PASSWORD: "geheim", MYSQL_DATABASE: "", ...env },
    },
  });
}

const run = (kind: Exclude<Script["kind"], "ignored">, path: string, env = {}) =>
  bash(scriptArgs(kind, path), env);

const call =
  "--protocol=socket --host=localhost --user=root --socket=/a b/sock --skip-ssl --skip-ssl-verify-server-cert";

describe("a shell file", () => {
  test("is executed if it may be, also without a #! line", async () => {
    const path = file(
      "exec uted.sh",
      'echo "$0"; declare -F docker_process_sql || echo none\n',
      0o755,
    );
    expect(await run("shell", path)).toEqual({ exitCode: 0, output: `${path}\nnone\n` });
  });

  test("is sourced otherwise, with the functions and the client as an array", async () => {
    const path = file(
      "sourced.sh",
      `docker_process_sql --database=shop <<< "SELECT 1"
       docker_process_sql --dont-use-mysql-root-password -N </dev/null
       echo "SELECT 2" | "\${mysql[@]}"
       mysql_note a note; mysql_warn "a  warning" 2>&1
       for none in /nowhere/*; do echo "$none"; done\n`,
    );
    const { output } = await run("shell", path, { MYSQL_DATABASE: "my shop" });
    const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} /gm;
    expect(output.match(stamp)).toHaveLength(2);
    expect(output.replaceAll(stamp, "").split("\n")).toEqual([
      `geheim: ${call} --database=my shop --database=shop`,
      "SELECT 1",
      `: ${call} --database=my shop -N`,
      `geheim: ${call} --database=my shop`,
      "SELECT 2",
      ...["[Note] a note", "[Warn] a  warning", ""],
    ]);
  });

  test.each([
    ["a command that fails", "false; echo on", 1, ""],
    ["a pipe that fails", "false | true; echo on", 1, ""],
    ["exit", "echo so far; exit 7", 7, "so far\n"],
  ])("ends with %s", async (_, text, exitCode, output) => {
    expect(await run("shell", file("ends.sh", text))).toEqual({ exitCode, output });
  });

  test("that calls mysql_error says so and ends", async () => {
    const end = await run("shell", file("error.sh", "mysql_error no luck; echo on"));
    expect(end).toEqual({ exitCode: 1, output: expect.stringMatching(/ \[ERROR\] no luck\n$/) });
  });

  test("is given no start-up file of the user's", async () => {
    file(".bashrc", "echo bashrc");
    const end = await run("shell", file("home.sh", "echo done"), { HOME: directory, SHLVL: "0" });
    expect(end.output).toBe("done\n");
  });

  test.each([
    ["it's", "it\\'s"],
    ["back\\slash & co", "back\\\\slash & co"],
    ["two\nlines\n", "two\\nlines\\n"],
    ["\\n'\\\\aa-\\x09-zz\"_%;", "\\\\n\\'\\\\\\\\aa-\\\\x09-zz\"_%;"],
    ["-n", "-n"],
  ])("has %j escaped for SQL", async (text, escaped) => {
    const path = file("escape.sh", 'docker_sql_escape_string_literal "$TEXT"');
    expect((await run("shell", path, { TEXT: text })).output).toBe(`${escaped}\n`);
  });
});

describe("SQL", () => {
  const client = `geheim: ${call}`;
  const packed = async (program: string) => {
    const plain = file("x.sql", "SELECT 1;\n");
    await bash(["-c", `${program} -qc "$0" > "$0.${program}"`, plain]);
    return `${plain}.${program}`;
  };

  test("is the client's input", async () => {
    const end = await run("sql", file('it\'s "one".sql', "SELECT 1;\n"));
    expect(end).toEqual({ exitCode: 0, output: `${client}\nSELECT 1;\n` });
  });

  test.each(["gzip", "xz", "zstd"] as const)("is unpacked by %s", async (kind) => {
    const end = await run(kind, await packed(kind));
    expect(end).toEqual({ exitCode: 0, output: `${client}\nSELECT 1;\n` });
  });

  test.each(["gzip", "xz", "zstd"] as const)("that %s cannot unpack fails", async (kind) => {
    expect((await run(kind, file("broken", "no such format"))).exitCode).not.toBe(0);
  });

  test.each(["sql", "gzip"] as const)("that the client refuses fails: %s", async (kind) => {
    const path = kind === "sql" ? file("x.sql", "SELECT 1;\n") : await packed(kind);
    expect(await run(kind, path, { REFUSES: "1" })).toMatchObject({ exitCode: 1 });
  });

  test("of standard input has none of the client's commands", async () => {
    expect(await bash(sqlArgs, {}, "SELECT 2;\n")).toEqual({
      exitCode: 0,
      output: `${client} --binary-mode\nSELECT 2;\n`,
    });
  });
});
