import { type Setting, type SettingName, settings } from "../setting-table.js";
import { discovery, type Flags } from "./options.js";

/** What the Go program's command line came to. */
export type GoCommandLine =
  | { readonly kind: "flags"; readonly flags: Flags }
  /** Printed on standard error before an exit with this code. */
  | { readonly kind: "end"; readonly exitCode: number; readonly text: string };

const accepted = [...discovery, "onStart", "onChange", "hookTimeout", "log"] as const;
const names = new Map<string, SettingName>([
  ["ns", "namespace"],
  ...accepted.map((name): [string, SettingName] => [settings[name].flag.slice(2), name]),
]);

/** The end where an argument is missing, or a namespace: Go's `log.Fatalf`, in peer-finder's words. */
export const incomplete = {
  kind: "end",
  exitCode: 1,
  text: "Incomplete args, require -on-change and/or -on-start, -service and -ns or an env var for POD_NAMESPACE.",
} as const satisfies GoCommandLine;

/**
 * Reads arguments as Go's flag package does (src/flag/flag.go): one dash or two, `=` or a space, the
 * first word that is no flag ends them. Its errors exit with 2, its help with 0.
 */
export function parseGoFlags(args: readonly string[]): GoCommandLine {
  const flags: Partial<Record<SettingName, string>> = {};
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-" || word === "--") break;
    const [, name = "", given] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === "" || name.startsWith("-")) return failed(`bad flag syntax: ${word}`);
    if (name === "h" || name === "help") return { kind: "end", exitCode: 0, text: usage() };
    const setting = names.get(name);
    if (setting === undefined) return failed(`flag provided but not defined: -${name}`);
    const value = given ?? rest.shift();
    if (value === undefined) return failed(`flag needs an argument: -${name}`);
    if (value === "")
      delete flags[setting]; // to the Go program the same as not given
    else flags[setting] = value;
  }
  const { service, onStart, onChange } = flags;
  const complete = service && (onStart || onChange);
  return complete ? { kind: "flags", flags } : incomplete;
}

function failed(message: string): GoCommandLine {
  return { kind: "end", exitCode: 2, text: `${message}\n${usage()}` };
}

function usage(): string {
  const lines = [...names].sort().map(([name, setting]) => {
    const { help }: Setting<unknown> = settings[setting];
    return `  -${name} string\n    \t${help}`;
  });
  return ["Usage of peer-finder:", ...lines].join("\n");
}
