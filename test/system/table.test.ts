import { expect, test } from "vitest";
import { formatTable } from "../../src/system/table.js";

test.each<[string, string[][], string[]]>([
  ["nothing", [], []],
  [
    "columns are as wide as their widest cell",
    [
      ["A", "BB"],
      ["aaa", "b"],
    ],
    ["A    BB", "aaa  b"],
  ],
  [
    "no line ends in spaces",
    [
      ["A", "B"],
      ["a", ""],
      ["", ""],
    ],
    ["A  B", "a", ""],
  ],
  ["a row may be shorter than others", [["A", "B"], ["aaa"]], ["A    B", "aaa"]],
])("%s", (_, rows, lines) => {
  expect(formatTable(rows)).toEqual(lines);
});

test("what paint adds has no width, and goes around cells that have text", () => {
  const painted = formatTable(
    [
      ["A", "B", "C"],
      ["aaa", "", "c"],
    ],
    (text, row, column) => `<${row}${column} ${text}>`,
  );
  expect(painted).toEqual(["<00 A>    <01 B>  <02 C>", "<10 aaa>     <12 c>"]);
});
