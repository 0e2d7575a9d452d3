import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GvwstateError, parseGvwstate } from "../../src/galera/gvwstate.js";

const own = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";
const other = "7c2a5d6f-0b5a-11f0-8e3d-4b9a2f3e5d6c";

/** As gcomm/src/view.cpp writes it. */
function file(viewId = `3 ${other} 7`, members: readonly string[] = [own, other], my = own) {
  const lines = members.map((uuid) => `member: ${uuid} 0\n`).join("");
  return `my_uuid: ${my}\n#vwbeg\nview_id: ${viewId}\nbootstrap: 0\n${lines}#vwend\n`;
}

describe("what Galera writes", () => {
  test.each<[string, string, object]>([
    ["two members", file(), { uuid: own, viewSeq: 7, members: [own, other] }],
    ["alone", file(`3 ${own} 1`, [own]), { uuid: own, viewSeq: 1, members: [own] }],
    ["after pc.bootstrap", file().replace("bootstrap: 0", "bootstrap: 1"), { viewSeq: 7 }],
    [
      "in another segment",
      file().replaceAll(/^(member: .*) 0$/gm, "$1 255"),
      { members: [own, other] },
    ],
    ["the last number that there can be", file(`3 ${own} 1073741823`), { viewSeq: 2 ** 30 - 1 }],
    ["in upper case", file(undefined, undefined, own.toUpperCase()), { uuid: own }],
    ["with CRLF", file().replaceAll("\n", "\r\n"), { members: [own, other] }],
    ["without its last newline", file().trimEnd(), { members: [own, other] }],
  ])("%s", (_, text, state) => {
    expect(parseGvwstate(text)).toMatchObject(state);
  });
});

test.each(["", "\n", "  \r\n"])("%j holds nothing, as a full disk leaves it", (text) => {
  expect(parseGvwstate(text)).toBeUndefined();
});

describe("what cannot be read names its line", () => {
  test.each<[string, string, number, string]>([
    ["a torn uuid", file().slice(0, 20), 1, "not my_uuid"],
    ["torn behind its first line", file().slice(0, 46), 1, "it ends before #vwbeg"],
    ["torn in the view", file().slice(0, 80), 3, "not a primary component's view_id"],
    ["torn among the members", file().slice(0, 175), 6, "not a member"],
    ["without its end", file().replace("#vwend\n", ""), 6, "it ends before #vwend"],
    ["a view that is not primary", file(`2 ${own} 7`), 3, "not a primary component's view_id"],
    ["a number of letters", file(`3 ${own} x`), 3, "not a primary component's view_id"],
    ["another bootstrap", file().replace("bootstrap: 0", "bootstrap: 2"), 4, "not bootstrap"],
    ["a member without a segment", file(undefined, [`${own} x`]), 5, "not a member"],
    ["a word among the members", file().replace("#vwend", "word"), 7, "not #vwend"],
    ["NULs, as a crashed file system leaves them", "\0".repeat(200), 1, "not my_uuid"],
  ])("%s", (_, text, line, message) => {
    const read = () => parseGvwstate(text);
    expect(read).toThrow(GvwstateError);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ line }));
  });

  test("in a short message, whatever the line", () => {
    expect.assertions(1);
    try {
      parseGvwstate("x".repeat(1_000_000));
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(150);
    }
  });

  test("no part of a file passes for the whole", () => {
    const whole = file();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 2 }), (length) => {
        expect(() => parseGvwstate(whole.slice(0, length))).toThrow(GvwstateError);
      }),
    );
  });
});
