import type { Command } from "commander";
import { commandWith, discovery, type Flags, hooks } from "./options.js";

export function findCommand(
  action: (flags: Flags, watchAddresses: boolean) => Promise<void>,
): Command {
  return commandWith(
    "find",
    "peer-finder: run hooks with the peers on standard input, or print them",
    [...discovery, ...hooks, "log"],
    ["onStart", "onChange"],
  )
    .option("--watch-addresses", "run on-change also where a peer's addresses alone have changed")
    .action(({ watchAddresses, ...flags }: Flags & { watchAddresses?: true }) =>
      action(flags, watchAddresses === true),
    );
}
