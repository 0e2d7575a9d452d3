import type { ProcessEnd } from "./processes.js";

/** The end of what a program has said: its errors, where it calls them so. */
export function lastWords({ output }: Pick<ProcessEnd, "output">): string {
  const lines = output.trimEnd().split("\n");
  const errors = lines.filter((line) => /\berror\b/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-5).join(" | ");
}
