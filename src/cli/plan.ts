import type { Command } from "commander";
import { commandWith, deciding, discovery, encryption, type Flags, galeraCnf } from "./options.js";

export function planCommand(
  action: (words: string[], flags: Flags, json: boolean) => Promise<void>,
): Command {
  return commandWith(
    "plan",
    "the dry run: what `run` would do here and now, and why; changes nothing",
    [...discovery, ...galeraCnf, "failover", ...encryption, ...deciding, "log"],
  )
    .argument("[command...]", "the server's command line (default: mariadbd)")
    .option("--json", "print the plan as JSON")
    .passThroughOptions()
    .action((words: string[], { json, ...flags }: Flags & { json?: true }) =>
      action(words, flags, json === true),
    );
}
