import type { Command } from "commander";
import { commandWith, type Flags, galeraCnf } from "./options.js";

export function configureCommand(name: string, action: (flags: Flags) => Promise<void>): Command {
  return commandWith(name, "peers on standard input, one a line, into galera.cnf", [
    ...galeraCnf,
    "bootstrap",
    "service",
    "hostname",
    "podIp",
    "log",
  ]).action(action);
}
