import type { Command } from "commander";
import { commandWith, deciding, discovery, type Flags } from "./options.js";

export function agentCommand(
  action: (words: string[], flags: Flags, parent: string | undefined) => Promise<void>,
): Command {
  return commandWith(
    "agent",
    "the sidecar: answers the other members, keeps the ledger, takes part in who founds",
    [...discovery, ...deciding, "log"],
  )
    .argument("[command...]", "the server's command line (default: mariadbd)")
    .option("--parent <pid>", "end with this process (set by `run`)")
    .passThroughOptions()
    .action((words: string[], { parent, ...flags }: Flags & { parent?: string }) =>
      action(words, flags, parent),
    );
}
