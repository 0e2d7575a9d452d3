import type { Command } from "commander";

/** Which lab is meant. */
export function withPlace(command: Command, name: string): Command {
  return command
    .option("--name <name>", `which lab; also its namespace (default: ${name})`)
    .option(
      "--dir <dir>",
      "its directory (default: galera-<name>-<uid> in the one for temporary files)",
    );
}

/** Flags, help, default. */
export const networkOption = [
  "--network <kind>",
  "namespaces (for partition; takes root), loopback, or auto: namespaces where they can be had",
  "auto",
] as const;
