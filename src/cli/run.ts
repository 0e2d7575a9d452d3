import type { Command } from "commander";
import { commandWith, deciding, discovery, encryption, type Flags, galeraCnf } from "./options.js";

export function runCommand(action: (words: string[], flags: Flags) => Promise<never>): Command {
  return commandWith("run", "the ENTRYPOINT: find the peers, write galera.cnf, become the server", [
    ...discovery,
    ...galeraCnf,
    "failover",
    ...encryption,
    ...deciding,
    "agent",
    "log",
  ])
    .argument(
      "[command...]",
      "the server's command line (default: mariadbd); other commands run untouched",
    )
    .passThroughOptions()
    .action((words: string[], flags: Flags) => action(words, flags));
}
