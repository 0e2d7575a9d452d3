import { Argument, type Command } from "commander";
import { type Probe, probes } from "../agent/probes.js";
import { commandWith, type Flags } from "./options.js";

export function probeCommand(action: (probe: Probe, flags: Flags) => Promise<void>): Command {
  return commandWith(
    "probe",
    "asks this pod's agent whether all is well: exit 0, or 1 and why not",
    ["podIp", "agentPort"],
  )
    .addArgument(new Argument("<probe>").choices(probes))
    .action((probe: Probe, flags: Flags) => action(probe, flags));
}
