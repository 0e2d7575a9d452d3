import fc from "fast-check";
import { expect, test } from "vitest";
import { type QuoteStyle, quote, unquote } from "../../src/cnf/quote.js";
import { mariadbReadsText } from "./oracle.js";

test.each<[string, string]>([
  ["galera-0", "galera-0"],
  ["gcomm://a.b,[::1]:4567?x.y=1", "gcomm://a.b,[::1]:4567?x.y=1"],
  ["", '""'],
  ["a b", '"a b"'],
  ["a=1; b=2", '"a=1; b=2"'],
  ["a#b", '"a#b"'],
  ["it's", '"it\'s"'],
  ['say "x"', '"say \\"x\\""'],
  ["a\\nb", '"a\\\\nb"'],
  ["a\nb\tc\rd\be", '"a\\nb\\tc\\rd\\be"'],
  ["\xc3\xa0", '"\xc3\xa0"'],
])("quotes %j as %s", (value, quoted) => {
  expect(quote(value)).toBe(quoted);
});

test.each<[QuoteStyle, string, string]>([
  ["'", "a", "'a'"],
  ['"', "a", '"a"'],
  ["'", 'it\'s "x"', "'it\\'s \"x\"'"],
])("keeps quotes of the kind %s: %j becomes %s", (style, value, quoted) => {
  expect(quote(value, style)).toBe(quoted);
});

test("refuses a NUL", () => {
  expect(() => quote("a\0b")).toThrow(expect.objectContaining({ exitCode: 78 }));
});

test("MariaDB reads back every value, in every style, before a comment", () => {
  const value = fc.string({
    unit: fc.oneof(
      fc.constantFrom(..." #;'\"\\\n\t\r\b=nts\xa0".split("")),
      fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
    ),
    maxLength: 12,
  });
  const written = fc.record({ value, style: fc.constantFrom<QuoteStyle>("", "'", '"') });
  fc.assert(
    fc.property(fc.array(written, { minLength: 100, maxLength: 200 }), (values) => {
      const lines = values.map(
        ({ value, style }, index) => `v${index} = ${quote(value, style)}# c`,
      );
      expect(mariadbReadsText(`[galera]\n${lines.join("\n")}\n`).options).toBe(
        values.map(({ value }, index) => `--v${index}=${value}\n`).join(""),
      );
      for (const { value, style } of values) expect(unquote(quote(value, style))).toBe(value);
    }),
    { numRuns: 40 },
  );
});
