import type { Command } from "commander";
import { commandWith, encryption, type Flags } from "./options.js";

export interface StatusFlags {
  readonly json?: true;
  readonly watch?: true;
}

export function statusCommand(action: (flags: Flags, how: StatusFlags) => Promise<void>): Command {
  return commandWith(
    "status",
    "all members in a table: DNS, agents, phases, positions, who waits for what",
    ["service", "namespace", "domain", "hostname", "podIp", "dns", "agentPort", ...encryption],
  )
    .option("--json", "all that is known of them, as JSON, on a line")
    .option("--watch", "look again every second, until a signal")
    .action(({ json, watch, ...flags }: Flags & StatusFlags) =>
      action(flags, { ...(json && { json }), ...(watch && { watch }) }),
    );
}
