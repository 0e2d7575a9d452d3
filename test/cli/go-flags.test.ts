import { describe, expect, test } from "vitest";
import { parseGoFlags } from "../../src/cli/go-flags.js";

/** What Go's program needs at least. */
const needed = ["-on-start=x", "-service=galera"];
const flags = { onStart: "x", service: "galera" };

describe("one dash or two, an equals sign or a space", () => {
  test.each<[readonly string[], object]>([
    [["-on-start=x", "-service=galera"], {}],
    [["--on-start=x", "--service=galera"], {}],
    [["-on-start", "x", "-service", "galera"], {}],
    [["--on-start", "x", "-service=galera"], {}],
    [[...needed, "-ns=db"], { namespace: "db" }],
    [
      [...needed, "-ns", "db", "-domain", "k8s.example"],
      { namespace: "db", domain: "k8s.example" },
    ],
    [[...needed, "-on-change=y z | tee"], { onChange: "y z | tee" }],
    [["-on-start=a=b=c", "-service=galera"], { onStart: "a=b=c" }],
    [["-on-start=\n", "-service=galera"], { onStart: "\n" }],
    [["-on-start", "-service", "-service=galera"], { onStart: "-service" }],
    [["-on-start", "--", "-service=galera"], { onStart: "--" }],
    [[...needed, "-on-start=y"], { onStart: "y" }],
    [[...needed, "-address-type=IPv4"], { addressType: "IPv4" }],
    [[...needed, "--hook-timeout", "5s"], { hookTimeout: "5s" }],
  ])("%j", (args, more) => {
    expect(parseGoFlags(args)).toEqual({ kind: "flags", flags: { ...flags, ...more } });
  });
});

describe("the first word that is no flag ends them", () => {
  test.each<[readonly string[]]>([
    [["--", "-no-such-flag"]],
    [["word", "-no-such-flag"]],
    [["-", "-no-such-flag"]],
    [["", "-no-such-flag"]],
    [["--"]],
  ])("%j", (rest) => {
    expect(parseGoFlags([...needed, ...rest])).toEqual({ kind: "flags", flags });
  });
});

describe("Go's errors exit with 2 and print the usage", () => {
  test.each<[readonly string[], string]>([
    [["-no-such-flag"], "flag provided but not defined: -no-such-flag"],
    [["--no-such-flag=x"], "flag provided but not defined: -no-such-flag"],
    [["-watch-addresses"], "flag provided but not defined: -watch-addresses"],
    [["-__proto__=x"], "flag provided but not defined: -__proto__"],
    [["-On-Start=x"], "flag provided but not defined: -On-Start"],
    [["-on-start"], "flag needs an argument: -on-start"],
    [["--service"], "flag needs an argument: -service"],
    [["---service=x"], "bad flag syntax: ---service=x"],
    [["-=x"], "bad flag syntax: -=x"],
    [["--=x"], "bad flag syntax: --=x"],
    [["-no-such-flag", "-h"], "flag provided but not defined: -no-such-flag"],
  ])("%j", (args, message) => {
    const end = parseGoFlags([...needed, ...args]);
    expect(end).toMatchObject({ kind: "end", exitCode: 2 });
    expect("text" in end && end.text.split("\n").slice(0, 2)).toEqual([
      message,
      "Usage of peer-finder:",
    ]);
  });
});

test.each([["-h"], ["-help"], ["--h"], ["--help"], ["-h=1"]])("%s: the usage, and 0", (flag) => {
  const end = parseGoFlags([flag, "-no-such-flag"]);
  expect(end).toMatchObject({ kind: "end", exitCode: 0 });
  const text = "text" in end ? end.text : "";
  for (const name of ["on-start", "on-change", "service", "ns", "domain"]) {
    expect(text).toContain(`\n  -${name} string\n    \t`);
  }
});

describe("incomplete arguments exit with 1, in the words of the Go program", () => {
  const text =
    "Incomplete args, require -on-change and/or -on-start, -service and -ns or an env var for POD_NAMESPACE.";

  test.each<[string, readonly string[]]>([
    ["nothing", []],
    ["no hook", ["-service=galera"]],
    ["no service", ["-on-start=x"]],
    ["an empty hook", ["-on-start=", "-service=galera"]],
    ["an empty service", ["-on-start=x", "-service="]],
    ["a hook that is taken back", [...needed, "-on-start="]],
    ["all of it behind the end", ["--", ...needed]],
  ])("%s", (_, args) => {
    expect(parseGoFlags(args)).toEqual({ kind: "end", exitCode: 1, text });
  });

  test("complete: on-change alone", () => {
    const args = ["-on-change=x", "-service=galera"];
    expect(parseGoFlags(args)).toMatchObject({ kind: "flags" });
  });
});

test("an empty flag is to the Go program as none", () => {
  const args = [...needed, "-on-change=", "-domain=", "-ns", ""];
  expect(parseGoFlags(args)).toEqual({ kind: "flags", flags });
});
