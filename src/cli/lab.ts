import { Command } from "commander";
import type { LabCall, LabOptions } from "../lab/options.js";
import { configured } from "./options.js";

const examples = `
Example:
  galera-peers lab up --replicas 3
  galera-peers lab sql galera-0 "create database inajob"
  galera-peers lab kill galera-1 --wait
  galera-peers lab delete galera-0 --disk --wait
  galera-peers lab ps
  galera-peers lab down`;

/** The definition of `galera-peers lab`. */
export function labCommand(action: (call: LabCall) => Promise<void>): Command {
  const lab = new Command("lab")
    .summary("a real Galera cluster on this machine, in a miniature StatefulSet")
    .description(
      "A real Galera cluster on this machine: a DNS server that answers as CoreDNS does, a miniature " +
        "StatefulSet, and members that are `galera-peers run` with real servers on addresses 127.x.",
    )
    .addHelpText("after", examples);

  const define = (name: string, summary: string, hidden = false) =>
    configured(lab.command(name, { hidden }))
      .description(summary)
      .option("--name <name>", "which lab; also its namespace (default: lab)")
      .option(
        "--dir <dir>",
        "its directory (default: galera-<name>-<uid> in the one for temporary files)",
      );
  const waiting = (command: Command) =>
    command
      .option("--wait", "until the member is ready again")
      .option("--timeout <time>", "give up waiting after so long", "2m");

  define("up", "start a lab; returns once all its members are ready")
    .option("--replicas <n>", "how many members", "3")
    .option("--timeout <time>", "give up waiting after so long; the lab stays", "5m")
    .argument("[args...]", "further arguments for mariadbd, behind --")
    .action((args: string[], options: UpFlags) => action({ kind: "up", args, ...options }));
  define("ps", "the members, in a table")
    .option("--json", "all that is known of them, as JSON")
    .action((options: LabOptions & { json?: true }) => action({ kind: "ps", ...options }));
  waiting(define("kill", "a signal to a member's process; it is started again as kubelet would"))
    .option("--signal <name>", "which one", "KILL")
    .argument("<member>")
    .action((member: string, options: KillFlags) => action({ kind: "kill", member, ...options }));
  waiting(define("delete", "stop a member orderly and create it anew"))
    .option("--disk", "wipe its disk in between")
    .argument("<member>")
    .action((member: string, options: DeleteFlags) =>
      action({ kind: "delete", member, ...options }),
    );
  define("sql", "become the mariadb client of a member")
    .argument("<member>")
    .argument("[statement]", "what to execute (default: standard input)")
    .argument("[args...]", "further arguments for the client, behind --")
    .action((member: string, statement: string | undefined, args: string[], options: LabOptions) =>
      action({ kind: "sql", member, args, ...(statement && { statement }), ...options }),
    );
  define("logs", "a member's log")
    .argument("[member]", "which one (default: the controller)")
    .action((member: string | undefined, options: LabOptions) =>
      action({ kind: "logs", ...(member && { member }), ...options }),
    );
  define("down", "stop all members, the highest ordinal first, and remove the lab").action(
    (options: LabOptions) => action({ kind: "down", ...options }),
  );
  define("serve", "the controller", true)
    .requiredOption("--replicas <n>")
    .argument("[args...]")
    .action((args: string[], options: LabOptions & { replicas: string }) =>
      action({ kind: "serve", args, ...options }),
    );
  define("reap", "stop the members of a lab whose controller has died", true).action(
    (options: LabOptions) => action({ kind: "reap", ...options }),
  );
  return lab;
}

type Waiting = LabOptions & { readonly wait?: true; readonly timeout: string };
type UpFlags = LabOptions & { readonly replicas: string; readonly timeout: string };
type KillFlags = Waiting & { readonly signal: string };
type DeleteFlags = Waiting & { readonly disk?: true };
