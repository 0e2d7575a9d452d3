import type { Command } from "commander";
import { commandWith, type Flags } from "./options.js";

export function drainCommand(action: (flags: Flags) => Promise<void>): Command {
  return commandWith(
    "drain",
    "preStop: takes no new clients, and waits for this member's turn to leave",
    ["drainDelay", "drainTimeout", "podIp", "agentPort"],
  ).action((flags: Flags) => action(flags));
}
