import fc from "fast-check";
import { expect, test } from "vitest";
import { problemsOf, refuseProblems, refuseWorldWritable } from "../../src/cnf/check.js";
import { mariadbReadsText } from "./oracle.js";

/** What MariaDB makes of it: it refuses the file, or reads less than was meant. */
type Effect = "refused" | "misread";

test.each<[string, string, number, RegExp, Effect]>([
  ["a byte order mark", "\xef\xbb\xbf# c\n[galera]\na=1\n", 1, /byte order mark/, "refused"],
  ["UTF-16", "\xff\xfe[\0g\0", 1, /NUL/, "refused"],
  [
    "an option before a group",
    "# c\n\nwsrep_on=ON\n[galera]\na=1\n",
    3,
    /before any group/,
    "refused",
  ],
  ["an unclosed group", "[galera]\na=1\n[mysqld # ]\n[server\n", 4, /closing bracket/, "refused"],
  ["no name", "[galera]\n=a=1\n", 2, /without a name/, "misread"],
  ["a NUL", "[galera]\nb=\0a=1\n", 2, /NUL byte/, "misread"],
  [
    "a long line",
    `[galera]\n#${"c".repeat(4093)}\nb\n#${"c".repeat(4094)}\n`,
    2,
    /over 4093 bytes/,
    "misread",
  ],
  ["no such directive", "[galera]\nb\n!includedirs /etc\n", 3, /unknown directive/, "misread"],
  ["no path", "[galera]\na=1\n!include \n", 3, /without a path/, "refused"],
  ["an include cut short", "[galera]\nb\n!includedir /etc/x/", 3, /without a newline/, "refused"],
])("%s", (_, text, line, what, effect) => {
  const [problem] = problemsOf(text);
  expect(problem).toEqual({ line, what: expect.stringMatching(what) });
  const mariadb = mariadbReadsText(text);
  if (effect === "refused") expect(mariadb.isRefused).toBe(true);
  else expect(mariadb.options.split("\n")).not.toContain("--a=1");
  expect(() => refuseProblems("/etc/g.cnf", text)).toThrow(
    expect.objectContaining({
      exitCode: 65,
      message: expect.stringMatching(
        new RegExp(`^/etc/g\\.cnf:${line}: ${what.source}`.replace(/: .*/, ": .*")),
      ),
    }),
  );
});

test.each([
  "",
  "\n",
  "# only a comment",
  "[galera]\na\nb=\n c = '#' ;\n[]\nx\n[client] y\n!include /nowhere.cnf\n!includedir /\n",
  `[galera]\n#${"c".repeat(4092)}\na=${"x".repeat(4091)}\n`,
])("nothing is wrong with %j", (text) => {
  expect(problemsOf(text)).toEqual([]);
  expect(mariadbReadsText(text).isRefused).toBe(false);
  refuseProblems("/etc/g.cnf", text);
});

test("garbage is refused in one line", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
      const text = Buffer.concat([Buffer.from("\x7fELF\x02\0"), bytes]).toString("latin1");
      expect(() => refuseProblems("/etc/g.cnf", text)).toThrow(/^\/etc\/g\.cnf:1: [ -~]+$/);
    }),
  );
});

test("a file that anybody may write is refused with the remedy", () => {
  refuseWorldWritable("/etc/g.cnf", 0o100664);
  expect(() => refuseWorldWritable("/etc/g.cnf", 0o100666)).toThrow(
    expect.objectContaining({
      exitCode: 78,
      message: expect.stringContaining("chmod o-w /etc/g.cnf"),
    }),
  );
});
