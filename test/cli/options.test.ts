import { expect, test } from "vitest";
import { withLongNamespace } from "../../src/cli/options.js";

test.each([
  [
    ["run", "-ns", "db", "--", "x", "-ns", "y"],
    ["run", "--namespace", "db", "--", "x", "-ns", "y"],
  ],
  [
    ["run", "--service", "-ns", "-ns=db"],
    ["run", "--service", "-ns", "--namespace=db"],
  ],
  [
    ["find", "--watch-addresses", "-ns", "db"],
    ["find", "--watch-addresses", "--namespace", "db"],
  ],
  [
    ["run", "echo", "get", "-ns", "kube"],
    ["run", "echo", "get", "-ns", "kube"],
  ],
  [[], []],
])("%j", (argv, words) => {
  expect(withLongNamespace(argv)).toEqual(words);
});
