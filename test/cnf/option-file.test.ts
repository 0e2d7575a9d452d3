import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemsOf } from "../../src/cnf/check.js";
import { canonicalName, type LineContent, scan } from "../../src/cnf/option-file.js";
import { asPrinted, mariadbReadsText } from "./oracle.js";

const contentOf = (line: string): LineContent | undefined => scan(line)[0]?.content;

test.each<[string, LineContent]>([
  ["\n", { kind: "blank" }],
  ["  \t\r\n", { kind: "blank" }],
  ["# wsrep_on=ON\n", { kind: "comment" }],
  ["\t;wsrep_on=ON", { kind: "comment" }],
  ["[galera]\n", { kind: "group", name: "galera" }],
  [" [ galera \t] trailing # text\r\n", { kind: "group", name: " galera" }],
  ["[]\n", { kind: "group", name: "" }],
  ["[galera\n", { kind: "unclosed-group" }],
  ["!include /etc/x.cnf\n", { kind: "include", path: "/etc/x.cnf" }],
  ["! includedir\t/etc/x.d/ \r\n", { kind: "includedir", path: "/etc/x.d/" }],
  ["!include /etc/a b.cnf # no comment\n", { kind: "include", path: "/etc/a b.cnf # no comment" }],
  ["!include /etc/x.cnf", { kind: "include", path: "/etc/x.cn" }],
  ["!include \n", { kind: "include", path: "" }],
  ["!INCLUDE /etc/x.cnf\n", { kind: "unknown-directive" }],
  ["!includes /etc/x.cnf\n", { kind: "unknown-directive" }],
])("scans %j", (line, content) => {
  expect(contentOf(line)).toEqual(content);
});

describe("an option", () => {
  test.each<[string, string, string | undefined]>([
    ["a=b", "a", "b"],
    [" \ta b\t=\t c d \r\n", "a b", "c d"],
    ["skip-name-resolve", "skip-name-resolve", undefined],
    ["skip-name-resolve # why", "skip-name-resolve", undefined],
    ["a=", "a", ""],
    ['a=""', "a", ""],
    ["a=b=c", "a", "b=c"],
    ["a=b#c", "a", "b"],
    ["a=1;b=2 ; c", "a", "1;b=2 ; c"],
    ["a#b=c", "a", undefined],
    ['a="b # c" # d', "a", "b # c"],
    ["a='b' # it's", "a", "b"],
    ["a=it's # no comment", "a", "it's # no comment"],
    ["a='b' 'c'", "a", "b' 'c"],
    ["a='b\"", "a", "'b\""],
    ['a="', "a", '"'],
    ['a="b\\" # c" # d', "a", 'b" # c'],
    ['a=b\\" # c', "a", 'b" # c'],
    ['a="b\\\\" # c', "a", "b\\"],
    ["a=\\n\\t\\r\\b\\s\\\"\\'\\\\", "a", "\n\t\r\b \"'\\"],
    ["a='\\q\\0\\N\\", "a", "'\\q\\0\\N\\"],
    ["a=b\\", "a", "b\\"],
    ["a=\xc3\xa0", "a", "\xc3"],
    ["a=b\0c", "a", "b"],
  ])("%j", (line, spelling, value) => {
    expect(contentOf(line)).toMatchObject({ kind: "option", spelling, value });
    expect(mariadbReadsText(`[galera]\n${line}`).options).toBe(
      `--${spelling}${value === undefined ? "" : `=${value}`}\n`,
    );
  });

  test.each([
    ["a=b", "b"],
    ['a = "b # c"  # d', '"b # c"'],
    ["a", ""],
    ["a=# c", ""],
    ["a = # c", ""],
  ])("%j has its value at %j", (line, raw) => {
    const content = contentOf(line);
    if (content?.kind !== "option") throw new Error("no option");
    expect(line.slice(content.valueStart, content.valueEnd)).toBe(raw);
    expect(line.slice(content.nameEnd - content.spelling.length, content.nameEnd)).toBe("a");
  });

  test.each([
    ["wsrep_node_name", "wsrep_node_name"],
    ["Wsrep-Node_NAME", "wsrep_node_name"],
    ["loose-wsrep-node-name", "wsrep_node_name"],
    ["loose_LOOSE_wsrep_node_name", "wsrep_node_name"],
    ["skip-wsrep_node_name", "skip_wsrep_node_name"],
  ])("named %s is %s", (spelling, name) => {
    expect(canonicalName(spelling)).toBe(name);
  });
});

test("an option belongs to the last group above it", () => {
  const lines = scan("a\n[x]\nb\n!include /f\nc\n[y]\nd\n");
  expect(
    lines.flatMap(({ content }) => (content.kind === "option" ? [content.group] : [])),
  ).toEqual([undefined, "x", "x", "y"]);
});

test("a long line is cut as MariaDB cuts it", () => {
  for (const length of [4093, 4094, 4095, 4096, 8189]) {
    const text = `[galera]\n#${"c".repeat(length - 1)}\na=${"x".repeat(length - 2)}\nb=2`;
    const lines = scan(text);
    expect(asPrinted(lines, () => true)).toBe(mariadbReadsText(text).options);
    expect(lines.at(-1)?.number).toBe(4);
  }
});

/** Lines of every kind, with the characters that mean something to MariaDB in any place. */
const anyText = fc.string({
  unit: fc.constantFrom(..." \t\r#;=\\\"'[]!-_.ab1nts/\v\xa0\xc3\xff\x01".split("")),
  maxLength: 16,
});
const anyLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom("a", "b-c", " d_e"),
        fc.constantFrom("=", " = ", "=\t", '="', "='", " "),
        anyText,
      )
      .map((parts) => parts.join("")),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "",
      "# comment",
      "[galera]",
      "[MySQLd]",
      "[client]",
      " [mariadb-10.11] x",
      "[server\xa0]",
      "!include /nowhere.cnf",
      "!nothing",
    ),
  },
  { weight: 1, arbitrary: anyText },
);
const anyFile = fc
  .tuple(fc.array(anyLine, { maxLength: 25 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(
    ([lines, newline, isEnded]) => ["[galera]", ...lines].join(newline) + (isEnded ? newline : ""),
  );

test("reads every file as MariaDB does, and keeps every byte", { timeout: 60_000 }, () => {
  const isRead = (group: string) => /^(galera|mysqld|server|mariadb-10\.11)$/i.test(group);
  fc.assert(
    fc.property(anyFile, (text) => {
      const lines = scan(text);
      expect(lines.map((line) => line.text + line.ending).join("")).toBe(text);
      // Of a line such as " =x" MariaDB reads a name of length -1.
      fc.pre(!lines.some(({ content }) => content.kind === "option" && content.spelling === ""));
      const mariadb = mariadbReadsText(text);
      if (mariadb.isRefused) expect(problemsOf(text)).not.toEqual([]);
      else expect(asPrinted(lines, isRead)).toBe(mariadb.options);
    }),
    { numRuns: 400 },
  );
});

test("any bytes can be scanned, and none is lost", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      expect(
        scan(text)
          .map((line) => line.text + line.ending)
          .join(""),
      ).toBe(text);
    }),
    { numRuns: 50 },
  );
});
