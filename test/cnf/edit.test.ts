import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clusterAddress } from "../../src/cnf/cluster-address.js";
import { type Changes, editOptions } from "../../src/cnf/edit.js";
import { effectiveLines } from "../../src/cnf/effective.js";
import { scan } from "../../src/cnf/option-file.js";
import { mergeProviderOptions } from "../../src/cnf/provider-options.js";
import { mariadbReadsText } from "./oracle.js";

const name = { wsrep_node_name: "n0" };

describe("rewrites", () => {
  test.each<[string, string, string]>([
    ["a value", "wsrep_node_name=x\n", "wsrep_node_name=n0\n"],
    ["spaced", "  wsrep_node_name  =  x  \n", "  wsrep_node_name  =  n0  \n"],
    ["with tabs", "wsrep_node_name\t=\tx\t# c\n", "wsrep_node_name\t=\tn0\t# c\n"],
    ["before a comment", "wsrep_node_name=x # c\n", "wsrep_node_name=n0 # c\n"],
    ["a value with #", 'wsrep_node_name="x # y"# c\n', 'wsrep_node_name="n0"# c\n'],
    ["an open quote", "wsrep_node_name=it's # x\n", "wsrep_node_name=n0\n"],
    ["in single quotes", "wsrep_node_name='x'\n", "wsrep_node_name='n0'\n"],
    ["an empty value", "wsrep_node_name=\n", "wsrep_node_name=n0\n"],
    ["an empty value, spaced", "wsrep_node_name = # c\n", "wsrep_node_name = n0 # c\n"],
    ["an empty value in quotes", "wsrep_node_name=''# c\n", "wsrep_node_name='n0' # c\n"],
    ["no value", "wsrep_node_name # c\n", "wsrep_node_name=n0 # c\n"],
    ["other spelling", "loose-WSREP-node_name=x\n", "loose-WSREP-node_name=n0\n"],
    ["an abbreviation", "wsrep_node_n=x\n", "wsrep_node_n=n0\n"],
    ["with CRLF", "a=1\r\nwsrep_node_name=x\r\nb\r\n", "a=1\r\nwsrep_node_name=n0\r\nb\r\n"],
    ["without final newline", "wsrep_node_name=x", "wsrep_node_name=n0"],
    [
      "the last of several",
      "wsrep_node_name=a\nwsrep_node_name=b\n",
      "wsrep_node_name=a\nwsrep_node_name=n0\n",
    ],
    [
      "only what mariadbd reads",
      "wsrep_node_name=a\n[mysqldump]\nwsrep_node_name=b\n",
      "wsrep_node_name=n0\n[mysqldump]\nwsrep_node_name=b\n",
    ],
    [
      "in a later group",
      "wsrep_node_name=a\n[Server]\nwsrep_node_name=b\n",
      "wsrep_node_name=a\n[Server]\nwsrep_node_name=n0\n",
    ],
    [
      "and versioned groups below",
      "wsrep_node_name=a\n[mariadb-11.4]\nwsrep_node_name=b\nwsrep_node_name=c\n[mysqld-10.11]\nwsrep_node_name=d\n",
      "wsrep_node_name=n0\n[mariadb-11.4]\nwsrep_node_name=b\nwsrep_node_name=n0\n[mysqld-10.11]\nwsrep_node_name=n0\n",
    ],
    [
      "no versioned group above",
      "[mariadb-11.4]\nwsrep_node_name=b\n[galera]\nwsrep_node_name=a\n",
      "[mariadb-11.4]\nwsrep_node_name=b\n[galera]\nwsrep_node_name=n0\n",
    ],
  ])("%s", (_, before, after) => {
    expect(editOptions(`[galera]\n${before}`, name)).toBe(`[galera]\n${after}`);
    expect(editOptions(`[galera]\n${after}`, name)).toBe(`[galera]\n${after}`);
  });

  test.each([
    'wsrep_node_name = "n0"\n',
    "wsrep_node_name=n\\0\\\\'",
    "wsrep_node_name='n0' # it's\n",
  ])("nothing of %j, which already reads as wanted", (line) => {
    const [own] = effectiveLines(scan(`[galera]\n${line}`), "wsrep_node_name");
    const wanted = { wsrep_node_name: own?.content.value ?? "" };
    expect(wanted.wsrep_node_name).not.toBe("");
    expect(editOptions(`[galera]\n${line}`, wanted)).toBe(`[galera]\n${line}`);
  });
});

