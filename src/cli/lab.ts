import { Command } from "commander";
import type { LabCall, LabOptions, UpFlags, WaitFlags } from "../lab/options.js";
import { experimentCommand } from "./lab-experiment.js";
import { networkOption, withPlace } from "./lab-options.js";
import { configured } from "./options.js";

const examples = `
Example:
  galera-peers lab up --replicas 3
  galera-peers lab sql galera-0 "create database inajob"
  galera-peers lab kill galera-1 --wait
  galera-peers lab delete galera-0 --disk --wait
  galera-peers lab ps
  galera-peers lab down
  galera-peers lab experiment availability`;

/** The definition of `galera-peers lab`. */
export function labCommand(action: (call: LabCall) => Promise<void>): Command {
  const lab = new Command("lab")
    .summary("a real Galera cluster on this machine, in a miniature of Kubernetes")
    .description(
      "A real Galera cluster on this machine: a DNS server that answers as CoreDNS does, a miniature " +
        "StatefulSet, and pods of `galera-peers agent` and `galera-peers run` with real servers.",
    )
    .addHelpText("after", examples);

  const define = (name: string, summary: string, hidden = false) =>
    withPlace(configured(lab.command(name, { hidden })).description(summary), "lab");
  const waiting = (command: Command) =>
    command
      .option("--wait", "until all that it concerns are ready again")
      .option("--timeout <time>", "give up waiting after so long", "2m");

  define("up", "start a lab; returns once all its members are ready")
    .option("--replicas <n>", "how many members", "3")
    .option("--parallel", "start all members at once (podManagementPolicy: Parallel)")
    .option("--dns-lag <time>", "until DNS and the clients' endpoint show a change", "300ms")
    .option("--grace <time>", "from a pod's deletion to SIGKILL", "30s")
    .option(...networkOption)
    .option("--env <NAME=VALUE>", "a variable of all containers, repeatable", collect)
    .option("--timeout <time>", "give up waiting after so long; the lab stays", "5m")
    .argument("[args...]", "further arguments for mariadbd, behind --")
    .action((args: string[], options: LabOptions & UpFlags) =>
      action({ kind: "up", args, ...options }),
    );
  define("ps", "the members, in a table, the clients' endpoint, and DNS")
    .option("--json", "all that is known of them, as JSON")
    .option("-w, --watch", "look again every second, until a signal")
    .action((options: LabOptions & { json?: true; watch?: true }) =>
      action({ kind: "ps", ...options }),
    );
  waiting(define("kill", "a signal to members, at once; they are started again as kubelet would"))
    .option("--signal <name>", "which one", "KILL")
    .option("-c, --container <name>", "mariadb, agent, or all, as when a node fails", "mariadb")
    .argument("<members...>")
    .action((members: string[], options: KillFlags) =>
      action({ kind: "kill", members, ...options }),
    );
  waiting(define("delete", "delete pods: drain, SIGTERM, SIGKILL in the end; created anew"))
    .option("--disk", "wipe their disks in between")
    .option("--grace <time>", "until SIGKILL; 0 for at once (default: the lab's)")
    .argument("<members...>")
    .action((members: string[], options: DeleteFlags) =>
      action({ kind: "delete", members, ...options }),
    );
  waiting(define("disk-loss", "kill members at once, with their disks; created anew on empty ones"))
    .argument("<members...>")
    .action((members: string[], options: Waiting) =>
      action({ kind: "disk-loss", members, ...options }),
    );
  waiting(define("outage", "kill all members at once, as when the power fails")).action(
    (options: Waiting) => action({ kind: "outage", ...options }),
  );
  define("stop", "delete pods, and do not create them anew before `start`")
    .argument("<members...>")
    .action((members: string[], options: LabOptions) =>
      action({ kind: "stop", members, ...options }),
    );
  waiting(define("start", "let the pods come back that `stop` has stopped"))
    .argument("<members...>")
    .action((members: string[], options: Waiting) =>
      action({ kind: "start", members, ...options }),
    );
  define("pause", "let all processes of pods stand still (SIGSTOP)")
    .argument("<members...>")
    .action((members: string[], options: LabOptions) =>
      action({ kind: "pause", members, ...options }),
    );
  waiting(define("resume", "let the processes of paused pods go on (SIGCONT)"))
    .argument("<members...>")
    .action((members: string[], options: Waiting) =>
      action({ kind: "resume", members, ...options }),
    );
  waiting(define("scale", "another number of replicas"))
    .argument("<replicas>")
    .action((replicas: string, options: Waiting) =>
      action({ kind: "scale", replicas, ...options }),
    );
  define("partition", "cut members off from all others; several with commas stay together")
    .option("--node", "from DNS and clients, too, as when their nodes are cut off")
    .option("--heal", "make the network whole again")
    .argument("[sides...]")
    .action((sides: string[], options: LabOptions & { node?: true; heal?: true }) =>
      action({ kind: "partition", sides, ...options }),
    );
  define(
    "dns",
    "have DNS misbehave: lag=2s, delay=1s, drop=0.5, servfail, nxdomain, stale, or none",
  )
    .argument("<faults...>")
    .action((faults: string[], options: LabOptions) => action({ kind: "dns", faults, ...options }));
  define("sql", "become the mariadb client of a member")
    .argument("<member>")
    .argument("[statement]", "what to execute (default: standard input)")
    .argument("[args...]", "further arguments for the client, behind --")
    .action((member: string, statement: string | undefined, args: string[], options: LabOptions) =>
      action({ kind: "sql", member, args, ...(statement && { statement }), ...options }),
    );
  define("logs", "a member's log")
    .option("-c, --container <name>", "mariadb or agent", "mariadb")
    .option("-f, --follow", "go on until a signal")
    .argument("[member]", "which one (default: the controller)")
    .action((member: string | undefined, options: LogsFlags) =>
      action({ kind: "logs", ...(member && { member }), ...options }),
    );
  define("events", "what has happened, each with its time")
    .option("--json", "a line of JSON each")
    .option("-f, --follow", "go on until a signal")
    .action((options: LabOptions & { json?: true; follow?: true }) =>
      action({ kind: "events", ...options }),
    );
  lab.addCommand(experimentCommand(action));
  define("down", "stop all members, the highest ordinal first, and remove the lab").action(
    (options: LabOptions) => action({ kind: "down", ...options }),
  );
  define("serve", "the controller", true)
    .requiredOption("--settings <json>")
    .action((options: LabOptions & { settings: string }) => action({ kind: "serve", ...options }));
  define("reap", "end what is left of a lab whose controller has died", true).action(
    (options: LabOptions) => action({ kind: "reap", ...options }),
  );
  return lab;
}

function collect(one: string, before: readonly string[] = []): readonly string[] {
  return [...before, one];
}

type Waiting = LabOptions & WaitFlags;
type KillFlags = Waiting & { readonly signal: string; readonly container: string };
type DeleteFlags = Waiting & { readonly disk?: true; readonly grace?: string };
type LogsFlags = LabOptions & { readonly container: string; readonly follow?: true };
