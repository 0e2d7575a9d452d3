import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatGrastate,
  formatPosition,
  GrastateError,
  parseGrastate,
  parsePosition,
  zeroUuid,
} from "../../src/galera/grastate.js";

const uuid = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";

/** As galera/src/saved_state.cpp writes it. */
function file(seqno: string, safe = "0", of = uuid): string {
  return `# GALERA saved state\nversion: 2.1\nuuid:    ${of}\nseqno:   ${seqno}\nsafe_to_bootstrap: ${safe}\n`;
}

describe("what Galera writes", () => {
  test.each<[string, string, object]>([
    ["a clean stop", file("42"), { uuid, seqno: 42n, safeToBootstrap: false }],
    ["the last to stop", file("42", "1"), { uuid, seqno: 42n, safeToBootstrap: true }],
    ["running, or crashed", file("-1"), { uuid, seqno: -1n, safeToBootstrap: false }],
    ["never in a cluster", file("-1", "1", zeroUuid), { uuid: zeroUuid, seqno: -1n }],
    ["the first write-set", file("0"), { seqno: 0n }],
    ["the last that there can be", file("9223372036854775807"), { seqno: 2n ** 63n - 1n }],
    ["padded, as it is rewritten in place", `${file("7")}${" ".repeat(40)}\n`, { seqno: 7n }],
    ["padded in the line", file("7    ", "1   "), { seqno: 7n, safeToBootstrap: true }],
    ["with CRLF", file("7").replaceAll("\n", "\r\n"), { uuid, seqno: 7n }],
    ["without its last newline", file("7").trimEnd(), { seqno: 7n }],
    ["with cert_index", `${file("7")}cert_index:\n`, { seqno: 7n }],
    ["in another order", `safe_to_bootstrap: 1\nseqno: 7\nuuid: ${uuid}`, { seqno: 7n }],
    ["without spaces", `uuid:${uuid}\nseqno:7`, { uuid, seqno: 7n }],
    ["in upper case", file("7", "0", uuid.toUpperCase()), { uuid }],
    ["with comments", `${file("7")}# seqno: 8\n\n   # the end`, { seqno: 7n }],
  ])("%s", (_, text, state) => {
    expect(parseGrastate(text)).toMatchObject(state);
  });

  test("an old version without safe_to_bootstrap is not safe", () => {
    expect(parseGrastate(`uuid: ${uuid}\nseqno: 7\n`)).toEqual({
      ...{ uuid, seqno: 7n, safeToBootstrap: false },
    });
  });
});

test.each(["", "\n", "   \n\r\n\t"])("%j holds nothing, as an SST leaves it", (text) => {
  expect(parseGrastate(text)).toBeUndefined();
});

describe("what cannot be read names its line", () => {
  test.each<[string, string, number, string]>([
    ["a torn file", "# GALERA saved state\nversion: 2.1\nuuid:    6b1f4c5e-0b", 3, "not a uuid"],
    ["no uuid", "seqno: 7\n", 1, "no uuid in it"],
    ["no seqno", `uuid: ${uuid}\n`, 1, "no seqno in it"],
    ["comments alone", "# GALERA saved state\n", 1, "no uuid in it"],
    ["an empty uuid", file("7", "0", ""), 3, "not a uuid"],
    ["a uuid with a letter more", file("7", "0", `${uuid}0`), 3, "not a uuid"],
    ["an empty seqno", file(""), 4, "not a seqno"],
    ["a seqno of letters", file("seven"), 4, "not a seqno"],
    ["a seqno with a fraction", file("7.5"), 4, "not a seqno"],
    ["a seqno in hex", file("0x7"), 4, "not a seqno"],
    ["a seqno beyond 64 bits", file("9223372036854775808"), 4, "not a seqno"],
    ["a seqno of 10,000 digits", file("9".repeat(10_000)), 4, "not a seqno"],
    ["another safe_to_bootstrap", file("7", "2"), 5, "neither 0 nor 1"],
    ["safe_to_bootstrap: yes", file("7", "yes"), 5, "neither 0 nor 1"],
    ["a word", `${file("7")}garbage\n`, 6, "not a line of grastate.dat"],
    ["NULs, as a crashed file system leaves them", "\0".repeat(200), 1, "not a line of"],
    ["binary", "\x7fELF\x02\x01\n\xff\xfe", 1, "not a line of grastate.dat"],
    ["a byte order mark", `\ufeff${file("7")}x`, 6, "not a line of grastate.dat"],
    ["two on one line", `uuid: ${uuid} seqno: 7\n`, 1, "not a uuid"],
  ])("%s", (_, text, line, message) => {
    const read = () => parseGrastate(text);
    expect(read).toThrow(GrastateError);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ line }));
  });

  test("in a short message, whatever the line", () => {
    expect.assertions(1);
    try {
      parseGrastate("x".repeat(1_000_000));
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(150);
    }
  });

  test("any text is read, refused with a line of it, or holds nothing", () => {
    const text = fc.array(
      fc.oneof(
        fc.constantFrom("uuid:", "seqno:", "safe_to_bootstrap:", "#", "\n", " ", uuid, "1", "-1"),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(text, (words) => {
        const whole = words.join("");
        try {
          const state = parseGrastate(whole);
          if (state !== undefined) expect(state.uuid).toMatch(/^[0-9a-f-]{36}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(GrastateError);
          expect((error as GrastateError).line).toBeLessThanOrEqual(whole.split("\n").length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("a position as Galera writes it", () => {
  expect(formatPosition({ uuid, seqno: 2n ** 60n })).toBe(`${uuid}:1152921504606846976`);
  expect(formatPosition({ uuid, seqno: -1n })).toBe(`${uuid}:-1`);
});

test.each<[string, string, object]>([
  ["from the server", `${uuid}:42`, { uuid, seqno: 42n }],
  ["with GTIDs", `${uuid}:42,0-1-7`, { uuid, seqno: 42n }],
  ["never clustered", `${zeroUuid}:-1`, { uuid: zeroUuid, seqno: -1n }],
  ["in upper case", `${uuid.toUpperCase()}:1`, { uuid, seqno: 1n }],
])("a position %s", (_, text, position) => {
  expect(parsePosition(text)).toEqual(position);
});

test("what is written is what Galera writes", () => {
  expect(formatGrastate({ uuid, seqno: 42n, safeToBootstrap: true })).toBe(file("42", "1"));
});

test("what is written is read back", () => {
  const state = fc.record({
    uuid: fc.uuid(),
    seqno: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
    safeToBootstrap: fc.boolean(),
  });
  fc.assert(
    fc.property(state, (written) => {
      expect(parseGrastate(formatGrastate(written))).toEqual(written);
    }),
  );
});
