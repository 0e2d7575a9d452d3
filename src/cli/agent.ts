import type { Command } from "commander";
import {
  commandWith,
  deciding,
  discovery,
  encryption,
  type Flags,
  galeraCnf,
  hooks,
} from "./options.js";

export function agentCommand(
  action: (words: string[], flags: Flags, parent: string | undefined) => Promise<void>,
): Command {
  return commandWith(
    "agent",
    "the sidecar: answers members, probes and metrics, follows the peers, takes part in who founds",
    [...discovery, ...galeraCnf, "failover", ...encryption, ...deciding, ...hooks, "log"],
  )
    .argument("[command...]", "the server's command line (default: mariadbd)")
    .option("--parent <pid>", "end with this process (set by `run`)")
    .passThroughOptions()
    .action((words: string[], { parent, ...flags }: Flags & { parent?: string }) =>
      action(words, flags, parent),
    );
}