describe("adds", () => {
  test.each<[string, string, string]>([
    ["to an empty file", "", "[galera]\nwsrep_node_name=n0\n"],
    ["to a file of comments", "# c\n", "# c\n\n[galera]\nwsrep_node_name=n0\n"],
    ["without final newline", "# c", "# c\n\n[galera]\nwsrep_node_name=n0"],
    ["with CRLF", "[client]\r\na\r\n", "[client]\r\na\r\n\r\n[galera]\r\nwsrep_node_name=n0\r\n"],
    [
      "beside wsrep options",
      "[mysqld]\nwsrep_on=1\na\n[galera]\nb\n",
      "[mysqld]\nwsrep_on=1\nwsrep_node_name=n0\na\n[galera]\nb\n",
    ],
    ["to [galera]", "[GALERA]\n\n[mysqld]\na\n", "[GALERA]\nwsrep_node_name=n0\n\n[mysqld]\na\n"],
    [
      "to the last [galera]",
      "[galera]\na\n[galera]\nb\n# c\n",
      "[galera]\na\n[galera]\nb\nwsrep_node_name=n0\n# c\n",
    ],
    [
      "to a server group",
      "[mysqld]\na\n\n[mysqldump]\nb\n",
      "[mysqld]\na\nwsrep_node_name=n0\n\n[mysqldump]\nb\n",
    ],
    [
      "to no group of clients",
      "[client-server]\nwsrep_on=1\n",
      "[client-server]\nwsrep_on=1\n\n[galera]\nwsrep_node_name=n0\n",
    ],
    [
      "to no versioned group",
      "[mariadb-10.11]\nwsrep_on=1\n[server]\n",
      "[mariadb-10.11]\nwsrep_on=1\n[server]\nwsrep_node_name=n0\n",
    ],
    [
      "laid out as above",
      "[galera]\n\twsrep_on   =   ON # c\n",
      "[galera]\n\twsrep_on   =   ON # c\n\twsrep_node_name = n0\n",
    ],
    ["below the last byte", "[galera]\na=1", "[galera]\na=1\nwsrep_node_name=n0"],
    ["below the last byte with CRLF", "[galera]\r\na=1", "[galera]\r\na=1\r\nwsrep_node_name=n0"],
    [
      "before an include",
      "[galera]\na\n!include /x\n",
      "[galera]\na\nwsrep_node_name=n0\n!include /x\n",
    ],
  ])("%s", (_, before, after) => {
    expect(editOptions(before, name)).toBe(after);
    expect(editOptions(after, name)).toBe(after);
  });

  test("several in their order", () => {
    expect(editOptions("[galera]\na\n\n[x]\n", { wsrep_b: "1", wsrep_a: "2 3" })).toBe(
      '[galera]\na\nwsrep_b=1\nwsrep_a="2 3"\n\n[x]\n',
    );
  });
});

test("a function sees the value so far, and each place has its own", () => {
  const text = "[galera]\nwsrep_sst_method=a\n[mysqld-11.8]\nwsrep_sst_method='b b'\n";
  expect(
    editOptions(text, {
      wsrep_sst_method: (current) => `${current}!`,
      wsrep_x: (current) => `${current}`,
    }),
  ).toBe(
    "[galera]\nwsrep_sst_method=\"a!\"\nwsrep_x=undefined\n[mysqld-11.8]\nwsrep_sst_method='b b!'\n",
  );
});

test("a value that no line can hold is refused", () => {
  for (const value of ["x".repeat(4093), "a\0"]) {
    expect(() => editOptions("[galera]\n", { a: value })).toThrow(
      expect.objectContaining({ exitCode: 78 }),
    );
    expect(() => editOptions("[galera]\na=1\n", { a: value })).toThrow(
      expect.objectContaining({ exitCode: 78 }),
    );
  }
});

const fixtures = join(import.meta.dirname, "../fixtures/cnf");
const ownKeys: Changes = {
  wsrep_cluster_name: "galera",
  wsrep_node_name: "galera-0",
  wsrep_node_address: "10.0.0.1",
  wsrep_cluster_address: (current) =>
    clusterAddress(["galera-0.galera", "galera-1.galera"], current),
  wsrep_provider_options: (current = "") =>
    mergeProviderOptions(current, "gmcast.segment=1; pc.weight=2"),
};

