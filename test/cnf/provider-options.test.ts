import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeProviderOptions, parseProviderOptions } from "../../src/cnf/provider-options.js";

test.each<[string, string, string]>([
  ["", "a.b=1", "a.b=1"],
  ["a.b=1", "", "a.b=1"],
  ["a.b=1", "a.b=2", "a.b=2"],
  ["a.b=1; c.d=2", "c.d=3", "a.b=1; c.d=3"],
  ["a.b=1;c.d=2", "e.f=3; a.b=0", "a.b=0;c.d=2; e.f=3"],
  [" a.b = 1 ;c.d=2 ", "a.b=9", " a.b = 9 ;c.d=2 "],
  ["a.b=1;", "c.d=2", "a.b=1; c.d=2"],
  ["a.b=1;; ", "a.b=2", "a.b=2;; "],
  ["a.b=1;c=0;a.b=2", "a.b=3", "a.b=1;c=0;a.b=3"],
  ["a.b=1;c=0;a.b=2", "a.b=2", "a.b=1;c=0;a.b=2"],
  ["a=x\\;y;b=1", "b=2", "a=x\\;y;b=2"],
  ["a=;b=1", "a=2", "a=2;b=1"],
  ["a= ;b=1", "a=2", "a=2 ;b=1"],
  ["bare; b=1", "bare=2", "bare=2; b=1"],
  ["a=1", "a=$&", "a=$&"],
  ["a=\xc3\xa0; b=1", "a=\xc3\xa1", "a=\xc3\xa1; b=1"],
  ["a=\xc3\xa1", "a=\xc3\xa0", "a=\xc3\xa0"],
])("%j with %j is %j", (current, wanted, merged) => {
  expect(mergeProviderOptions(current, wanted)).toBe(merged);
  expect(mergeProviderOptions(merged, wanted)).toBe(merged);
});

test.each(["a", "a=1; b", "=1", "a=1=2", "a=1; ;=;"])("refuses %j", (text) => {
  expect(() => parseProviderOptions(text)).toThrow(expect.objectContaining({ exitCode: 78 }));
});

test("after a merge, wanted keys read as wanted and the others as before", () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-e]\.[a-c]$/), fc.stringMatching(/^[A-Z0-9./]{0,4}$/)),
    { selector: ([key]) => key, maxLength: 6 },
  );
  const texts = fc
    .tuple(pairs, fc.constantFrom(";", "; ", " ; ", ";;"))
    .map(([list, separator]) => list.map((pair) => pair.join("=")).join(separator));
  fc.assert(
    fc.property(texts, texts, (current, wanted) => {
      const merged = parseProviderOptions(mergeProviderOptions(current, wanted));
      expect(merged).toEqual(
        new Map([...parseProviderOptions(current), ...parseProviderOptions(wanted)]),
      );
    }),
  );
});
