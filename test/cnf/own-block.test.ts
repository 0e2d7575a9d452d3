import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type OwnOption,
  ownBlock,
  ownBlockOf,
  refuseCutBlock,
  withOwnBlock,
  withoutOwnBlock,
} from "../../src/cnf/own-block.js";
import { Failure } from "../../src/system/failure.js";

const why = "said in one line";
const options: readonly OwnOption[] = [
  { of: "server", name: "innodb_buffer_pool_size", value: "1G", why },
  { of: "provider", name: "gcache.size", value: "256M", why },
  { of: "provider", name: "evs.suspect_timeout", value: "PT2S", why },
  { of: "sst", name: "ssl-mode", value: "VERIFY_CA", why },
];

test("says of each option why, with the library's in one line behind the user's", () => {
  expect(ownBlock(options, "gmcast.segment=1")).toBe(
    `# What galera-peers has chosen at this start, where nobody else has set it:
[mariadbd]
# said in one line
innodb_buffer_pool_size=1G
# gcache.size: said in one line
# evs.suspect_timeout: said in one line
wsrep_provider_options="gmcast.segment=1; gcache.size=256M; evs.suspect_timeout=PT2S"
[sst]
# said in one line
ssl-mode=VERIFY_CA
[galera]
# (so far)
`,
  );
});

test("nothing chosen is no text at all", () => {
  expect(ownBlock([], "gmcast.segment=1")).toBe("");
  expect(withOwnBlock("[galera]\nx", "")).toBe("[galera]\nx");
});

test("a value that no line can hold is refused", () => {
  const long = [{ of: "server", name: "x", value: "y".repeat(5000), why }] as const;
  expect(() => ownBlock(long, undefined)).toThrow(Failure);
});

const texts = fc.string().map((text) => `${text.replaceAll("#", "")}\n`);
const block = ownBlock(options, undefined);

describe("any other text stays as it is", () => {
  test("above the block", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(withoutOwnBlock(withOwnBlock(text, block))).toBe(text);
        expect(ownBlockOf(withOwnBlock(text, block))).toBe(block);
      }),
    );
  });

  test("below it, where somebody has added to it", () => {
    fc.assert(
      fc.property(texts, texts, (above, below) => {
        expect(withoutOwnBlock(above + block + below)).toBe(above + below);
        expect(ownBlockOf(above + block + below)).toBe(block);
      }),
    );
  });

  test("without a block", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(withoutOwnBlock(text)).toBe(text);
      }),
    );
    expect(ownBlockOf("[galera]\n")).toBe("");
  });
});

test("what is added below belongs to the group that is last above", () => {
  expect(ownBlock(options, undefined, "mysqld")).toMatch(/\n\[mysqld\]\n# \(so far\)\n$/);
});

test("a block that has lost its end is refused: nobody can tell how far it reaches", () => {
  const cut = `[galera]\nx=1\n${block.replace("# (so far)\n", "")}y=2\n`;
  expect([withoutOwnBlock(cut), ownBlockOf(cut)]).toEqual([cut, ""]);
  expect(() => refuseCutBlock("/galera.cnf", cut)).toThrow(
    expect.objectContaining({
      exitCode: 65,
      message: expect.stringMatching(/^\/galera\.cnf:3: .*has lost its last line, "# \(so far\)"/),
    }),
  );
  expect(() => refuseCutBlock("/galera.cnf", `[galera]\n${block}`)).not.toThrow();
  expect(() => refuseCutBlock("/galera.cnf", "[galera]\n")).not.toThrow();
});

test.each([
  ["other line ends", (text: string) => text.replaceAll("\n", "\r\n")],
  ["no line end at its end", (text: string) => text.trimEnd()],
  ["another one above it", (text: string) => text + text],
])("a block is known with %s", (_, edit) => {
  expect(withoutOwnBlock(`[galera]\n${edit(block)}`)).toBe("[galera]\n");
  expect(withoutOwnBlock(`${edit(block)}\n[mysqld]\nx=1\n`)).toMatch(/^\n?\[mysqld\]\nx=1\n$/);
});