test.each(["article", "commented", "layered"])("the whole file %s", (file) => {
  const [before = "", after] = ["before", "after"].map((which) =>
    readFileSync(join(fixtures, `${file}.${which}.cnf`), "latin1"),
  );
  expect(editOptions(before, ownKeys)).toBe(after);
  expect(editOptions(before.replaceAll("\n", "\r\n"), ownKeys)).toBe(
    after?.replaceAll("\n", "\r\n"),
  );
  expect(editOptions(before.trimEnd(), ownKeys).trimEnd()).toBe(after?.trimEnd());
});

describe("for any file", () => {
  const key = fc.constantFrom(
    "wsrep_node_name",
    "loose-Wsrep-node-name",
    " wsrep_node_address",
    "wsrep_node_n",
    "wsrep_on",
    "port",
  );
  const value = fc.constantFrom(
    "",
    "=",
    "=n0",
    " = 'n0' # c",
    '\t=\t"a # b"',
    "=x#y",
    "=it's # x",
    " = a\\sb ",
    "=\xc3\xa0",
  );
  const line = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(key, value).map((parts) => parts.join("")) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("", " ", "# wsrep_node_name=c", "; c", "!include /nowhere.cnf"),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "[galera]",
        "[MySQLd]",
        "[client]",
        "[mariadb-10.11] x",
        "[mysqld-10.6]",
        "[server ]",
        "[client-server]",
      ),
    },
  );
  const file = fc
    .record({
      lines: fc.array(line, { maxLength: 20 }),
      newline: fc.constantFrom("\n", "\r\n"),
      end: fc.constantFrom("", "\n"),
    })
    .map(({ lines, newline, end }) => ["[mysqldump]", ...lines].join(newline) + (end && newline));
  const wanted = fc.record({
    wsrep_node_name: fc.string({
      unit: fc.constantFrom(..."n0 #'\"\\;=\t\xc3\xa0\n".split("")),
      maxLength: 8,
    }),
    wsrep_node_address: fc.constantFrom("n0", "[::1]", "a b", ""),
  });

  test("MariaDB reads what was asked for, and every other option as before", {
    timeout: 60_000,
  }, () => {
    /** What my_print_defaults says, without the newlines inside values. */
    const optionsOf = (text: string) =>
      mariadbReadsText(text)
        .options.split(/^--/m)
        .slice(1)
        .map((option) => option.slice(0, -1));
    const isOwn = (option: string) => /^(loose-)?wsrep[-_]node[-_]n|^wsrep_node_a/i.test(option);
    fc.assert(
      fc.property(file, wanted, (before, changes) => {
        const after = editOptions(before, changes);
        const options = optionsOf(after);
        expect(options.filter((option) => !isOwn(option))).toEqual(
          optionsOf(before).filter((option) => !isOwn(option)),
        );
        const last = (pattern: RegExp) =>
          options.findLast((option) => pattern.test(option))?.replace(/^[^=]*=/, "");
        expect(last(/^(loose-)?wsrep[-_]node[-_]n/i)).toBe(changes.wsrep_node_name);
        expect(last(/^wsrep_node_a/)).toBe(changes.wsrep_node_address);
        expect(editOptions(after, changes)).toBe(after);
      }),
      { numRuns: 250 },
    );
  });

  test("every line but the effective ones stays byte for byte, and in its place", () => {
    fc.assert(
      fc.property(file, wanted, (before, changes) => {
        const lines = scan(before);
        const effective = Object.keys(changes).flatMap((option) => effectiveLines(lines, option));
        const untouched = lines
          .filter((line) => !effective.some((one) => one === line))
          .map(({ text }) => text);
        const after = scan(editOptions(before, changes)).map(({ text }) => text);
        let at = 0;
        for (const text of untouched) {
          const found = after.findIndex(
            (candidate, index) =>
              index >= at && candidate.replace(/\r$/, "") === text.replace(/\r$/, ""),
          );
          expect(found, JSON.stringify(text)).toBeGreaterThanOrEqual(at);
          at = found + 1;
        }
        const added = after.length - lines.length;
        expect(added).toBeLessThanOrEqual(2 + 2);
        expect(added).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
